//! A scenario file: what is there when the play begins, what happens to what is made during it, and what goes wrong on the way.
//!
//! Every part but `about` may be left out: what is left out is the todo app, and goes well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::fault::{Delay, Fault};
use crate::limit::Limit;
use crate::step::Steps;

/// What a scenario file holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// What is staged, and why.
    pub about: String,
    #[serde(default)]
    pub(crate) given: Given,
    /// The first timeline is played by the first deployment made during the play, whoever makes it, and so on.
    /// A deployment without a timeline succeeds: tasks start, run, the old ones drain, a look apart.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) deployments: Vec<Steps>,
    /// Played by a deployment that ECS brings back. Without it: it succeeds after two looks.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) rollback: Option<Steps>,
    /// The first timeline is played by the first task that `RunTask` makes, and so on. A task without one runs and exits with 0.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) tasks: Vec<Steps>,
    /// What happens from the start of the play, to the first service.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) meanwhile: Steps,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    /// AWS's own limits on how often operations may be called: what is beyond them is throttled.
    #[serde(default)]
    pub(crate) limits: Vec<Limit>,
    /// What the deployed app answers at `ScriptedAws::app_url()`, an answer a request; the last one for ever.
    /// Without it: 200, with the image that the service runs.
    #[serde(default)]
    pub(crate) app: Vec<AppAnswer>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct AppAnswer {
    /// So many requests are answered like this.
    #[serde(default = "AppAnswer::times")]
    pub(crate) times: u32,
    #[serde(default = "AppAnswer::status")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Text as it is; anything else as JSON.
    #[serde(default)]
    pub(crate) body: Value,
    #[serde(default)]
    pub(crate) delay: Option<Delay>,
}

impl AppAnswer {
    const fn times() -> u32 {
        1
    }
    const fn status() -> u16 {
        200
    }
}

/// What is there when the play begins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Given {
    /// Clusters beside those of the services.
    #[serde(default)]
    pub(crate) clusters: Vec<String>,
    #[serde(default)]
    pub(crate) services: BTreeMap<String, GivenService>,
    /// Task definitions by family: the first is revision 41. Each is laid over the todo app's, so that only differences are written.
    #[serde(default)]
    pub(crate) families: BTreeMap<String, Vec<Value>>,
    /// ECR: repository to tag to image.
    #[serde(default)]
    pub(crate) images: BTreeMap<String, BTreeMap<String, GivenImage>>,
    /// Secrets Manager: name to stages beside AWSCURRENT.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, GivenSecret>,
    /// SSM parameters, by name.
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
    /// IAM roles, and the service that each trusts; the two of the todo app, which trust ECS, when left out.
    #[serde(default)]
    pub(crate) roles: Option<BTreeMap<String, String>>,
    /// Target groups: `{interval, timeout, healthy-threshold, deregistration-delay, health: {State, Reason, Description}}`, each with
    /// AWS's own default when left out; `todo-api`, whose targets are healthy, is always there.
    #[serde(default)]
    pub(crate) target_groups: BTreeMap<String, Value>,
    /// Log groups; `/ecs/todo-api` when left out.
    #[serde(default)]
    pub(crate) log_groups: Option<Vec<String>>,
    /// Tasks of `RunTask` that already run.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) tasks: Vec<GivenTask>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GivenService {
    #[serde(default = "GivenService::cluster")]
    pub(crate) cluster: String,
    /// `family:revision`; the family's newest when left out. The family is the service's name, else `todo-api`.
    #[serde(default)]
    pub(crate) runs: Option<String>,
    #[serde(default = "GivenService::desired")]
    pub(crate) desired: u32,
    /// Tasks that run, where that is not the desired count.
    #[serde(default)]
    pub(crate) running: Option<u32>,
    #[serde(default)]
    pub(crate) breaker: Breaker,
    /// ECS rolls back to a deployment with a new id instead of the one it had.
    #[serde(default)]
    pub(crate) rollback_gets_new_id: bool,
    /// How the deployment stands that it has.
    #[serde(default)]
    pub(crate) rollout: Rollout,
    /// Somebody had just updated the service to its newest revision, from the one before: the steps still to come.
    #[serde(default, with = "serde_norway::with::singleton_map_recursive")]
    pub(crate) under_way: Option<Steps>,
    /// AWS's own members, over the usual ones.
    #[serde(default)]
    pub(crate) set: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Breaker {
    Off,
    /// The deployment fails and stays where it is.
    On,
    /// The deployment fails and the last completed one is brought back.
    #[default]
    Rollback,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rollout {
    InProgress,
    #[default]
    Completed,
    Failed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GivenImage {
    pub(crate) digest: String,
    /// CPU architectures, as an OCI index names them (`amd64`, `arm64`). More than one makes an index.
    #[serde(default = "GivenImage::architectures")]
    pub(crate) architectures: Vec<String>,
    /// What `DescribeImageScanFindings` answers, a look each, the last one for ever: AWS's members; `null` where there is no scan yet.
    #[serde(default)]
    pub(crate) scans: Vec<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GivenSecret {
    #[serde(default)]
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) stages: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GivenTask {
    pub(crate) family: String,
    #[serde(default)]
    pub(crate) started_by: Option<String>,
    /// What becomes of it.
    #[serde(default)]
    pub(crate) steps: Steps,
}

impl GivenService {
    fn cluster() -> String {
        crate::CLUSTER.into()
    }
    fn desired() -> u32 {
        2
    }
}

impl GivenImage {
    pub(crate) fn architectures() -> Vec<String> {
        vec!["amd64".into()]
    }
}

/// A scenario that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no scenario `{name}`{}", nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown { name: String, nearest: Option<String> },
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{place}{}", told(source))]
    Invalid { place: String, source: serde_norway::Error },
    #[error("{place}: {problem}")]
    Inconsistent { place: String, problem: String },
}

impl Scenario {
    /// A scenario of `crates/scripted-aws/scenarios/`, or a file's path.
    pub fn load(name: &str) -> Result<Self, ScenarioError> {
        let path = Self::path(name);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ScenarioError::Unknown { name: name.into(), nearest: nearest(name) });
            }
            Err(source) => return Err(ScenarioError::Unreadable { path, source }),
        };
        Self::parse(&path.display().to_string(), &text)
    }

    /// `place` is what errors call the text.
    pub fn parse(place: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = serde_norway::from_str(text)
            .map_err(|source| ScenarioError::Invalid { place: place.into(), source })?;
        match scenario.problem() {
            Some(problem) => Err(ScenarioError::Inconsistent { place: place.into(), problem }),
            None => Ok(scenario),
        }
    }

    /// What reads well and cannot be played.
    fn problem(&self) -> Option<String> {
        let tasks = self.tasks.iter().chain(self.given.tasks.iter().map(|task| &task.steps));
        if let Some(step) = tasks.flatten().find(|step| !step.fits_a_task()) {
            return Some(format!("a step about a service in a task's timeline: {step:?}"));
        }
        let revision = |name: &str| {
            let (family, revision) = name.split_once(':')?;
            let count = self.given.families.get(family).map_or(1, Vec::len);
            let count = u32::try_from(count).ok()?;
            revision.parse().ok().filter(|revision| (41..41 + count).contains(revision))
        };
        let mut runs = self.given.services.values().filter_map(|service| service.runs.as_deref());
        let missing = runs.find(|runs| revision(runs).is_none())?;
        Some(format!("`runs: {missing}`: there is no such revision among `families`"))
    }

    /// These faults first, then the scenario's own. The YAML is a list as a scenario's `faults`.
    pub fn with_faults(mut self, yaml: &str) -> Result<Self, ScenarioError> {
        let mut faults: Vec<Fault> = serde_norway::from_str(yaml)
            .map_err(|source| ScenarioError::Invalid { place: "faults".into(), source })?;
        faults.append(&mut self.faults);
        self.faults = faults;
        Ok(self)
    }

    /// The names that `load` knows.
    pub fn names() -> Vec<String> {
        let files = std::fs::read_dir(directory()).into_iter().flatten().flatten();
        let mut names: Vec<String> = files
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".yaml")?.to_owned()))
            .collect();
        names.sort();
        names
    }

    fn path(name: &str) -> PathBuf {
        let file = Path::new(name);
        if file.extension().is_some_and(|extension| extension == "yaml") {
            file.into()
        } else {
            directory().join(format!("{name}.yaml"))
        }
    }
}

