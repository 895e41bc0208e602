//! The world as a play begins: the todo app, and what the scenario says of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::balancers::group_arn;
use crate::patch::lay_over;
use crate::scenario::{Breaker, GivenImage, GivenService, Rollout, Scenario};
use crate::step::Steps;
use crate::timeline::{Actor, Timeline};
use crate::world::{BEFORE, Deployment, Image, Secret, Service, World, arn, nothing};
use crate::{ACCOUNT, NEXT_DIGEST, REGION, RUNNING_DIGEST, SERVICE};

impl World {
    pub(crate) fn build(&mut self, scenario: &Scenario) {
        let given = &scenario.given;
        self.logs = given
            .log_groups
            .clone()
            .unwrap_or_else(|| vec!["/ecs/todo-api".into()])
            .into_iter()
            .map(|group| (group, BTreeMap::new()))
            .collect();
        self.roles = given.roles.clone().unwrap_or_else(|| {
            ["todo-api-task", "todo-api-execution"]
                .map(|role| (role.to_owned(), "ecs-tasks.amazonaws.com".to_owned()))
                .into()
        });
        self.target_groups.entry(SERVICE.into()).or_insert_with(nothing);
        self.build_images(scenario);
        self.build_secrets(scenario);
        self.build_definitions(scenario);
        let usual: BTreeMap<String, GivenService> =
            [(SERVICE.to_owned(), GivenService::default())].into();
        let services = if given.services.is_empty() { &usual } else { &given.services };
        for (name, service) in services {
            self.add_cluster(&service.cluster);
            self.build_service(name, service);
        }
        for name in &given.clusters {
            self.add_cluster(name);
        }
        self.clock.now = BEFORE;
        for task in &given.tasks {
            let known = self.definition(&task.family).map(|known| known.arn.clone());
            let definition = known.unwrap_or_else(|| self.usual_definition(&task.family));
            let cluster = self.clusters[0].clone();
            let at = self.add_task(
                &cluster,
                format!("family:{}", task.family),
                task.started_by.clone(),
                &definition,
            );
            self.task_runs(at);
            let id = self.tasks[at].id.clone();
            self.timelines.push(Timeline::new(Actor::Task(id), task.steps.clone(), BEFORE));
        }
        if !scenario.meanwhile.is_empty() {
            self.timelines.push(Timeline::new(
                Actor::Meanwhile,
                scenario.meanwhile.clone(),
                BEFORE,
            ));
        }
    }

    fn add_cluster(&mut self, name: &str) {
        if !self.clusters.iter().any(|known| known == name) {
            self.clusters.push(name.into());
        }
    }

    fn build_definitions(&mut self, scenario: &Scenario) {
        if !scenario.given.families.contains_key(SERVICE) {
            self.usual_definition(SERVICE);
        }
        for (family, revisions) in &scenario.given.families {
            for (revision, patch) in (41..).zip(revisions) {
                let mut json = todo_api();
                lay_over(&mut json, patch);
                self.add_definition(family, revision, json);
            }
        }
    }

    fn usual_definition(&mut self, family: &str) -> String {
        self.add_definition(family, 41, todo_api())
    }

    fn build_images(&mut self, scenario: &Scenario) {
        let usual = |digest: &str| GivenImage {
            digest: digest.into(),
            architectures: GivenImage::architectures(),
            scans: Vec::new(),
        };
        let mut images = scenario.given.images.clone();
        if images.is_empty() {
            images.insert(
                "todo/api".into(),
                [("v1".to_owned(), usual(RUNNING_DIGEST)), ("v2".to_owned(), usual(NEXT_DIGEST))]
                    .into(),
            );
        }
        for (repository, tags) in images {
            let known: &mut Vec<Image> = self.images.entry(repository).or_default();
            for (tag, image) in tags {
                match known.iter_mut().find(|known| known.digest == image.digest) {
                    Some(known) => known.tags.push(tag),
                    None => known.push(Image {
                        digest: image.digest,
                        tags: vec![tag],
                        architectures: image.architectures,
                        scans: image.scans.into(),
                    }),
                }
            }
        }
    }

