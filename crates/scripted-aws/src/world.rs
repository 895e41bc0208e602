//! What AWS knows at one moment: the state that operations read and change, and that timelines move on.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::scenario::{Breaker, Scenario};
use crate::step::Steps;
use crate::timeline::Timeline;
use crate::{ACCOUNT, REGION};

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) clusters: Vec<String>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) services: Vec<Service>,
    pub(crate) tasks: Vec<Task>,
    /// Group to stream to lines.
    pub(crate) logs: BTreeMap<String, BTreeMap<String, Vec<Line>>>,
    /// Repository to images.
    pub(crate) images: BTreeMap<String, Vec<Image>>,
    pub(crate) secrets: BTreeMap<String, Secret>,
    /// Names of SSM parameters.
    pub(crate) parameters: Vec<String>,
    /// Role to the service that may assume it.
    pub(crate) roles: BTreeMap<String, String>,
    /// As `given` has them.
    pub(crate) target_groups: BTreeMap<String, Value>,
    pub(crate) timelines: Vec<Timeline>,
    /// Timelines that deployments and tasks to come will play.
    pub(crate) deployments_to_come: VecDeque<Steps>,
    pub(crate) tasks_to_come: VecDeque<Steps>,
    pub(crate) rollback: Option<Steps>,
    pub(crate) happened: Vec<Happening>,
    made: u64,
}

/// Something that a timeline did.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Since the start of the play.
    pub at: Duration,
    pub what: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    epoch: Duration,
    /// The moment that is being played; timelines set it to when they were due.
    pub(crate) now: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) revision: u32,
    pub(crate) active: bool,
    /// As registered, members that nobody knows included.
    pub(crate) json: Value,
    pub(crate) tags: Value,
    pub(crate) registered: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) cluster: String,
    /// AWS's members that no deployment changes, as `UpdateService` leaves them.
    pub(crate) settings: Value,
    pub(crate) desired: u32,
    pub(crate) breaker: Breaker,
    pub(crate) rollback_gets_new_id: bool,
    /// Newest first: the first is PRIMARY.
    pub(crate) deployments: Vec<Deployment>,
    /// Newest first.
    pub(crate) records: Vec<ServiceDeployment>,
    pub(crate) revisions: Vec<ServiceRevision>,
    /// Newest first.
    pub(crate) events: Vec<Event>,
    pub(crate) overlay: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) definition: String,
    pub(crate) revision_arn: String,
    /// ARN of its service deployment.
    pub(crate) record: String,
    pub(crate) rollout: &'static str,
    pub(crate) reason: String,
    pub(crate) failed: u32,
    /// Was COMPLETED once: what ECS rolls back to.
    pub(crate) completed: bool,
    /// ECS brings it back; this service deployment is being undone by it.
    pub(crate) undoes: Option<String>,
    pub(crate) created: Duration,
    pub(crate) updated: Duration,
    pub(crate) overlay: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    pub(crate) source: Option<String>,
    pub(crate) target: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) breaker: &'static str,
    pub(crate) failures: u32,
    pub(crate) rollback: Option<RollbackNote>,
    pub(crate) created: Duration,
    pub(crate) updated: Duration,
    pub(crate) finished: Option<Duration>,
    pub(crate) overlay: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct RollbackNote {
    pub(crate) reason: String,
    pub(crate) to: String,
    pub(crate) at: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceRevision {
    pub(crate) arn: String,
    pub(crate) definition: String,
    pub(crate) created: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Duration,
    pub(crate) message: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) arn: String,
    pub(crate) id: String,
    pub(crate) cluster: String,
    pub(crate) group: String,
    /// The deployment's id for a service's task.
    pub(crate) started_by: Option<String>,
    pub(crate) definition: String,
    pub(crate) status: &'static str,
    pub(crate) desired_status: &'static str,
    pub(crate) stop_code: Option<String>,
    pub(crate) stopped_reason: Option<String>,
    pub(crate) containers: Vec<Container>,
    pub(crate) created: Duration,
    pub(crate) started: Option<Duration>,
    pub(crate) stopped: Option<Duration>,
    /// Of the `RunTask` that made it.
    pub(crate) client_token: Option<String>,
    /// Members of `RunTask` that `DescribeTasks` gives back.
    pub(crate) members: Value,
    pub(crate) on_stop: Option<Steps>,
    pub(crate) overlay: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) status: &'static str,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    /// `CloudWatch` group and stream, when its log driver is awslogs.
    pub(crate) log: Option<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// When the container wrote it.
    pub(crate) at: Duration,
    /// When CloudWatch had it.
    pub(crate) arrived: Duration,
    pub(crate) text: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) digest: String,
    pub(crate) tags: Vec<String>,
    pub(crate) architectures: Vec<String>,
    /// Answers about its scan that are still to come.
    pub(crate) scans: VecDeque<Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct Secret {
    pub(crate) arn: String,
    pub(crate) value: String,
    pub(crate) stages: Vec<String>,
}