/// `:4:5: …`, as editors jump to it; the parser's own words end with the same place, in prose.
fn told(error: &serde_norway::Error) -> String {
    let text = error.to_string();
    match error.location() {
        Some(at) => {
            let text = text.split(" at line ").next().unwrap_or(&text);
            format!(":{}:{}: {text}", at.line(), at.column())
        }
        None => format!(": {text}"),
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn nearest(name: &str) -> Option<String> {
    let names = Scenario::names().into_iter();
    names
        .map(|known| (strsim::jaro_winkler(name, &known), known))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Scenario::parse("some.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn every_scenario_file_can_be_played() {
        let names = Scenario::names();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            let scenario = Scenario::load(&name).unwrap_or_else(|error| panic!("{error}"));
            assert!(scenario.about.len() > 40, "{name}: `about` says what is staged, and why");
        }
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let said = fault("about: x\ngiven:\n  clusters: []\n  klusters: []\n");
        assert!(
            said.starts_with("some.yaml:4:") && said.contains("unknown field `klusters`"),
            "{said}"
        );
        let said = fault("about: x\ndeployments:\n  - - start: 1\n    - jump: 2\n");
        assert!(
            said.starts_with("some.yaml:4:") && said.contains("unknown variant `jump`"),
            "{said}"
        );
        let said = fault("about: x\ntasks:\n  - - wait: soon\n");
        assert!(said.starts_with("some.yaml:3:") && said.contains("expected `200ms`"), "{said}");
        let said = fault("about: x\ntasks:\n  - - exit: {kode: 7}\n");
        assert!(
            said.starts_with("some.yaml:3:") && said.contains("unknown field `kode`"),
            "{said}"
        );
        let said = fault("about: x\nfaults:\n  - {on: RunTask, does: explode}\n");
        assert!(
            said.starts_with("some.yaml:3:") && said.contains("unknown variant `explode`"),
            "{said}"
        );
    }

    #[test]
    fn a_typing_error_in_an_operation_is_told() {
        let said = fault("about: x\nfaults:\n  - {on: UpdateServce, does: throttle}\n");
        assert!(said.contains("did you mean `UpdateService`?"), "{said}");
        let said = fault("about: x\ntasks:\n  - - wait: StopTaks\n");
        assert!(said.contains("did you mean `StopTask`?"), "{said}");
    }

    #[test]
    fn what_cannot_be_played_is_told() {
        let said = fault("about: x\ntasks:\n  - - drain: 2\n");
        assert_eq!(said, "some.yaml: a step about a service in a task's timeline: Drain(2)");
        let said = fault("about: x\ngiven:\n  services:\n    a: {runs: \"todo-api:42\"}\n");
        assert!(said.contains("there is no such revision"), "{said}");
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest() {
        let said = Scenario::load("deploied").unwrap_err().to_string();
        assert_eq!(said, "there is no scenario `deploied`; did you mean `deployed`?");
    }
}
