//! An AWS that plays a scenario file over HTTP: what no emulator can stage, such as a rollback between two polls, an answer that is lost
//! after its work was done, or a second deployer. ECS is simulated, not canned: a scenario says what happens, the operations tell what is.
//!
//! ```no_run
//! let aws = scripted_aws::ScriptedAws::play("superseded-midway");
//! // … a program with AWS_ENDPOINT_URL=aws.endpoint() …
//! assert_eq!(aws.writes(), ["RegisterTaskDefinition", "UpdateService"]);
//! ```
//!
//! The words of a scenario file are documented where they are parsed: `scenario.rs` (the file), `step.rs` (timelines), `fault.rs` (faults).

mod balancers;
mod ecs;
mod failure;
mod fault;
mod given;
mod identity;
mod limit;
mod logs;
mod operation;
mod parameters;
mod patch;
mod query;
mod refusal;
mod registry;
mod rollout;
mod scenario;
mod secrets;
mod stage;
mod step;
mod task;
mod timeline;
mod wire;
mod world;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

pub use crate::scenario::{Scenario, ScenarioError};
use crate::stage::Stage;
use crate::wire::Shared;
pub use crate::world::Happening;

/// The account of every ARN.
pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-west-1";
/// The todo app, which a scenario is about unless it says otherwise.
pub const CLUSTER: &str = "todo";
pub const SERVICE: &str = "todo-api";
/// The image's digest that the service runs (tag `v1` of `todo/api`).
pub const RUNNING_DIGEST: &str =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";
/// An image to deploy (tag `v2`).
pub const NEXT_DIGEST: &str =
    "sha256:2222222222222222222222222222222222222222222222222222222222222222";
pub const RUNNING_IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api@sha256:1111111111111111111111111111111111111111111111111111111111111111";
pub const NEXT_IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api@sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// A play that is on; it ends when this is dropped.
pub struct ScriptedAws {
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Call {
    pub operation: String,
    pub body: Value,
    pub outcome: Outcome,
    /// Since the start of the play.
    pub at: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done and answered.
    Done,
    /// Done, but the caller did not hear of it.
    DoneUnheard,
    /// An error of AWS: its code (for a `RunTask` without capacity: the reason).
    Refused(String),
    /// Neither done nor answered in AWS's words.
    NotDone,
}

impl ScriptedAws {
    /// Plays a scenario of `crates/scripted-aws/scenarios/`. A test helper: a scenario that cannot be played is a panic.
    pub fn play(name: &str) -> Self {
        Self::stage(&Scenario::load(name).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The same, with more faults: `- {on: UpdateService, times: 5, does: throttle}`.
    pub fn play_with(name: &str, faults: &str) -> Self {
        let scenario = Scenario::load(name).and_then(|scenario| scenario.with_faults(faults));
        Self::stage(&scenario.unwrap_or_else(|error| panic!("{error}")))
    }

    /// Plays a scenario on a free port of the loopback.
    pub fn stage(scenario: &Scenario) -> Self {
        Self::stage_at(scenario, 0)
    }

    /// The same on a given port.
    pub fn stage_at(scenario: &Scenario, port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        let endpoint =
            format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let shared = Arc::new(Shared::new(Stage::new(scenario), endpoint));
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(async {
                    tokio::select! {
                        served = wire::serve(listener, shared) => served.expect("the scripted AWS serves"),
                        _ = ended => {}
                    }
                });
                runtime.shutdown_background();
            }
        });
        Self { shared, end: Some(end), thread: Some(thread) }
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// Where the deployed app answers, for what verifies it.
    pub fn app_url(&self) -> String {
        format!("{}/app", self.shared.endpoint)
    }

    /// Every call so far, those that were refused or lost included.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.stage().calls.clone()
    }

    /// How often an operation was called, whatever came of it.
    pub fn count(&self, operation: &str) -> usize {
        self.shared.stage().calls.iter().filter(|call| call.operation == operation).count()
    }

    /// The writing operations that were done, in order, whether or not the caller heard of it.
    pub fn writes(&self) -> Vec<String> {
        let calls = self.calls();
        let done = calls
            .iter()
            .filter(|call| matches!(call.outcome, Outcome::Done | Outcome::DoneUnheard));
        done.filter(|call| operation::writes(&call.operation))
            .map(|call| call.operation.clone())
            .collect()
    }

    /// What timelines have done so far.
    pub fn happened(&self) -> Vec<Happening> {
        let mut stage = self.shared.stage();
        stage.world.advance();
        stage.world.happened.clone()
    }

    /// How long the play has been on: the clock of `Call::at` and `Happening::at`.
    pub fn elapsed(&self) -> Duration {
        self.shared.stage().world.clock.elapsed().saturating_sub(world::BEFORE)
    }

    /// A service as `DescribeServices` answers now. Not a call: nothing counts it.
    pub fn service(&self, cluster: &str, name: &str) -> Value {
        self.ask(
            "DescribeServices",
            &json!({"cluster": cluster, "services": [name], "include": ["TAGS"]}),
        )["services"][0]
            .clone()
    }

    /// A task definition as `DescribeTaskDefinition` answers, its tags inside it.
    pub fn task_definition(&self, name: &str) -> Value {
        let answer = self
            .ask("DescribeTaskDefinition", &json!({"taskDefinition": name, "include": ["TAGS"]}));
        let mut definition = answer["taskDefinition"].clone();
        if !definition.is_null() {
            definition["tags"] = answer["tags"].clone();
        }
        definition
    }

    /// The tasks that `RunTask` has made, as `DescribeTasks` answers now, oldest first. A repeated client token makes no second one.
    pub fn tasks(&self) -> Vec<Value> {
        let mut stage = self.shared.stage();
        stage.world.advance();
        let world = &stage.world;
        let run = world.tasks.iter().filter(|task| !task.group.starts_with("service:"));
        run.map(|task| ecs::task(world, task)).collect()
    }

    /// Waits until an operation has been called so often; false when that took too long.
    pub fn wait_for(&self, operation: &str, times: usize, at_most: Duration) -> bool {
        let called = |stage: &mut Stage| {
            stage.calls.iter().filter(|call| call.operation == operation).count() < times
        };
        let waited = self.shared.called.wait_timeout_while(self.shared.stage(), at_most, called);
        waited.is_ok_and(|(_, waited)| !waited.timed_out())
    }

    /// Waits until there are more calls than `seen`, or for so long.
    pub fn wait_for_more(&self, seen: usize, at_most: Duration) {
        let _ = self
            .shared
            .called
            .wait_timeout_while(self.shared.stage(), at_most, |stage| stage.calls.len() <= seen);
    }

    fn ask(&self, operation: &str, body: &Value) -> Value {
        let mut stage = self.shared.stage();
        stage.world.advance();
        ecs::call(&mut stage.world, operation, body).unwrap_or_default()
    }
}

impl Drop for ScriptedAws {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
