//! How ECS writes what it knows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::patch::lay_over;
use crate::world::{Definition, Service, ServiceDeployment, ServiceRevision, Task, World, arn};

pub(super) fn service(world: &World, service: &Service, with_tags: bool) -> Value {
    let stamp = |at: Duration| world.clock.stamp(at);
    let count = |id: &str, fits: fn(&str) -> bool| {
        let at = world.services.iter().position(|known| known.arn == service.arn);
        at.map_or(0, |at| world.tasks_of(at, id, fits).len())
    };
    let strategy = service.settings.get("capacityProviderStrategy");
    let mut deployments = Vec::new();
    let (mut running, mut pending) = (0, 0);
    for (number, deployment) in service.deployments.iter().enumerate() {
        let (ours_running, ours_pending) = (
            count(&deployment.id, |status| status == "RUNNING"),
            count(&deployment.id, |status| !matches!(status, "RUNNING" | "STOPPED")),
        );
        running += ours_running;
        pending += ours_pending;
        let desired = match (number, deployment.rollout) {
            (0, _) => service.desired as usize,
            (_, "FAILED") => 0,
            _ => ours_running + ours_pending,
        };
        let mut json = json!({
            "id": deployment.id,
            "status": if number == 0 { "PRIMARY" } else { "ACTIVE" },
            "taskDefinition": deployment.definition,
            "desiredCount": desired,
            "pendingCount": ours_pending,
            "runningCount": ours_running,
            "failedTasks": deployment.failed,
            "createdAt": stamp(deployment.created),
            "updatedAt": stamp(deployment.updated),
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "networkConfiguration": service.settings.get("networkConfiguration"),
            "rolloutState": deployment.rollout,
            "rolloutStateReason": deployment.reason,
        });
        match strategy {
            Some(strategy) => json["capacityProviderStrategy"] = strategy.clone(),
            None => {
                json["launchType"] =
                    service.settings.get("launchType").cloned().unwrap_or(Value::Null);
            }
        }
        lay_over(&mut json, &deployment.overlay);
        deployments.push(json);
    }
    let events: Vec<Value> = service
        .events
        .iter()
        .map(
            |event| json!({"id": event.id, "createdAt": stamp(event.at), "message": event.message}),
        )
        .collect();
    let primary = service.deployments.first();
    let mut json = service.settings.clone();
    lay_over(
        &mut json,
        &json!({
            "serviceArn": service.arn,
            "serviceName": service.name,
            "clusterArn": arn("ecs", &format!("cluster/{}", service.cluster)),
            "roleArn": format!(
                "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
                crate::ACCOUNT
            ),
            "createdAt": stamp(Duration::ZERO),
            "desiredCount": service.desired,
            "runningCount": running,
            "pendingCount": pending,
            "taskDefinition": primary.map(|deployment| deployment.definition.clone()),
            "currentServiceDeployment": service.records.first().map(|known| known.arn.clone()),
            "currentServiceRevisions": primary.map(|deployment| json!([{
                "arn": deployment.revision_arn,
                "requestedTaskCount": service.desired,
                "runningTaskCount": count(&deployment.id, |status| status == "RUNNING"),
                "pendingTaskCount": count(&deployment.id, |status| !matches!(status, "RUNNING" | "STOPPED")),
            }])),
        }),
    );
    json["deployments"] = deployments.into();
    json["events"] = events.into();
    if !with_tags && let Some(json) = json.as_object_mut() {
        json.shift_remove("tags");
    }
    lay_over(&mut json, &service.overlay);
    json
}

pub(super) fn definition(world: &World, known: &Definition) -> Value {
    let mut json = known.json.clone();
    json["taskDefinitionArn"] = known.arn.clone().into();
    json["revision"] = known.revision.into();
    json["status"] = if known.active { "ACTIVE" } else { "INACTIVE" }.into();
    json["requiresAttributes"] = json!([{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}, {"name": "ecs.capability.task-eni"}]);
    json["compatibilities"] = json!(["EC2", "FARGATE"]);
    json["registeredAt"] = world.clock.stamp(known.registered);
    json["registeredBy"] = format!("arn:aws:sts::{}:assumed-role/deploy/ci", crate::ACCOUNT).into();
    if !known.active {
        json["deregisteredAt"] = world.clock.stamp(known.registered);
    }
    json
}

pub(super) fn service_deployment(
    world: &World,
    service: &Service,
    known: &ServiceDeployment,
) -> Value {
    let stamp = |at: Duration| world.clock.stamp(at);
    let counts = |arn: &str| {
        let at =
            world.services.iter().position(|other| other.arn == service.arn).unwrap_or_default();
        let deployment =
            service.deployments.iter().find(|deployment| deployment.revision_arn == arn);
        let count = |fits: fn(&str) -> bool| {
            deployment.map_or(0, |deployment| world.tasks_of(at, &deployment.id, fits).len())
        };
        json!({
            "arn": arn,
            "requestedTaskCount": service.desired,
            "runningTaskCount": count(|status| status == "RUNNING"),
            "pendingTaskCount": count(|status| !matches!(status, "RUNNING" | "STOPPED")),
        })
    };
    let threshold = service.desired.div_ceil(2).clamp(3, 200);
    let mut json = json!({
        "serviceDeploymentArn": known.arn,
        "serviceArn": service.arn,
        "clusterArn": arn("ecs", &format!("cluster/{}", service.cluster)),
        "createdAt": stamp(known.created),
        "startedAt": stamp(known.created),
        "updatedAt": stamp(known.updated),
        "sourceServiceRevisions": known.source.iter().map(|arn| counts(arn)).collect::<Vec<_>>(),
        "targetServiceRevision": counts(&known.target),
        "status": known.status,
        "deploymentConfiguration": service.settings.get("deploymentConfiguration"),
        "deploymentCircuitBreaker": {"status": known.breaker, "failureCount": known.failures, "threshold": threshold},
    });
    if let Some(reason) = &known.reason {
        json["statusReason"] = reason.clone().into();
    }
    if let Some(finished) = known.finished {
        json["finishedAt"] = stamp(finished);
    }
    if known.status.starts_with("STOP") {
        json["stoppedAt"] = stamp(known.updated);
    }
    if let Some(rollback) = &known.rollback {
        json["rollback"] = json!({"reason": rollback.reason, "startedAt": stamp(rollback.at), "serviceRevisionArn": rollback.to});
    }
    lay_over(&mut json, &known.overlay);
    json
}

