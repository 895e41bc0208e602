//! A service's deployments: how they begin, go on and succeed, as ECS does it.

use serde_json::{Value, json};

use crate::given::completed;
use crate::patch::lay_over;
use crate::scenario::Breaker;
use crate::step::{Kill, SomeoneDeploys, Step, Steps, Wait};
use crate::timeline::Actor;
use crate::world::{Deployment, ServiceDeployment, ServiceRevision, World, arn, nothing};

impl World {
    /// A new PRIMARY deployment; what was under way is superseded.
    pub(crate) fn add_deployment(&mut self, at: usize, definition: &str) -> String {
        let (now, id) = (self.clock.now, self.deployment_id());
        let (number, revision) = (self.number(), self.number());
        let service = &mut self.services[at];
        let path = format!("{}/{}", service.cluster, service.name);
        let revision = arn(
            "ecs",
            &format!("service-revision/{path}/{:019}", 2_000_000_000_000_000_000 + revision),
        );
        let deployment_arn = arn("ecs", &format!("service-deployment/{path}/{number:022}"));
        let superseded = service.deployments.first().map(|deployment| deployment.id.clone());
        for known in &mut service.records {
            if known.finished.is_none() {
                known.status = "STOPPED";
                known.reason = Some("The service deployment was stopped because a newer service deployment started.".into());
                known.finished = Some(now);
                known.updated = now;
            }
        }
        service.records.insert(
            0,
            ServiceDeployment {
                arn: deployment_arn.clone(),
                source: service
                    .deployments
                    .first()
                    .map(|deployment| deployment.revision_arn.clone()),
                target: revision.clone(),
                status: "IN_PROGRESS",
                reason: None,
                breaker: if service.breaker == Breaker::Off { "DISABLED" } else { "MONITORING" },
                failures: 0,
                rollback: None,
                created: now,
                updated: now,
                finished: None,
                overlay: nothing(),
            },
        );
        service.revisions.push(ServiceRevision {
            arn: revision.clone(),
            definition: definition.into(),
            created: now,
        });
        let deployment = Deployment {
            id: id.clone(),
            definition: definition.into(),
            revision_arn: revision,
            record: deployment_arn,
            rollout: "IN_PROGRESS",
            reason: format!("ECS deployment {id} in progress."),
            failed: 0,
            completed: false,
            undoes: None,
            created: now,
            updated: now,
            overlay: nothing(),
        };
        service.deployments.insert(0, deployment);
        if let Some(superseded) = superseded {
            self.forget_timeline(at, &superseded);
        }
        id
    }

    /// The deployment that `UpdateService` makes: it plays the scenario's next timeline.
    pub(crate) fn deploy(&mut self, at: usize, definition: &str) -> String {
        let steps = self.deployments_to_come.pop_front().unwrap_or_else(|| self.goes_well(at));
        self.play_deployment(at, definition, steps)
    }

    fn goes_well(&self, at: usize) -> Steps {
        let desired = self.services[at].desired;
        let look = || Step::Wait(Wait::Looks(1));
        vec![
            Step::Start(desired),
            look(),
            Step::Run(desired),
            look(),
            Step::Drain(u32::MAX),
            Step::Complete,
        ]
    }

    pub(crate) fn start_tasks(&mut self, at: usize, id: &str, count: u32) {
        let service = &mut self.services[at];
        let (cluster, name, service_name) =
            (service.cluster.clone(), format!("service:{}", service.name), service.name.clone());
        let Some(definition) =
            service.deployment(id).map(|deployment| deployment.definition.clone())
        else {
            return;
        };
        let mut ids = Vec::new();
        for _ in 0..count {
            let task = self.add_task(&cluster, name.clone(), Some(id.into()), &definition);
            self.tasks[task].set_status("PENDING");
            ids.push(format!("(task {})", self.tasks[task].id));
        }
        if count > 0 {
            self.service_event(
                at,
                format!("(service {service_name}) has started {count} tasks: {}.", ids.join(" ")),
            );
        }
    }

    pub(crate) fn run_tasks(&mut self, at: usize, id: &str, count: u32) {
        let pending = self.tasks_of(at, id, |status| !matches!(status, "RUNNING" | "STOPPED"));
        let mut any = false;
        for task in pending.into_iter().take(count as usize) {
            self.task_runs(task);
            any = true;
        }
        let service = &mut self.services[at];
        // Behind a load balancer a task that runs is not healthy yet.
        let balancers = service.settings.get("loadBalancers").and_then(Value::as_array);
        if any
            && balancers.is_none_or(Vec::is_empty)
            && let Some(deployment) = service.deployment(id)
        {
            deployment.failed = 0;
        }
    }

