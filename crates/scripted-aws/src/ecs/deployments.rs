//! Service deployments and revisions: ECS's own record of what was deployed and how it ended.

use serde_json::{Value, json};

use super::{answers, cluster};
use crate::refusal::{Answer, list, page, refuse, required, text};
use crate::scenario::Breaker;
use crate::world::World;

pub(super) fn list_deployments(world: &World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let Some(service) = world.service(&cluster, required(body, "service")?) else {
        return refuse("ServiceNotFoundException", "Service not found.");
    };
    let wanted = list(body, "status");
    let created = |edge: &str| body.pointer(&format!("/createdAt/{edge}")).and_then(Value::as_f64);
    let mut briefs = Vec::new();
    for known in &service.records {
        let full = answers::service_deployment(world, service, known);
        let status = full["status"].as_str().unwrap_or_default();
        let at = full["createdAt"].as_f64().unwrap_or_default();
        let late = created("after").is_none_or(|after| at >= after);
        let early = created("before").is_none_or(|before| at <= before);
        if (wanted.is_empty() || wanted.iter().any(|wanted| wanted == status)) && late && early {
            briefs.push(answers::service_deployment_brief(&full));
        }
    }
    Ok(page(body, "serviceDeployments", &briefs, 100))
}

pub(super) fn describe(world: &World, body: &Value) -> Value {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in list(body, "serviceDeploymentArns") {
        let mut services = world.services.iter();
        let known = services.find_map(|service| {
            Some((service, service.records.iter().find(|known| known.arn == arn)?))
        });
        match known {
            Some((service, known)) => {
                found.push(answers::service_deployment(world, service, known));
            }
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    json!({"serviceDeployments": found, "failures": failures})
}

pub(super) fn revisions(world: &World, body: &Value) -> Value {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in list(body, "serviceRevisionArns") {
        let mut services = world.services.iter();
        let known = services.find_map(|service| {
            Some((service, service.revisions.iter().find(|known| known.arn == arn)?))
        });
        match known {
            Some((service, known)) => found.push(answers::service_revision(world, service, known)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    json!({"serviceRevisions": found, "failures": failures})
}

pub(super) fn stop(world: &mut World, body: &Value) -> Answer {
    let arn = required(body, "serviceDeploymentArn")?;
    let at = world
        .services
        .iter()
        .position(|service| service.records.iter().any(|known| known.arn == arn));
    let Some(at) = at else {
        return refuse("ServiceDeploymentNotFoundException", "Service deployment not found.");
    };
    let now = world.clock.now;
    let service = &mut world.services[at];
    let deployment = service
        .deployments
        .iter()
        .find(|deployment| deployment.record == arn)
        .map(|deployment| deployment.id.clone());
    let Some(known) = service.record(arn) else {
        return refuse("ServerException", "gone");
    };
    if known.finished.is_some() {
        return refuse(
            "ConflictException",
            format!("The service deployment is in a terminal state: {}.", known.status),
        );
    }
    known.updated = now;
    if text(body, "stopType") == Some("ABORT") {
        known.status = "STOPPED";
        known.reason = Some("Service deployment stopped by user.".into());
        known.finished = Some(now);
    } else if known.rollback.is_none() {
        known.status = "ROLLBACK_REQUESTED";
        let reason = "Service deployment rolled back because of a stop request.";
        // Asking for it rolls back where the service itself would not.
        let id = deployment.unwrap_or_default();
        if !world.roll_back(at, &id, reason, now) {
            let breaker = world.services[at].breaker;
            world.services[at].breaker = Breaker::On;
            world.give_up(at, &id, reason);
            world.services[at].breaker = breaker;
        }
    }
    Ok(json!({"serviceDeploymentArn": arn}))
}