/// What is given was made so long before the play: a program that asks for what is newer than its own start does not find it.
pub(crate) const BEFORE: Duration = Duration::from_hours(1);

impl Clock {
    fn start() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), epoch: now.saturating_sub(BEFORE), now: Duration::ZERO }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        BEFORE + self.started.elapsed()
    }

    /// A moment as AWS's JSON writes it: seconds since 1970.
    pub(crate) fn stamp(&self, at: Duration) -> Value {
        let seconds = (self.epoch + at).as_secs_f64();
        Value::from((seconds * 1000.0).round() / 1000.0)
    }

    /// A moment as `CloudWatch` Logs writes it: milliseconds since 1970.
    pub(crate) fn millis(&self, at: Duration) -> u64 {
        u64::try_from((self.epoch + at).as_millis()).unwrap_or(u64::MAX)
    }
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut world = Self {
            clock: Clock::start(),
            clusters: Vec::new(),
            definitions: Vec::new(),
            services: Vec::new(),
            tasks: Vec::new(),
            logs: BTreeMap::new(),
            images: BTreeMap::new(),
            secrets: BTreeMap::new(),
            parameters: scenario.given.parameters.clone(),
            roles: BTreeMap::new(),
            target_groups: scenario.given.target_groups.clone(),
            timelines: Vec::new(),
            deployments_to_come: scenario.deployments.clone().into(),
            tasks_to_come: scenario.tasks.clone().into(),
            rollback: scenario.rollback.clone(),
            happened: Vec::new(),
            made: 0,
        };
        world.build(scenario);
        world.happened.clear();
        world
    }

    /// The next number for an id: ids are the same in every play.
    pub(crate) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// 32 hexadecimal digits that differ from their first on, as those of tasks and events do.
    pub(crate) fn hex_id(&mut self) -> String {
        let number = self.number();
        format!(
            "{:016x}{:016x}",
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            number.wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        )
    }

    /// `ecs-svc/` and 19 digits.
    pub(crate) fn deployment_id(&mut self) -> String {
        format!("ecs-svc/{:019}", 1_000_000_000_000_000_000 + self.number())
    }

    pub(crate) fn service(&self, cluster: &str, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.is(cluster, name))
    }

    pub(crate) fn service_at(&self, cluster: &str, name: &str) -> Option<usize> {
        self.services.iter().position(|service| service.is(cluster, name))
    }

    /// By ARN, `family:revision` or family (its newest ACTIVE revision).
    pub(crate) fn definition(&self, name: &str) -> Option<&Definition> {
        let short = name.rsplit('/').next().unwrap_or(name);
        match short.split_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.definitions
                    .iter()
                    .find(|known| known.family == family && known.revision == revision)
            }
            None => self
                .definitions
                .iter()
                .filter(|known| known.family == short && known.active)
                .max_by_key(|known| known.revision),
        }
    }

    pub(crate) fn say(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.happened.push(Happening { at: self.clock.now.saturating_sub(BEFORE), what });
    }

    pub(crate) fn add_definition(
        &mut self,
        family: &str,
        revision: u32,
        mut json: Value,
    ) -> String {
        let arn = arn("ecs", &format!("task-definition/{family}:{revision}"));
        let mut active = true;
        let mut tags = Value::Array(Vec::new());
        if let Some(json) = json.as_object_mut() {
            if let Some(given) = json.shift_remove("tags") {
                tags = given;
            }
            active = json.shift_remove("status").is_none_or(|status| status != "INACTIVE");
            json.insert("family".into(), family.into());
        }
        let registered = self.clock.now;
        self.definitions.push(Definition {
            arn: arn.clone(),
            family: family.into(),
            revision,
            active,
            json,
            tags,
            registered,
        });
        arn
    }
}

impl Service {
    fn is(&self, cluster: &str, name: &str) -> bool {
        self.cluster == short(cluster) && self.name == short(name)
    }

    pub(crate) fn deployment(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    pub(crate) fn record(&mut self, arn: &str) -> Option<&mut ServiceDeployment> {
        self.records.iter_mut().find(|known| known.arn == arn)
    }

    pub(crate) fn event(&mut self, id: String, at: Duration, message: String) {
        self.events.insert(0, Event { id, at, message });
        self.events.truncate(100);
    }
}

impl Task {
    /// Its address in the service's subnets: made of its id, so that each task has one of its own.
    pub(crate) fn address(&self) -> String {
        let byte = |at: usize| {
            self.id.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(1)
        };
        format!("10.0.{}.{}", byte(0), byte(2))
    }
}

/// The last part of an ARN or a path, or the name itself.
pub(crate) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

pub(crate) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

pub(crate) fn nothing() -> Value {
    Value::Object(Map::new())
}
