//! Looking: the service, what it runs, the image, the family of the copy. All that is wrong is told at once.

use std::path::Path;

use actions_runtime::{Faults, Step, did_you_mean};
use aws_sdk_ecs::types::Service;
use ecs_tasks::{Ecs, ImageFinding, LogStream, Resolved, TaskDefinition};

use crate::{
    ask::{self, Ask},
    inputs::{Inputs, LogDriver},
    volumes,
};

/// What is needed to decide.
pub(crate) struct Look {
    pub(crate) container: String,
    /// What the service runs, or what was named.
    pub(crate) from: TaskDefinition,
    /// What is to run.
    pub(crate) copy: TaskDefinition,
    /// The newest revision of the copy's family, where it runs the same: nothing has to be registered.
    pub(crate) registered: Option<String>,
    pub(crate) ask: Ask,
    /// Has to be created before the task starts: a missing group is a failed start that names no log.
    pub(crate) new_log: Option<LogStream>,
}

pub(crate) async fn look(step: &Step, inputs: &Inputs, ecs: &Ecs) -> miette::Result<Look> {
    let mut faults = Faults::default();
    let service = if let Some(service) = &inputs.service {
        ecs.service(&inputs.cluster, service, &mut faults).await?
    } else {
        // RunTask in a cluster that does not exist must not be the first to find out.
        ecs.check_cluster(&inputs.cluster, &mut faults).await?;
        None
    };
    let from = definition(inputs, service.as_ref(), ecs, &mut faults).await?;
    let image = image(step, inputs, ecs, &mut faults).await?;
    let container = from.as_ref().and_then(|from| {
        ask::container(from, inputs.container_name.as_deref())
            .map_err(|problem| faults.add("container-name", problem))
            .ok()
    });
    if let Some(from) = &from
        && from.get("networkMode").is_some_and(|mode| mode == "awsvpc")
        && inputs.service.is_none()
        && inputs.subnets.is_empty()
    {
        faults.add(
            "subnets",
            format!(
                "`{from}` has a network of its own: it needs subnets, or a `service` that has some"
            ),
        );
    }
    let volumes = from.as_ref().map_or_else(
        || Ok(Vec::new()),
        |from| volumes::configured_at_launch(from, service.as_ref()),
    );
    let volumes = volumes.map_err(|problem| faults.add("task-definition", problem)).ok();
    let copy = from
        .as_ref()
        .zip(container.as_deref())
        .map(|(from, container)| ask::copy(from, container, image.as_deref(), inputs));
    // The image that is to be replaced is nobody's fault.
    if let Some(copy) = copy.as_ref().filter(|_| image.is_some() == inputs.image.is_some()) {
        for finding in copy.check_images(ecs.session()).await {
            match finding {
                ImageFinding::Unfit(problem) => faults.add("image", problem),
                ImageFinding::NotChecked(note) => step.say(note),
            }
        }
    }
    faults.check()?;
    let (Some(from), Some(container), Some(mut copy), Some(volumes)) =
        (from, container, copy, volumes)
    else {
        // A service without a task definition of its own: CodeDeploy keeps it in task sets.
        return Err(Faults::one(
            "task-definition",
            "the service does not say what it runs: name a definition",
        )
        .into());
    };
    let ask = Ask { volumes, ..ask::ask(inputs, service.as_ref(), &from) };
    let new_log = match inputs.log_driver {
        Some(LogDriver::Awslogs) => {
            ask::redirect_log(&mut copy, &container, ecs.session().region())
        }
        None => None,
    };
    let newest = ecs.definition(copy.family()).await?;
    let registered = newest
        .filter(|newest| newest.is_active() && newest.runs_the_same_as(&copy))
        .and_then(|newest| newest.arn().map(str::to_owned));
    Ok(Look { container, from, copy, registered, ask, new_log })
}

async fn definition(
    inputs: &Inputs,
    service: Option<&Service>,
    ecs: &Ecs,
    faults: &mut Faults,
) -> miette::Result<Option<TaskDefinition>> {
    let running = service.and_then(|service| {
        let of_task_set = || service.task_sets().iter().find_map(|set| set.task_definition());
        service.task_definition().or_else(of_task_set)
    });
    let Some(name) = inputs.task_definition.as_deref().or(running) else { return Ok(None) };
    if inputs.task_definition.is_some() && is_file(name) {
        return Ok(file(name, faults));
    }
    let found = ecs.definition(name).await?;
    match &found {
        None => {
            let families = ecs.family_names().await;
            faults.add(
                "task-definition",
                format!("there is no task definition `{name}`{}", did_you_mean(name, &families)),
            );
        }
        Some(found) if !found.is_active() && inputs.task_definition.is_some() => {
            faults.add("task-definition", format!("`{found}` is INACTIVE"));
        }
        Some(_) => {}
    }
    Ok(found)
}

/// An ARN has slashes too.
fn is_file(name: &str) -> bool {
    !name.starts_with("arn:") && (name.contains('/') || name.to_lowercase().ends_with(".json"))
}

fn file(path: &str, faults: &mut Faults) -> Option<TaskDefinition> {
    let read = std::fs::read_to_string(Path::new(path)).map_err(|error| error.to_string());
    let parsed =
        read.and_then(|text| TaskDefinition::parse(&text).map_err(|error| error.to_string()));
    parsed.map_err(|problem| faults.add("task-definition", format!("`{path}`: {problem}"))).ok()
}

/// The image by digest: by the time the task starts its tag may name another.
async fn image(
    step: &Step,
    inputs: &Inputs,
    ecs: &Ecs,
    faults: &mut Faults,
) -> miette::Result<Option<String>> {
    let Some(image) = &inputs.image else { return Ok(None) };
    Ok(match image.resolve(ecs.session()).await? {
        Resolved::Pinned(image) => Some(image.to_string()),
        Resolved::AsItStands(image, note) => {
            step.notice(note);
            Some(image.to_string())
        }
        Resolved::Missing(problem) => {
            faults.add("image", problem);
            None
        }
    })
}
