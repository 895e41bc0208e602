//! Tasks: `RunTask` with its token and its refusals, and what can be asked about tasks.

use serde_json::{Value, json};

use super::{answers, cluster};
use crate::refusal::{Answer, list, page, refuse, required, text};
use crate::step::{Exit, Log, Step, Wait};
use crate::timeline::{Actor, Timeline};
use crate::world::{World, arn, short};

pub(super) fn list_tasks(world: &World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let (service, family, started_by) =
        (text(body, "serviceName"), text(body, "family"), text(body, "startedBy"));
    if started_by.is_some() && (service.is_some() || family.is_some()) {
        return refuse(
            "InvalidParameterException",
            "startedBy cannot be combined with serviceName or family.",
        );
    }
    if let Some(name) = service
        && world.service(&cluster, name).is_none()
    {
        return refuse("ServiceNotFoundException", "Service not found.");
    }
    let desired = text(body, "desiredStatus").unwrap_or("RUNNING");
    let fits = |task: &&crate::world::Task| {
        task.cluster == cluster
            && task.desired_status == desired
            && service.is_none_or(|name| task.group == format!("service:{}", short(name)))
            && started_by.is_none_or(|by| task.started_by.as_deref() == Some(by))
            && family.is_none_or(|family| {
                world.definition(&task.definition).is_some_and(|known| known.family == family)
            })
    };
    let arns: Vec<Value> =
        world.tasks.iter().filter(fits).map(|task| task.arn.clone().into()).collect();
    Ok(page(body, "taskArns", &arns, 100))
}

pub(super) fn describe(world: &World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let wanted = list(body, "tasks");
    if wanted.is_empty() {
        return refuse("InvalidParameterException", "Tasks cannot be empty.");
    }
    if wanted.len() > 100 {
        return refuse("InvalidParameterException", "Tasks cannot be longer than 100.");
    }
    let with_tags = list(body, "include").iter().any(|what| what == "TAGS");
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for name in &wanted {
        match world.tasks.iter().find(|task| task.cluster == cluster && task.id == short(name)) {
            Some(task) => tasks.push(answers::task(world, task, with_tags)),
            None => failures.push(json!({"arn": arn("ecs", &format!("task/{cluster}/{}", short(name))), "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

pub(super) fn run(world: &mut World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let wanted = required(body, "taskDefinition")?;
    let Some(known) = world.definition(wanted) else {
        return refuse("ClientException", "TaskDefinition not found.");
    };
    if !known.active {
        return refuse("ClientException", "TaskDefinition is inactive");
    }
    check_request(&known.json, body)?;
    let (definition, family) = (known.arn.clone(), known.family.clone());
    let token = text(body, "clientToken").map(str::to_owned);
    if token.is_some()
        && let Some(task) = world.tasks.iter().find(|task| task.client_token == token)
    {
        if task.definition != definition {
            return refuse(
                "ConflictException",
                "The clientToken was used with other parameters before.",
            );
        }
        return Ok(json!({"tasks": [answers::task(world, task, true)], "failures": []}));
    }
    let group = text(body, "group").map_or_else(|| format!("family:{family}"), str::to_owned);
    let count = body.get("count").and_then(Value::as_u64).unwrap_or(1).clamp(1, 10);
    let mut made = Vec::new();
    for _ in 0..count {
        let at = world.add_task(
            &cluster,
            group.clone(),
            text(body, "startedBy").map(str::to_owned),
            &definition,
        );
        let since = world.clock.now;
        let task = &mut world.tasks[at];
        task.client_token.clone_from(&token);
        for member in [
            "overrides",
            "launchType",
            "capacityProviderStrategy",
            "platformVersion",
            "tags",
            "enableExecuteCommand",
            "volumeConfigurations",
        ] {
            if let Some(value) = body.get(member) {
                task.members[member] = value.clone();
            }
        }
        let actor = Actor::Task(task.id.clone());
        let steps = world.tasks_to_come.pop_front().unwrap_or_else(goes_well);
        world.timelines.push(Timeline::new(actor, steps, since));
        made.push(at);
    }
    let tasks: Vec<Value> =
        made.into_iter().map(|at| answers::task(world, &world.tasks[at], true)).collect();
    Ok(json!({"tasks": tasks, "failures": []}))
}

fn goes_well() -> Vec<Step> {
    let look = || Step::Wait(Wait::Looks(1));
    let log = Step::Log(Log::of(&["done".to_owned()]));
    vec![look(), Step::Run(1), log, look(), Step::Exit(Exit::with(0))]
}

/// What `RunTask` refuses where `UpdateService` or `CreateService` would not.
fn check_request(definition: &Value, body: &Value) -> Result<(), crate::refusal::Refusal> {
    let invalid = |message: String| refuse("InvalidParameterException", message);
    let strategy = body
        .get("capacityProviderStrategy")
        .and_then(Value::as_array)
        .is_some_and(|strategy| !strategy.is_empty());
    if strategy && text(body, "launchType").is_some() {
        return invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.".into());
    }
    if text(body, "propagateTags") == Some("SERVICE") {
        return invalid("Invalid value for propagateTags. Tasks started by RunTask can only propagate tags from TASK_DEFINITION.".into());
    }
    if text(body, "clientToken").is_some_and(|token| token.len() > 64) {
        return invalid("clientToken must be at most 64 characters.".into());
    }
    if text(body, "startedBy").is_some_and(|by| by.len() > 128) {
        return invalid("startedBy must be at most 128 characters.".into());
    }
    let awsvpc = definition.get("networkMode").is_some_and(|mode| mode == "awsvpc");
    if awsvpc && body.pointer("/networkConfiguration/awsvpcConfiguration/subnets/0").is_none() {
        return invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.".into(),
        );
    }
    let at_launch = definition.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let mut at_launch = at_launch.filter(|volume| volume["configuredAtLaunch"] == true);
    let told = body.get("volumeConfigurations").and_then(Value::as_array);
    let told = |volume: &&Value| told.into_iter().flatten().any(|it| it["name"] == volume["name"]);
    if at_launch.any(|volume| !told(&volume)) {
        return invalid(
            "The task definition is configured to have volumes configured at launch, and volumeConfigurations lacks one.".into(),
        );
    }
    let overrides = body.get("overrides");
    if overrides.is_some_and(|overrides| overrides.to_string().len() > 8192) {
        return invalid("Container Overrides length must be at most 8192".into());
    }
    let named = |list: &Value| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items.filter_map(|item| item.get("name")?.as_str().map(str::to_owned)).collect()
    };
    let containers = definition.get("containerDefinitions").map(named).unwrap_or_default();
    for name in overrides
        .and_then(|overrides| overrides.get("containerOverrides"))
        .map(named)
        .unwrap_or_default()
    {
        if !containers.contains(&name) {
            return invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            ));
        }
    }
    Ok(())
}

pub(super) fn stop(world: &mut World, body: &Value) -> Answer {
    let cluster = cluster(world, body)?;
    let name = short(required(body, "task")?);
    let Some(at) = world.tasks.iter().position(|task| task.cluster == cluster && task.id == name)
    else {
        return refuse("InvalidParameterException", "The referenced task was not found.");
    };
    world.stop_task(at, text(body, "reason").unwrap_or("Task stopped by user"));
    Ok(json!({"task": answers::task(world, &world.tasks[at], false)}))
}
