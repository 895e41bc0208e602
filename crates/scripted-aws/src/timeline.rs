//! What happens by itself: each timeline waits for its moment, and then does its next step.

use std::collections::VecDeque;
use std::time::Duration;

use crate::patch::lay_over;
use crate::step::{Log, Set, Step, Steps, Wait};
use crate::world::World;

#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    pub(crate) actor: Actor,
    steps: VecDeque<Step>,
    /// When the step before was done.
    since: Duration,
}

/// Whose timeline it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actor {
    Deployment {
        cluster: String,
        service: String,
        id: String,
    },
    Task(String),
    /// The first service, whatever its deployment.
    Meanwhile,
}

impl Timeline {
    pub(crate) fn new(actor: Actor, steps: Steps, since: Duration) -> Self {
        let mut flat = VecDeque::new();
        flatten(steps, &mut flat);
        Self { actor, steps: flat, since }
    }

    /// When the next step is due; `None` while it waits for a call.
    fn due(&self) -> Option<Duration> {
        match self.steps.front()? {
            Step::Wait(Wait::Time(time)) => Some(self.since + *time),
            Step::Wait(_) => None,
            _ => Some(self.since),
        }
    }
}

fn flatten(steps: Steps, flat: &mut VecDeque<Step>) {
    for step in steps {
        match step {
            Step::Repeat(repeat) => {
                for _ in 0..repeat.times {
                    flatten(repeat.steps.clone(), flat);
                }
            }
            step => flat.push_back(step),
        }
    }
}

impl World {
    /// Plays everything that is due by now, in the order in which it was due.
    pub(crate) fn advance(&mut self) {
        let now = self.clock.elapsed();
        loop {
            let due = self
                .timelines
                .iter()
                .enumerate()
                .filter_map(|(at, timeline)| Some((timeline.due()?, at)))
                .min();
            let Some((due, at)) = due.filter(|(due, _)| *due <= now) else { break };
            let Some(step) = self.timelines[at].steps.pop_front() else { break };
            self.timelines[at].since = due;
            self.clock.now = due;
            let actor = self.timelines[at].actor.clone();
            self.take_step(&actor, step);
            self.timelines.retain(|timeline| !timeline.steps.is_empty());
        }
        self.clock.now = now;
    }

    /// A call has been answered: whoever waits for it is nearer its next step. `names` are the services or tasks that it was about.
    pub(crate) fn answered(&mut self, operation: &str, names: &[String]) {
        let now = self.clock.now;
        for timeline in &mut self.timelines {
            let looked = match &timeline.actor {
                Actor::Deployment { service, .. } => {
                    operation == "DescribeServices" && names.contains(service)
                }
                Actor::Task(id) => operation == "DescribeTasks" && names.contains(id),
                Actor::Meanwhile => operation == "DescribeServices",
            };
            let left = match timeline.steps.front_mut() {
                Some(Step::Wait(Wait::Looks(left))) if looked => left,
                Some(Step::Wait(Wait::Calls(left, wanted))) if wanted == operation => left,
                _ => continue,
            };
            *left -= 1;
            if *left == 0 {
                timeline.steps.pop_front();
                timeline.since = now;
            }
        }
        self.timelines.retain(|timeline| !timeline.steps.is_empty());
        self.advance();
    }

    fn take_step(&mut self, actor: &Actor, step: Step) {
        if !matches!(step, Step::Wait(_)) {
            self.say(format!("{actor}: {}", shown(&step)));
        }
        if let Actor::Task(id) = actor {
            if let Some(at) = self.tasks.iter().position(|task| task.id == *id) {
                self.task_step(at, step);
            }
            return;
        }
        let (at, id) = match actor {
            Actor::Deployment { cluster, service, id } => {
                (self.service_at(cluster, service), id.clone())
            }
            _ => (
                Some(0),
                self.services
                    .first()
                    .and_then(|service| Some(service.deployments.first()?.id.clone()))
                    .unwrap_or_default(),
            ),
        };
        let Some(at) = at.filter(|at| *at < self.services.len()) else { return };
        self.service_step(at, &id, step);
    }

    fn service_step(&mut self, at: usize, id: &str, step: Step) {
        match step {
            Step::Wait(_) | Step::Repeat(_) => {}
            Step::Start(count) => {
                self.start_tasks(at, id, count);
            }
            Step::Run(count) => self.run_tasks(at, id, count),
            Step::Drain(count) => self.drain_tasks(at, id, count),
            Step::Complete => self.complete(at, id),
            Step::Exit(exit) => self.tasks_exit(at, id, &exit),
            Step::CannotStart(cannot) => self.tasks_cannot_start(at, id, &cannot),
            Step::Kill(kill) => self.tasks_are_killed(at, id, &kill),
            Step::Fail(reason) => self.give_up(at, id, &reason),
            Step::Log(log) => {
                let tasks: Vec<usize> = self.tasks_of(at, id, |status| status != "STOPPED");
                for task in tasks {
                    self.write_log(task, &log);
                }
            }
            Step::Event(message) => self.service_event(at, message),
            Step::Desired(count) => self.services[at].desired = count,
            Step::SomeoneDeploys(how) => self.someone_deploys(at, &how),
            Step::OnStop(steps) => {
                for task in self.tasks_of(at, id, |status| status != "STOPPED") {
                    self.tasks[task].on_stop = Some(steps.clone());
                }
            }
            Step::Set(set) => self.set_members(at, id, &set),
        }
    }

    fn task_step(&mut self, at: usize, step: Step) {
        match step {
            Step::Start(_) => self.tasks[at].set_status("PENDING"),
            Step::Run(_) => self.task_runs(at),
            Step::Exit(exit) => {
                self.write_log(at, &Log::of(&exit.log));
                self.task_exits(at, &exit);
            }
            Step::CannotStart(cannot) => self.task_cannot_start(at, &cannot.reason),
            Step::Kill(kill) => self.task_is_killed(at, &kill),
            Step::Log(log) => self.write_log(at, &log),
            Step::OnStop(steps) => self.tasks[at].on_stop = Some(steps),
            Step::Set(set) => {
                if let Some(members) = &set.task {
                    lay_over(&mut self.tasks[at].overlay, members);
                }
            }
            // The rest is about a service.
            _ => {}
        }
    }

    /// `null` in an overlay ends it: the answer is again what it would be.
    fn set_members(&mut self, at: usize, id: &str, set: &Set) {
        if let Some(members) = &set.task {
            for task in self.tasks_of(at, id, |_| true) {
                lay_over(&mut self.tasks[task].overlay, members);
            }
        }
        let service = &mut self.services[at];
        if let Some(members) = &set.service {
            lay_over(&mut service.overlay, members);
        }
        let Some(deployment) = service.deployment(id) else { return };
        if let Some(members) = &set.deployment {
            lay_over(&mut deployment.overlay, members);
        }
        let arn = deployment.undoes.clone().unwrap_or_else(|| deployment.record.clone());
        if let (Some(members), Some(known)) = (&set.service_deployment, service.record(&arn)) {
            lay_over(&mut known.overlay, members);
        }
    }
}

/// A step as it stands in the play's history.
fn shown(step: &Step) -> String {
    match step {
        Step::Log(log) => format!("log {} lines", log.lines.len()),
        step => format!("{step:?}"),
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deployment { service, id, .. } => write!(formatter, "{service} {id}"),
            Self::Task(id) => write!(formatter, "task {id}"),
            Self::Meanwhile => formatter.write_str("meanwhile"),
        }
    }
}