/// What `ListServiceDeployments` says of each.
pub(super) fn service_deployment_brief(full: &Value) -> Value {
    let mut brief = json!({"targetServiceRevisionArn": full["targetServiceRevision"]["arn"]});
    for member in [
        "serviceDeploymentArn",
        "serviceArn",
        "clusterArn",
        "createdAt",
        "startedAt",
        "finishedAt",
        "status",
        "statusReason",
    ] {
        if let Some(value) = full.get(member) {
            brief[member] = value.clone();
        }
    }
    brief
}

pub(super) fn service_revision(world: &World, service: &Service, known: &ServiceRevision) -> Value {
    let definition = world.definition(&known.definition);
    let containers = definition
        .and_then(|known| known.json.get("containerDefinitions")?.as_array())
        .into_iter()
        .flatten();
    let images: Vec<Value> = containers
        .map(|container| {
            let image = container["image"].as_str().unwrap_or_default();
            let mut json = json!({"containerName": container["name"], "image": image});
            if let Some(digest) = world.digest(image) {
                json["imageDigest"] = digest.into();
            }
            json
        })
        .collect();
    let setting = |member: &str| service.settings.get(member);
    let mut json = json!({
        "serviceRevisionArn": known.arn,
        "serviceArn": service.arn,
        "clusterArn": arn("ecs", &format!("cluster/{}", service.cluster)),
        "taskDefinition": known.definition,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "loadBalancers": setting("loadBalancers"),
        "networkConfiguration": setting("networkConfiguration"),
        "containerImages": images,
        "guardDutyEnabled": false,
        "createdAt": world.clock.stamp(known.created),
    });
    for member in ["launchType", "capacityProviderStrategy"] {
        if let Some(value) = setting(member) {
            json[member] = value.clone();
        }
    }
    json
}

pub(super) fn task(world: &World, task: &Task, with_tags: bool) -> Value {
    let stamp = |at: Duration| world.clock.stamp(at);
    let containers: Vec<Value> = task
        .containers
        .iter()
        .map(|container| {
            let mut json = json!({
                "containerArn": arn("ecs", &format!("container/{}/{}/{}", task.cluster, task.id, container.name)),
                "taskArn": task.arn,
                "name": container.name,
                "image": container.image,
                "lastStatus": container.status,
                "networkInterfaces": [{"attachmentId": task.id, "privateIpv4Address": task.address()}],
                "healthStatus": "UNKNOWN",
                "cpu": "0",
            });
            if let Some(digest) = world.digest(&container.image).filter(|_| task.started.is_some()) {
                json["imageDigest"] = digest.into();
            }
            if let Some(code) = container.exit_code {
                json["exitCode"] = code.into();
            }
            if let Some(reason) = &container.reason {
                json["reason"] = reason.clone().into();
            }
            json
        })
        .collect();
    let definition = world.definition(&task.definition);
    let sized = |member: &str| definition.and_then(|known| known.json.get(member)).cloned();
    let mut json = json!({
        "taskArn": task.arn,
        "clusterArn": arn("ecs", &format!("cluster/{}", task.cluster)),
        "taskDefinitionArn": task.definition,
        "group": task.group,
        "lastStatus": task.status,
        "desiredStatus": task.desired_status,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "availabilityZone": format!("{}a", crate::REGION),
        "connectivity": "CONNECTED",
        "healthStatus": "UNKNOWN",
        "version": 3,
        "attachments": [],
        "attributes": [],
        "containers": containers,
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
        "createdAt": stamp(task.created),
        "tags": [],
    });
    for member in ["cpu", "memory"] {
        if let Some(value) = sized(member) {
            json[member] = value;
        }
    }
    if let Some(by) = &task.started_by {
        json["startedBy"] = by.clone().into();
    }
    if let Some(at) = task.started {
        json["pullStartedAt"] = stamp(task.created);
        json["pullStoppedAt"] = stamp(at);
        json["startedAt"] = stamp(at);
    }
    // StopTask gives its reason at once; the task is STOPPED only later.
    if let (Some(code), Some(reason)) = (&task.stop_code, &task.stopped_reason) {
        json["stopCode"] = code.clone().into();
        json["stoppedReason"] = reason.clone().into();
        json["stoppingAt"] = stamp(task.stopped.unwrap_or(world.clock.now));
    }
    if let Some(at) = task.stopped {
        json["executionStoppedAt"] = stamp(at);
        json["stoppedAt"] = stamp(at);
    }
    lay_over(&mut json, &task.members);
    if !with_tags && let Some(json) = json.as_object_mut() {
        json.shift_remove("tags");
    }
    lay_over(&mut json, &task.overlay);
    json
}
