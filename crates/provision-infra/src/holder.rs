//! Who holds the state's lock, as Terraform's own lock does not say: which workflow run, doing what. It stands beside the
//! state as `<key>.holder.json` for as long as the lock is held.
//!
//! Its text names the lock's id: a story that a killed run left behind is never told of somebody else's lock.

use std::{fs, path::Path, time::Duration};

use actions_runtime::Step;
use aws_sdk_s3::{Client, config::Region, primitives::ByteStream};
use aws_session::Session;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::Notify, time::timeout};

use crate::inputs::Inputs;

/// The story must not hold anybody up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The text of the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Story {
    pub(crate) lock_id: String,
    pub(crate) command: String,
    pub(crate) since: String,
    /// `None` outside of a job.
    pub(crate) run: Option<Run>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) repository: String,
    pub(crate) id: String,
    pub(crate) attempt: String,
    pub(crate) url: String,
    pub(crate) actor: String,
}

/// Where the state is, and with it lock and story.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    bucket: String,
    key: String,
    region: Option<String>,
}

impl State {
    /// From what `init` noted of the backend; `None` where that is not S3.
    pub(crate) fn of(data_folder: &Path, workspace: &str) -> Option<Self> {
        let noted = fs::read(data_folder.join("terraform.tfstate")).ok()?;
        let noted: Value = serde_json::from_slice(&noted).ok()?;
        let backend = noted.get("backend")?;
        let text = |name: &str| {
            let value = backend.get("config")?.get(name)?.as_str()?;
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        if backend.get("type")?.as_str()? != "s3" {
            return None;
        }
        // Terraform: `internal/backend/remote-state/s3/backend_state.go`, `path`.
        let prefix = text("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned());
        let key = text("key")?;
        let key = if workspace == "default" { key } else { format!("{prefix}/{workspace}/{key}") };
        Some(Self { bucket: text("bucket")?, key, region: text("region") })
    }
}

/// The objects beside one state.
pub(crate) struct Holder {
    client: Client,
    state: State,
}

impl Holder {
    pub(crate) fn new(session: &Session, state: State) -> Self {
        let mut config = aws_sdk_s3::config::Builder::from(session.config())
            // An emulator's host has no name for each bucket.
            .force_path_style(session.endpoint_overridden("S3"));
        if let Some(region) = &state.region {
            config = config.region(Region::new(region.clone()));
        }
        Self { client: Client::from_conf(config.build()), state }
    }

    /// The story of the lock with this id.
    pub(crate) async fn story(&self, lock_id: &str) -> Option<Story> {
        let story: Story = serde_json::from_value(self.read(".holder.json").await?).ok()?;
        (story.lock_id == lock_id).then_some(story)
    }

    /// Runs a command of Terraform that locks the state, and keeps the story beside the lock. `locked` says that the lock is
    /// held by then.
    pub(crate) async fn accompany<T>(
        &self,
        step: &Step,
        inputs: &Inputs,
        locked: &Notify,
        command: impl Future<Output = T>,
    ) -> T {
        let mut command = std::pin::pin!(command);
        tokio::select! {
            biased;
            ended = &mut command => return ended,
            () = locked.notified() => {}
        }
        let (told, ended) = tokio::join!(timeout(PATIENCE, self.tell(step, inputs)), command);
        let told = match told {
            Ok(Ok(Some(lock_id))) => {
                timeout(PATIENCE, self.take_away(&lock_id)).await.unwrap_or(Ok(()))
            }
            Ok(Ok(None)) => Ok(()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err("S3 did not answer".to_owned()),
        };
        if let Err(problem) = told {
            step.say(format!("who holds the lock is not noted beside it: {problem}"));
        }
        ended
    }

    /// Returns the id of the lock whose story it told.
    async fn tell(&self, step: &Step, inputs: &Inputs) -> Result<Option<String>, String> {
        let lock = self.read(".tflock").await;
        let id = lock.as_ref().and_then(|lock| lock.get("ID")?.as_str());
        // A command that is over already has given it back.
        let Some(id) = id else { return Ok(None) };
        let story = Story {
            lock_id: id.to_owned(),
            command: format!("{:?}", inputs.command).to_lowercase(),
            since: jiff::Timestamp::now().to_string(),
            run: step.job().map(|job| Run {
                repository: job.repository.clone(),
                id: job.run_id.clone(),
                attempt: job.run_attempt.clone(),
                url: job.run_url(),
                actor: job.actor.clone(),
            }),
        };
        let text = serde_json::to_vec_pretty(&story).map_err(|error| error.to_string())?;
        let put = self.client.put_object().bucket(&self.state.bucket).key(self.key(".holder.json"));
        let put = put.content_type("application/json").body(ByteStream::from(text)).send().await;
        put.map(|_| Some(story.lock_id)).map_err(|error| problem(&error))
    }

    /// Takes away the story of the lock with this id.
    pub(crate) async fn take_away(&self, lock_id: &str) -> Result<(), String> {
        // The next run may hold the lock by now, and have told its own.
        if self.story(lock_id).await.is_none() {
            return Ok(());
        }
        let key = self.key(".holder.json");
        let delete = self.client.delete_object().bucket(&self.state.bucket).key(key).send().await;
        delete.map(|_| ()).map_err(|error| problem(&error))
    }

    async fn read(&self, suffix: &str) -> Option<Value> {
        let get = self.client.get_object().bucket(&self.state.bucket).key(self.key(suffix));
        let body = get.send().await.ok()?.body.collect().await.ok()?;
        serde_json::from_slice(&body.into_bytes()).ok()
    }

    fn key(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.state.key)
    }
}

fn problem(
    error: &(impl std::error::Error + aws_smithy_types::error::metadata::ProvideErrorMetadata),
) -> String {
    error.code().map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_s_state_has_a_key_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let note = |config: Value| {
            let noted = serde_json::json!({"backend": {"type": "s3", "config": config}});
            fs::write(folder.path().join("terraform.tfstate"), noted.to_string()).unwrap();
        };
        note(serde_json::json!({"bucket": "b", "key": "dev.tfstate", "region": null}));
        let state = |workspace: &str| State::of(folder.path(), workspace).unwrap().key;
        assert_eq!(state("default"), "dev.tfstate");
        assert_eq!(state("blue"), "env:/blue/dev.tfstate");
        note(serde_json::json!({"bucket": "b", "key": "k", "workspace_key_prefix": "w"}));
        assert_eq!(state("blue"), "w/blue/k");
        fs::write(folder.path().join("terraform.tfstate"), "{\"backend\":{\"type\":\"local\"}}")
            .unwrap();
        assert_eq!(State::of(folder.path(), "default"), None);
    }
}