    fn build_secrets(&mut self, scenario: &Scenario) {
        let mut secrets = scenario.given.secrets.clone();
        secrets.entry("todo/database".into()).or_default();
        for (name, secret) in secrets {
            let mut stages = vec!["AWSCURRENT".to_owned()];
            stages.extend(secret.stages);
            let value = secret
                .value
                .unwrap_or_else(|| r#"{"url":"postgres://todo:correct%20horse@db/todo"}"#.into());
            let arn = arn("secretsmanager", &format!("secret:{name}-AbCdEf"));
            self.secrets.insert(name, Secret { arn, value, stages });
        }
    }

    fn build_service(&mut self, name: &str, given: &GivenService) {
        let family = if self.definition(name).is_some() { name } else { SERVICE };
        let newest = self
            .definition(given.runs.as_deref().unwrap_or(family))
            .map_or_else(|| arn("ecs", "task-definition/none:1"), |known| known.arn.clone());
        let mut settings = service_settings(given.breaker);
        if let Some(set) = &given.set {
            lay_over(&mut settings, set);
        }
        let service = Service {
            arn: arn("ecs", &format!("service/{}/{name}", given.cluster)),
            name: name.into(),
            cluster: given.cluster.clone(),
            settings,
            desired: given.desired,
            breaker: given.breaker,
            rollback_gets_new_id: given.rollback_gets_new_id,
            deployments: Vec::new(),
            records: Vec::new(),
            revisions: Vec::new(),
            events: Vec::new(),
            overlay: nothing(),
        };
        self.services.push(service);
        let at = self.services.len() - 1;
        let before = given.under_way.as_ref().and_then(|_| self.revision_before(&newest));
        let first = self.add_deployment(at, before.as_deref().unwrap_or(&newest));
        self.start_tasks(at, &first, given.running.unwrap_or(given.desired));
        self.run_tasks(at, &first, u32::MAX);
        match given.rollout {
            Rollout::Completed => self.complete_as_is(at, &first),
            Rollout::Failed => self.fail_as_is(
                at,
                &first,
                "ECS deployment circuit breaker: tasks failed to start.",
            ),
            Rollout::InProgress => {}
        }
        self.services[at].events.clear();
        if let Some(steps) = &given.under_way {
            self.clock.now = BEFORE;
            self.play_deployment(at, &newest, steps.clone());
            self.clock.now = Duration::ZERO;
        }
    }

    fn revision_before(&self, definition: &str) -> Option<String> {
        let newest = self.definition(definition)?;
        let family = self
            .definitions
            .iter()
            .filter(|known| known.family == newest.family && known.revision < newest.revision);
        family.max_by_key(|known| known.revision).map(|known| known.arn.clone())
    }

    /// A deployment of `definition` that plays `steps`.
    pub(crate) fn play_deployment(&mut self, at: usize, definition: &str, steps: Steps) -> String {
        let id = self.add_deployment(at, definition);
        let service = &self.services[at];
        let actor = Actor::Deployment {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            id: id.clone(),
        };
        let since = self.clock.now;
        self.timelines.push(Timeline::new(actor, steps, since));
        id
    }

    fn complete_as_is(&mut self, at: usize, id: &str) {
        let now = self.clock.now;
        let service = &mut self.services[at];
        let Some(deployment) = service.deployment(id) else { return };
        deployment.rollout = "COMPLETED";
        deployment.completed = true;
        deployment.reason = completed(deployment);
        let arn = deployment.record.clone();
        if let Some(known) = service.record(&arn) {
            known.status = "SUCCESSFUL";
            known.finished = Some(now);
        }
    }

    fn fail_as_is(&mut self, at: usize, id: &str, reason: &str) {
        let now = self.clock.now;
        let service = &mut self.services[at];
        let Some(deployment) = service.deployment(id) else { return };
        deployment.rollout = "FAILED";
        deployment.reason = reason.into();
        let arn = deployment.record.clone();
        if let Some(known) = service.record(&arn) {
            known.status = "STOPPED";
            known.reason = Some(reason.into());
            known.finished = Some(now);
        }
    }
}

pub(crate) fn completed(deployment: &Deployment) -> String {
    format!("ECS deployment {} completed.", deployment.id)
}

impl Default for GivenService {
    fn default() -> Self {
        Self {
            cluster: crate::CLUSTER.into(),
            runs: None,
            desired: 2,
            running: None,
            breaker: Breaker::default(),
            rollback_gets_new_id: false,
            rollout: Rollout::default(),
            under_way: None,
            set: None,
        }
    }
}

fn service_settings(breaker: Breaker) -> Value {
    json!({
        "status": "ACTIVE",
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": breaker != Breaker::Off, "rollback": breaker == Breaker::Rollback},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "deploymentController": {"type": "ECS"},
        "schedulingStrategy": "REPLICA",
        "healthCheckGracePeriodSeconds": 0,
        "loadBalancers": [{
            "targetGroupArn": group_arn(SERVICE),
            "containerName": "api",
            "containerPort": 8080,
        }],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-0a1b2c3d", "subnet-1b2c3d4e"],
            "securityGroups": ["sg-0a1b2c3d"],
            "assignPublicIp": "DISABLED",
        }},
        "enableECSManagedTags": true,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": false,
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:role/terraform"),
        "tags": [{"key": "app", "value": "todo"}],
    })
}

/// The todo app's task definition, as it was registered.
fn todo_api() -> Value {
    json!({
        "family": SERVICE,
        "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/todo-api-task"),
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/todo-api-execution"),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [{
            "name": "api",
            "image": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/todo/api@{RUNNING_DIGEST}"),
            "cpu": 0,
            "essential": true,
            "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
            "environment": [{"name": "PORT", "value": "8080"}],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": format!("{}:url::", arn("secretsmanager", "secret:todo/database-AbCdEf"))}],
            "mountPoints": [],
            "volumesFrom": [],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/ecs/todo-api", "awslogs-region": REGION, "awslogs-stream-prefix": "api",
            }},
        }],
        "volumes": [],
        "placementConstraints": [],
    })
}
