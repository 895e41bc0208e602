//! Services: what they are, and the one call that changes them.

use serde_json::{Value, json};

use super::{answers, cluster};
use crate::patch::lay_over;
use crate::refusal::{Answer, list, page, refuse, required, text};
use crate::scenario::Breaker;
use crate::world::{World, arn, short};

/// Members of `UpdateService` that make a new deployment when they change.
const DEPLOYING: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceRegistries",
    "propagateTags",
    "enableECSManagedTags",
];
/// Those that do not.
const QUIET: [&str; 4] = [
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
];

pub(super) fn list_services(world: &World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let arns: Vec<Value> = world
        .services
        .iter()
        .filter(|service| service.cluster == cluster)
        .map(|service| service.arn.clone().into())
        .collect();
    // Ten to a page, unless more are asked for.
    let limit = if body.get("maxResults").is_some() { 100 } else { 10 };
    Ok(page(body, "serviceArns", &arns, limit))
}

pub(super) fn describe(world: &World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let names = list(body, "services");
    if names.is_empty() {
        return refuse("InvalidParameterException", "Services cannot be empty.");
    }
    if names.len() > 10 {
        return refuse("InvalidParameterException", "Services cannot be longer than 10.");
    }
    let with_tags = list(body, "include").iter().any(|what| what == "TAGS");
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        match world.service(&cluster, name) {
            Some(service) => services.push(answers::service(world, service, with_tags)),
            None => failures.push(json!({"arn": arn("ecs", &format!("service/{cluster}/{}", short(name))), "reason": "MISSING"})),
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn update(world: &mut World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let name = required(body, "service")?;
    let Some(at) = world.service_at(&cluster, name) else {
        return refuse("ServiceNotFoundException", "Service not found.");
    };
    if world.services[at].settings.get("status").is_some_and(|status| status != "ACTIVE") {
        return refuse("ServiceNotActiveException", "Service was not ACTIVE.");
    }
    let running = world.services[at]
        .deployments
        .first()
        .map(|deployment| deployment.definition.clone())
        .unwrap_or_default();
    let definition = match text(body, "taskDefinition") {
        Some(wanted) => match world.definition(wanted) {
            Some(known) if known.active => known.arn.clone(),
            Some(_) => return refuse("ClientException", "TaskDefinition is inactive"),
            None => return refuse("ClientException", "TaskDefinition not found."),
        },
        None => running.clone(),
    };
    let controller = world.services[at]
        .settings
        .pointer("/deploymentController/type")
        .and_then(Value::as_str)
        .unwrap_or("ECS");
    if controller != "ECS" && (definition != running || body.get("forceNewDeployment").is_some()) {
        return refuse(
            "InvalidParameterException",
            format!(
                "Unable to update task definition on services with a {controller} deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            ),
        );
    }
    if let Some(count) = body.get("desiredCount").and_then(Value::as_u64) {
        if world.services[at]
            .settings
            .get("schedulingStrategy")
            .is_some_and(|strategy| strategy == "DAEMON")
        {
            return refuse(
                "InvalidParameterException",
                "The daemon scheduling strategy does not support a desired count for services.",
            );
        }
        world.services[at].desired = u32::try_from(count).unwrap_or(u32::MAX);
    }
    let mut deploys =
        definition != running || body.get("forceNewDeployment") == Some(&Value::Bool(true));
    for (member, deploying) in DEPLOYING
        .iter()
        .map(|member| (member, true))
        .chain(QUIET.iter().map(|member| (member, false)))
    {
        let Some(wanted) = body.get(member) else { continue };
        let settings = &mut world.services[at].settings;
        let before = settings.get(member).cloned();
        lay_over(settings, &json!({*member: wanted}));
        deploys |= deploying && settings.get(member) != before.as_ref();
    }
    if let Some(breaker) =
        world.services[at].settings.pointer("/deploymentConfiguration/deploymentCircuitBreaker")
    {
        let says = |key: &str| breaker.get(key) == Some(&Value::Bool(true));
        let breaker = if !says("enable") {
            Breaker::Off
        } else if says("rollback") {
            Breaker::Rollback
        } else {
            Breaker::On
        };
        world.services[at].breaker = breaker;
    }
    if deploys {
        world.deploy(at, &definition);
    }
    Ok(json!({"service": answers::service(world, &world.services[at], true)}))
}

pub(super) fn list_tags(world: &World, body: &Value) -> Answer {
    let resource = required(body, "resourceArn")?;
    let none = || Value::Array(Vec::new());
    let tags = if let Some(service) = world.services.iter().find(|service| service.arn == resource)
    {
        service.settings.get("tags").cloned().unwrap_or_else(none)
    } else if let Some(known) = world.definitions.iter().find(|known| known.arn == resource) {
        known.tags.clone()
    } else if let Some(task) = world.tasks.iter().find(|task| task.arn == resource) {
        task.members.get("tags").cloned().unwrap_or_else(none)
    } else {
        return refuse(
            "InvalidParameterException",
            "The specified resource was not found. Specify a valid resource ARN and try again.",
        );
    };
    Ok(json!({"tags": tags}))
}