    /// So many tasks of other deployments stop.
    pub(crate) fn drain_tasks(&mut self, at: usize, id: &str, count: u32) {
        let others: Vec<String> = self.services[at]
            .deployments
            .iter()
            .map(|other| other.id.clone())
            .filter(|other| other != id)
            .collect();
        let mut tasks: Vec<usize> = others
            .iter()
            .flat_map(|other| self.tasks_of(at, other, |status| status != "STOPPED"))
            .collect();
        tasks.truncate(count as usize);
        let name = self.services[at].name.clone();
        if !tasks.is_empty() {
            self.service_event(
                at,
                format!(
                    "(service {name}) has begun draining connections on {} tasks.",
                    tasks.len()
                ),
            );
        }
        for task in tasks {
            let reason = format!("Scaling activity initiated by (deployment {id})");
            self.task_is_killed(
                task,
                &Kill {
                    stop_code: "ServiceSchedulerInitiated".into(),
                    reason,
                    tasks: 1,
                    code: Some(143),
                },
            );
        }
    }

    pub(crate) fn complete(&mut self, at: usize, id: &str) {
        self.drain_tasks(at, id, u32::MAX);
        let desired = self.services[at].desired;
        let alive = self.tasks_of(at, id, |status| status != "STOPPED").len();
        self.start_tasks(at, id, desired.saturating_sub(u32::try_from(alive).unwrap_or(u32::MAX)));
        self.run_tasks(at, id, u32::MAX);
        let now = self.clock.now;
        let service = &mut self.services[at];
        let name = service.name.clone();
        service.deployments.retain(|deployment| deployment.id == id);
        let Some(deployment) = service.deployment(id) else { return };
        deployment.rollout = "COMPLETED";
        deployment.completed = true;
        deployment.reason = completed(deployment);
        deployment.updated = now;
        let undone = deployment.undoes.take();
        let arn = undone.clone().unwrap_or_else(|| deployment.record.clone());
        if let Some(known) = service.record(&arn) {
            known.status = if undone.is_some() { "ROLLBACK_SUCCESSFUL" } else { "SUCCESSFUL" };
            if known.breaker == "MONITORING" {
                known.breaker = "MONITORING_COMPLETE";
            }
            known.updated = now;
            known.finished = Some(now);
        }
        self.service_event(at, format!("(service {name}) (deployment {id}) deployment completed."));
        self.service_event(at, format!("(service {name}) has reached a steady state."));
    }

    pub(crate) fn someone_deploys(&mut self, at: usize, how: &SomeoneDeploys) {
        let service = &self.services[at];
        let named = how
            .task_definition
            .as_deref()
            .and_then(|name| self.definition(name))
            .map(|known| known.arn.clone());
        let running = named.or_else(|| Some(service.deployments.first()?.definition.clone()));
        let Some(mut definition) = running else { return };
        if let Some(image) = &how.image
            && let Some(known) = self.definition(&definition)
        {
            let (family, mut json) = (known.family.clone(), known.json.clone());
            if let Some(first) = json.pointer_mut("/containerDefinitions/0") {
                lay_over(first, &json!({"image": image}));
            }
            definition = self.register(&family, json);
        }
        self.deploy(at, &definition);
    }

    pub(crate) fn service_event(&mut self, at: usize, message: String) {
        let hex = self.hex_id();
        let id = format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        );
        let now = self.clock.now;
        self.services[at].event(id, now, message);
    }

    pub(crate) fn forget_timeline(&mut self, at: usize, id: &str) {
        let service = &self.services[at];
        let actor = Actor::Deployment {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            id: id.into(),
        };
        self.timelines.retain(|timeline| timeline.actor != actor);
    }

    /// Where the tasks of a deployment stand whose status fits, oldest first.
    pub(crate) fn tasks_of(&self, at: usize, id: &str, fits: impl Fn(&str) -> bool) -> Vec<usize> {
        let service = &self.services[at];
        let group = format!("service:{}", service.name);
        let ours = |task: &&crate::world::Task| {
            task.cluster == service.cluster
                && task.group == group
                && task.started_by.as_deref() == Some(id)
        };
        self.tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| ours(task) && fits(task.status))
            .map(|(at, _)| at)
            .collect()
    }
}
