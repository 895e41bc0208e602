//! Driving the real `docker`: what builder there is, one command at a time, its end.

mod engine;
pub(crate) mod login;

use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};

use actions_runtime::Step;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::OnceCell,
    time::timeout,
};

use crate::{error::Error, reference::Platform};
use login::Login;

/// How long docker may take to tidy up after the signal that ends it.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a question to docker or to a foreign registry may take.
const QUESTION: Duration = Duration::from_secs(20);

/// What builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Builder {
    pub(crate) kind: Kind,
    /// The platforms that it can build for, its own first. Empty where it does not say.
    pub(crate) platforms: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// buildx, with the name of its driver.
    Buildx { driver: String },
    /// The engine's first builder: all there is where buildx is missing.
    Classic,
}

impl Builder {
    pub(crate) fn is_buildx(&self) -> bool {
        matches!(self.kind, Kind::Buildx { .. })
    }

    /// Whether the engine itself builds: it has one platform, and keeps what it built.
    pub(crate) fn is_engine(&self) -> bool {
        match &self.kind {
            Kind::Buildx { driver } => driver == "docker",
            Kind::Classic => true,
        }
    }

    pub(crate) fn name(&self) -> String {
        match &self.kind {
            Kind::Buildx { driver } => format!("buildx ({driver} driver)"),
            Kind::Classic => "the classic builder".to_owned(),
        }
    }
}

/// The docker of this run, with its own settings.
pub(crate) struct Docker {
    step: Step,
    pub(crate) login: Login,
    builder: OnceCell<Builder>,
}

/// How a command ended that was not cancelled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// With what it said of the cause.
    Badly(String),
    Cancelled,
}

impl Docker {
    pub(crate) fn new(step: &Step) -> Result<Self, Error> {
        let login = Login::prepare(step)?;
        Ok(Self { step: step.clone(), login, builder: OnceCell::new() })
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(arguments)
            .envs(self.login.environment(&self.step))
            // What docker has no business to see.
            .env_remove("INPUT_SECRETS")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            // A group of its own: a terminal's Ctrl-C reaches us alone, and what we end is docker and its plugins.
            .process_group(0);
        command
    }

