//! What the judge is given, and what it gives.

use std::collections::BTreeSet;

use crate::service::{Service, Settings};

/// What is known of the deployment when the watch begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ours {
    pub(crate) id: String,
    /// The ARN of its task definition.
    pub(crate) definition: String,
    /// The ARN that a rollback goes back to.
    pub(crate) previous: Option<String>,
    /// The deployments that were there before it.
    pub(crate) before: BTreeSet<String>,
    /// Events that were there before it.
    pub(crate) old_events: BTreeSet<String>,
    pub(crate) settings: Settings,
    pub(crate) max_failed_tasks: usize,
    /// The deployment was there and COMPLETED already: only its number of tasks changes.
    pub(crate) must_fill: bool,
}

/// One look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// Seconds since the watch began.
    pub(crate) at: f64,
    pub(crate) service: Service,
    /// What ECS records of our service deployment, where it was asked and may be read.
    pub(crate) record: Option<Record>,
}

/// A service deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) rollback_reason: Option<String>,
    pub(crate) alarms: Vec<String>,
    pub(crate) hooks: Vec<Hook>,
}

/// A lifecycle hook of the stage that a deployment is in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hook {
    /// `PAUSE`, or a function's name.
    pub(crate) name: String,
    pub(crate) status: String,
    /// How somebody lets the deployment go on, and what happens otherwise.
    pub(crate) way_on: String,
}

/// What is worth a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Tasks {
        running: i32,
        pending: i32,
        desired: i32,
        failed: i32,
    },
    /// Tasks of older deployments that still run; whether some have gone since the last look.
    Draining {
        running: i32,
        going: bool,
    },
    Stage(String),
    /// A hook that a stage waits for, or that failed.
    Hook(String),
    /// ECS's own words.
    Ecs(String),
    Failed(String),
    RollingBack {
        to: String,
        by_us: bool,
    },
    /// A state that this program does not know.
    Unknown(String),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Deployed {
        without_tasks: bool,
    },
    /// It failed, and nobody takes it back so far.
    Failed {
        reason: String,
    },
    /// The deployment was undone: `to` is live.
    RolledBack {
        to: String,
    },
    /// Even that failed.
    RollbackFailed {
        reason: String,
    },
    Superseded {
        by: String,
        definition: String,
    },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Opinion {
    pub(crate) events: Vec<Event>,
    pub(crate) end: Option<End>,
    /// The end may be a second away.
    pub(crate) near: bool,
    /// Tasks of ours may have stopped: list them before the next look.
    pub(crate) look_at_tasks: bool,
    /// Only the service deployment can tell.
    pub(crate) look_at_record: bool,
}
