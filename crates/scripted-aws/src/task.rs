//! One task's life.

use serde_json::Value;

use crate::step::{Exit, Kill, Log, Step, Steps, Wait};
use crate::timeline::{Actor, Timeline};
use crate::world::{Container, Line, Task, World, arn, nothing};

impl World {
    /// A new task, PROVISIONING.
    pub(crate) fn add_task(
        &mut self,
        cluster: &str,
        group: String,
        started_by: Option<String>,
        definition: &str,
    ) -> usize {
        let id = self.hex_id();
        let containers = self
            .definition(definition)
            .map(|known| containers(&known.json, &id))
            .unwrap_or_default();
        self.tasks.push(Task {
            arn: arn("ecs", &format!("task/{cluster}/{id}")),
            id,
            cluster: cluster.into(),
            group,
            started_by,
            definition: definition.into(),
            status: "PROVISIONING",
            desired_status: "RUNNING",
            stop_code: None,
            stopped_reason: None,
            containers,
            created: self.clock.now,
            started: None,
            stopped: None,
            client_token: None,
            members: nothing(),
            on_stop: None,
            overlay: nothing(),
        });
        self.tasks.len() - 1
    }

    pub(crate) fn task_runs(&mut self, at: usize) {
        let now = self.clock.now;
        let task = &mut self.tasks[at];
        if task.status != "STOPPED" {
            task.set_status("RUNNING");
            task.started.get_or_insert(now);
        }
    }

    /// The container that decides ends by itself, and the task with it.
    pub(crate) fn task_exits(&mut self, at: usize, exit: &Exit) {
        let task = &mut self.tasks[at];
        let mut deciding = true;
        for container in &mut task.containers {
            if let Some(code) = exit.others.get(&container.name) {
                container.exit_code = *code;
            } else if deciding {
                deciding = false;
                container.exit_code = exit.code;
                container.reason.clone_from(&exit.reason);
            } else {
                container.exit_code = Some(0);
            }
        }
        self.task_stops(at, "EssentialContainerExited", "Essential container in task exited");
    }

    pub(crate) fn task_cannot_start(&mut self, at: usize, reason: &str) {
        if let Some(first) = self.tasks[at].containers.first_mut()
            && reason.starts_with("CannotPull")
        {
            first.reason = Some(reason.into());
        }
        self.task_stops(at, "TaskFailedToStart", reason);
    }

    pub(crate) fn task_is_killed(&mut self, at: usize, kill: &Kill) {
        let ran = self.tasks[at].status == "RUNNING";
        for container in &mut self.tasks[at].containers {
            container.exit_code = kill.code.filter(|_| ran);
        }
        self.task_stops(at, &kill.stop_code, &kill.reason);
    }

    fn task_stops(&mut self, at: usize, code: &str, reason: &str) {
        let now = self.clock.now;
        let task = &mut self.tasks[at];
        if task.status == "STOPPED" {
            return;
        }
        task.set_status("STOPPED");
        task.desired_status = "STOPPED";
        // StopTask has given its own before the container ended.
        task.stop_code.get_or_insert_with(|| code.into());
        task.stopped_reason.get_or_insert_with(|| reason.into());
        task.stopped = Some(now);
    }

    /// `StopTask`: from here on the task plays how it ends.
    pub(crate) fn stop_task(&mut self, at: usize, reason: &str) {
        let now = self.clock.now;
        let task = &mut self.tasks[at];
        if task.status == "STOPPED" || task.stop_code.is_some() {
            return;
        }
        task.desired_status = "STOPPED";
        task.stop_code = Some("UserInitiated".into());
        task.stopped_reason = Some(reason.into());
        let usual = || vec![Step::Wait(Wait::Looks(1)), Step::Exit(Exit::with(143))];
        let (steps, actor): (Steps, _) =
            (task.on_stop.take().unwrap_or_else(usual), Actor::Task(task.id.clone()));
        self.timelines.retain(|timeline| timeline.actor != actor);
        self.timelines.push(Timeline::new(actor, steps, now));
    }

    pub(crate) fn write_log(&mut self, at: usize, log: &Log) {
        let arrived = self.clock.now;
        let task = &self.tasks[at];
        // What arrives late was written before the end.
        let at = task.stopped.unwrap_or(arrived);
        let containers = &task.containers;
        let container = match &log.container {
            Some(name) => containers.iter().find(|container| container.name == *name),
            None => containers.first(),
        };
        // No awslogs: the lines go where CloudWatch does not see them.
        let Some((group, stream)) = container.and_then(|container| container.log.clone()) else {
            return;
        };
        if log.lines.is_empty() {
            return;
        }
        // A group that does not exist loses its lines, as with AWS.
        let Some(streams) = self.logs.get_mut(&group) else { return };
        streams.entry(stream).or_default().extend(log.lines.iter().map(|text| Line {
            at,
            arrived,
            text: text.clone(),
        }));
    }
}

impl Task {
    pub(crate) fn set_status(&mut self, status: &'static str) {
        self.status = status;
        for container in &mut self.containers {
            container.status = match status {
                "RUNNING" | "STOPPED" => status,
                _ => "PENDING",
            };
        }
    }
}

/// The container that decides comes first: the first essential one.
fn containers(definition: &Value, task: &str) -> Vec<Container> {
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let all = definition
        .get("containerDefinitions")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut containers: Vec<(bool, Container)> = all
        .iter()
        .map(|json| {
            let name = text(json, "/name").unwrap_or_default();
            let option = |name: &str| text(json, &format!("/logConfiguration/options/{name}"));
            let awslogs =
                text(json, "/logConfiguration/logDriver").is_some_and(|driver| driver == "awslogs");
            let stream = |prefix: String| format!("{prefix}/{name}/{task}");
            let log = option("awslogs-group")
                .zip(option("awslogs-stream-prefix").map(stream))
                .filter(|_| awslogs);
            let essential = json.get("essential").and_then(Value::as_bool).unwrap_or(true);
            let image = text(json, "/image").unwrap_or_default();
            (
                essential,
                Container { name, image, status: "PENDING", exit_code: None, reason: None, log },
            )
        })
        .collect();
    containers.sort_by_key(|(essential, _)| !essential);
    containers.into_iter().map(|(_, container)| container).collect()
}