    /// The standard output of a quick question, or what docker says instead.
    async fn ask(&self, arguments: &[&str]) -> Result<Result<String, String>, Error> {
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        let asked = timeout(QUESTION, self.command(&arguments).output()).await;
        let Ok(output) = asked else {
            return Ok(Err(format!("no answer within {} s", QUESTION.as_secs())));
        };
        let output = output.map_err(Error::NoDocker)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok(if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr).lines().last().unwrap_or_default().to_owned())
        })
    }

    /// What can build here. Asked for by what needs it, and then once: an image that exists needs no builder.
    pub(crate) async fn builder(&self) -> Result<&Builder, Error> {
        self.builder.get_or_try_init(|| self.look_for_builder()).await
    }

    /// The builder, where something has asked for it.
    pub(crate) fn known_builder(&self) -> Option<&Builder> {
        self.builder.get()
    }

    /// The platform that is built when none is asked for.
    pub(crate) async fn own_platform(&self) -> Option<Platform> {
        // Where no builder was chosen it is the engine that builds.
        if let Some(socket) = self.login.own_engine(&self.step)
            && let Some(platform) = engine::platform(&socket).await
        {
            return Some(platform);
        }
        self.builder().await.ok()?.platforms.first()?.parse().ok()
    }

    async fn look_for_builder(&self) -> Result<Builder, Error> {
        let (buildx, inspected, engine) = futures_util::join!(
            self.ask(&["buildx", "version"]),
            self.ask(&["buildx", "inspect"]),
            self.ask(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]),
        );
        let engine = engine?;
        let own = engine.clone().ok().into_iter();
        let builder = match (buildx?, inspected?) {
            (Ok(_version), Ok(told)) => {
                let driver = member(&told, "Driver:").filter(|driver| !driver.is_empty());
                // Without a name the builder is the engine's own, and there is no engine.
                let driver = driver.unwrap_or("docker").to_owned();
                let mut platforms = platforms(&told);
                if platforms.is_empty() {
                    platforms.extend(own);
                }
                Builder { kind: Kind::Buildx { driver }, platforms }
            }
            (Ok(_version), Err(said)) => return Err(Error::NoEngine(said)),
            (Err(_missing), _) => Builder { kind: Kind::Classic, platforms: own.collect() },
        };
        match engine {
            Err(said) if builder.is_engine() => Err(Error::NoEngine(said)),
            _ => Ok(builder),
        }
    }

    /// Whether the engine keeps images as registries do: then it can build for several platforms by itself.
    pub(crate) async fn has_containerd_store(&self) -> bool {
        let question = ["info", "--format", "{{json .DriverStatus}}"];
        matches!(self.ask(&question).await, Ok(Ok(told)) if told.contains("io.containerd.snapshotter"))
    }

    /// The digest that `image` has in its registry now, where docker can find out.
    pub(crate) async fn digest_of(&self, image: &str) -> Option<String> {
        if !self.builder().await.ok()?.is_buildx() {
            // `docker manifest inspect` tells the digests of an index's members and not its own.
            return None;
        }
        let question = ["buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", image];
        let answer = self.ask(&question).await.ok()?.ok()?;
        let manifest: serde_json::Value = serde_json::from_str(&answer).ok()?;
        Some(manifest.get("digest")?.as_str()?.to_owned())
    }

    /// Whether this buildx has to be told to copy an image as it is.
    pub(crate) async fn knows_prefer_index(&self) -> bool {
        let help = self.ask(&["buildx", "imagetools", "create", "--help"]).await;
        matches!(help, Ok(Ok(told)) if told.contains("--prefer-index"))
    }

    /// The platform of an image that is no index: as its registry has it, or for lack of buildx the engine.
    pub(crate) async fn platform_of(&self, pinned: &str, local: &str) -> Option<String> {
        if self.builder().await.ok()?.is_buildx() {
            let question =
                ["buildx", "imagetools", "inspect", "--format", "{{json .Image}}", pinned];
            let answer = self.ask(&question).await.ok()?.ok()?;
            return crate::fit::of_configuration(&serde_json::from_str(&answer).ok()?);
        }
        let format =
            r#"{"os":"{{.Os}}","architecture":"{{.Architecture}}","variant":"{{.Variant}}"}"#;
        let answer = self.ask(&["image", "inspect", "--format", format, local]).await.ok()?.ok()?;
        crate::fit::of_configuration(&serde_json::from_str(&answer).ok()?)
    }

    /// The digest that the engine noted when it pushed `reference`.
    pub(crate) async fn pushed_digest(&self, reference: &str) -> Option<String> {
        let question = ["image", "inspect", "--format", "{{json .RepoDigests}}", reference];
        let answer = self.ask(&question).await.ok()?.ok()?;
        let digests: Vec<String> = serde_json::from_str(&answer).ok()?;
        let repository = reference.rsplit_once(':')?.0;
        let digest = digests.iter().find_map(|digest| digest.strip_prefix(repository))?;
        Some(digest.strip_prefix('@')?.to_owned())
    }

    /// Runs one command, passing on what it says. `environment` comes on top of docker's own.
    pub(crate) async fn run(
        &self,
        arguments: &[OsString],
        environment: &[(&str, String)],
    ) -> Result<Ended, Error> {
        let mut command = self.command(arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::NoDocker)?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let speaking = async {
            let (_, cause) = futures_util::join!(self.pass_on(out), self.pass_on(err));
            cause
        };
        let ending = async {
            let (status, cause) = futures_util::join!(child.wait(), speaking);
            (status, cause)
        };
        tokio::select! {
            (status, cause) = ending => {
                let status = status.map_err(Error::NoDocker)?;
                return Ok(if status.success() {
                    Ended::Well
                } else {
                    Ended::Badly(cause.unwrap_or_else(|| status.to_string()))
                });
            }
            () = self.step.cancelled().cancelled() => {}
        }
        end(&mut child).await;
        Ok(Ended::Cancelled)
    }

    /// Shows what comes through `pipe`, and returns the line that names a failure's cause best: the last `ERROR`, which
    /// both builders end with, else the last line of all.
    async fn pass_on(&self, pipe: Option<impl AsyncRead + Unpin>) -> Option<String> {
        let mut lines = BufReader::new(pipe?).split(b'\n');
        let (mut error, mut last) = (None, None);
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line);
            // A progress bar redraws its line: what stands at its end is what a terminal would show.
            let line = line.trim_end().rsplit('\r').next().unwrap_or_default();
            self.step.foreign(if line.is_empty() { " " } else { line });
            if let Some(cause) = line.strip_prefix("ERROR: ") {
                error = Some(cause.to_owned());
            }
            if !line.trim().is_empty() {
                last = Some(line.trim().to_owned());
            }
        }
        error.or(last)
    }
}

/// Asks docker and its plugins to end, and ends them when they do not.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let signal = |signal| {
        if let Some(group) = group {
            let _already_gone = kill_process_group(group, signal);
        }
    };
    signal(Signal::INT);
    if timeout(PATIENCE, child.wait()).await.is_err() {
        signal(Signal::KILL);
        let _gone = child.wait().await;
    }
}

/// `Name:   value` in what `docker buildx inspect` prints for people; it has no other form.
fn member<'a>(told: &'a str, name: &str) -> Option<&'a str> {
    told.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim)
}

/// The platforms of all nodes, the first node's own first.
fn platforms(told: &str) -> Vec<String> {
    let lines = told.lines().filter_map(|line| line.trim().strip_prefix("Platforms:"));
    let mut platforms: Vec<String> = Vec::new();
    for platform in lines.flat_map(|line| line.split(',')) {
        // One that was configured has a star, and a processor's levels may be counted: `linux/amd64 (+3)`.
        let name = platform.split_whitespace().next().unwrap_or_default().trim_end_matches('*');
        if !name.is_empty() && !platforms.iter().any(|known| known == name) {
            platforms.push(name.to_owned());
        }
    }
    platforms
}

/// `--name value`, without a shell in between.
pub(crate) fn option(name: &str, value: impl AsRef<Path>) -> [OsString; 2] {
    [OsString::from(name), value.as_ref().as_os_str().to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_and_its_platforms_are_read() {
        let told = "Name:   default\nDriver: docker\n\nNodes:\nName: default\nPlatforms: linux/amd64, linux/386\n";
        assert_eq!(member(told, "Driver:"), Some("docker"));
        assert_eq!(platforms(told), ["linux/amd64", "linux/386"]);
        let nodes =
            "Platforms: linux/amd64* (+3), linux/386\n\nPlatforms: linux/arm64, linux/386\n";
        assert_eq!(platforms(nodes), ["linux/amd64", "linux/386", "linux/arm64"]);
        assert_eq!(member(told, "Endpoint:"), None);
    }
}
