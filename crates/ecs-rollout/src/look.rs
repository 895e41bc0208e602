//! Everything that is read before anything is decided, and every fault that only reading can find.

use std::path::Path;

use actions_runtime::{Faults, did_you_mean};
use ecs_tasks::{Ecs, EcsError, ImageRef, Resolved, TaskDefinition};

use crate::{
    earlier,
    inputs::{Base, Inputs},
    service::{Deployment, Service, Settings},
};

/// What is there, and what the inputs name.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) service: Option<SeenService>,
    /// What the new revision starts from.
    pub(crate) base: TaskDefinition,
    /// Whether an input names `base`.
    pub(crate) base_is_named: bool,
    /// The newest ACTIVE revision of the family.
    pub(crate) newest: Option<TaskDefinition>,
    /// The containers that variables, secrets and the command are for.
    pub(crate) containers: Vec<String>,
    /// Images by container, by digest where that could be found out.
    pub(crate) images: Vec<(String, ImageRef)>,
    /// What could not be checked, and other things worth a line.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct SeenService {
    pub(crate) now: Service,
    pub(crate) settings: Settings,
    /// What PRIMARY runs.
    pub(crate) runs: TaskDefinition,
    /// The ARN that the last completed deployment runs: what a rollback goes back to.
    pub(crate) last_completed: Option<String>,
}

/// Reads what there is. Faults are told all at once.
pub(crate) async fn look(ecs: &Ecs, inputs: &Inputs) -> miette::Result<Seen> {
    let mut faults = Faults::default();
    let mut notes = Vec::new();
    let service = match &inputs.service {
        Some(name) => ecs.service(&inputs.cluster, name, &mut faults).await?,
        None => None,
    };
    let named = match &inputs.task_definition {
        Some(name) => named_definition(ecs, name, &mut faults).await?,
        None => None,
    };
    if inputs.service.is_none() && inputs.task_definition.is_none() {
        faults.add(
            "task-definition",
            "is required without `service`: there is nothing to start from",
        );
    }
    for secret in &inputs.secrets {
        if inputs.environment_variables.iter().any(|variable| variable.key == secret.key) {
            faults.add(
                "secrets",
                format!(
                    "`{}` is among `environment-variables` too: it is one or the other",
                    secret.key
                ),
            );
        }
    }
    let mut seen_service = None;
    if let Some(service) = &service {
        let settings = Settings::from(service);
        check_settings(&settings, inputs, &mut faults);
        let now = Service::from(service);
        let definition = now
            .primary()
            .map(|primary| primary.definition.clone())
            .or_else(|| service.task_definition().map(str::to_owned))
            .unwrap_or_default();
        match ecs.definition(&definition).await? {
            Some(runs) => {
                let last_completed = last_completed(ecs, inputs, &now).await;
                seen_service = Some(SeenService { now, settings, runs, last_completed });
            }
            None => faults.add("service", format!("its task definition `{definition}` is gone: name another one with `task-definition`")),
        }
    }
    let named = match (&inputs.rollback_to, &seen_service) {
        (Some(to), Some(seen)) => {
            earlier::find(ecs, &inputs.cluster, &seen.now, &seen.runs, to, &mut faults).await?
        }
        _ => named,
    };
    let base_is_named = named.is_some();
    let running = seen_service.as_ref().map(|service| service.runs.clone());
    let Some(mut base) = named.or(running) else {
        // Without a base the images can still be looked for, so that their faults are told now and not next time.
        resolve_images(ecs, inputs, None, &[], &mut faults, &mut notes).await?;
        faults.check()?;
        return Err(miette::miette!("there is no task definition to start from"));
    };
    let newest = ecs.definition(base.family()).await?;
    if inputs.base == Base::Newest
        && !base_is_named
        && let Some(newest) = &newest
    {
        base = newest.clone();
    }
    let containers = containers(inputs, &base, seen_service.as_ref(), &mut faults);
    let images =
        resolve_images(ecs, inputs, Some(&base), &containers, &mut faults, &mut notes).await?;
    faults.check()?;
    Ok(Seen { service: seen_service, base, base_is_named, newest, containers, images, notes })
}

/// A JSON file, else whatever ECS knows under that name.
async fn named_definition(
    ecs: &Ecs,
    name: &str,
    faults: &mut Faults,
) -> Result<Option<TaskDefinition>, EcsError> {
    let path = Path::new(name);
    let is_path = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        || (name.contains('/') && !name.starts_with("arn:"));
    if is_path {
        match tokio::fs::read_to_string(path).await {
            Ok(text) => match TaskDefinition::parse(&text) {
                Ok(definition) => return Ok(Some(definition)),
                Err(error) => faults.add("task-definition", format!("`{name}`: {error}")),
            },
            Err(error) => {
                faults.add("task-definition", format!("`{name}` cannot be read: {error}"));
            }
        }
        return Ok(None);
    }
    let found = ecs.definition(name).await?;
    if found.is_none() {
        let family = name.rsplit('/').next().unwrap_or(name);
        let family = family.split(':').next().unwrap_or(family);
        let hint = match ecs.definition(family).await? {
            Some(newest) => format!("; the newest of its family is `{newest}`"),
            None => did_you_mean(family, &ecs.family_names().await),
        };
        faults.add("task-definition", format!("there is no task definition `{name}`{hint}"));
    }
    Ok(found)
}

fn check_settings(settings: &Settings, inputs: &Inputs, faults: &mut Faults) {
    match settings.controller.as_str() {
        "CODE_DEPLOY" => faults.add(
            "service",
            "is deployed by CodeDeploy: use `aws deploy` or CodeDeploy's own action, or move it to ECS's native blue/green deployments",
        ),
        "EXTERNAL" => faults.add(
            "service",
            "has an EXTERNAL deployment controller: its task sets are deployed by that controller, not by UpdateService",
        ),
        _ => {}
    }
    if settings.daemon && inputs.desired_count.is_some() {
        faults.add(
            "desired-count",
            "the service is a DAEMON: it runs one task on each instance, and has no count",
        );
    }
}

/// The definition of the newest deployment that completed. What `UpdateService` is about to replace usually did; else ECS's
/// record of service deployments may know, where this run may read it.
async fn last_completed(ecs: &Ecs, inputs: &Inputs, now: &Service) -> Option<String> {
    let done = now.deployments.iter().filter(|deployment| deployment.is_done());
    let newest = done.max_by(|a, b| {
        let key = |it: &Deployment| (it.is_primary, it.created_at.unwrap_or_default());
        let ((a_primary, a_created), (b_primary, b_created)) = (key(a), key(b));
        a_primary.cmp(&b_primary).then(a_created.total_cmp(&b_created))
    });
    match newest {
        Some(deployment) => Some(deployment.definition.clone()),
        None => earlier::completed(ecs, &inputs.cluster, &now.name).await.into_iter().next(),
    }
}

/// Which containers the inputs are about.
fn containers(
    inputs: &Inputs,
    base: &TaskDefinition,
    service: Option<&SeenService>,
    faults: &mut Faults,
) -> Vec<String> {
    let names = base.container_names();
    let check = |input: &str, name: &str, faults: &mut Faults| {
        let known = names.iter().any(|known| known == name);
        if !known {
            faults.add(
                input,
                format!("`{base}` has no container `{name}`{}", did_you_mean(name, &names)),
            );
        }
        known
    };
    for image in &inputs.image {
        if let Some(container) = &image.container {
            check("image", container, faults);
        }
    }
    if let Some(wanted) = &inputs.container_name {
        return wanted
            .0
            .iter()
            .filter(|name| check("container-name", name, faults))
            .cloned()
            .collect();
    }
    let needed = inputs.image.iter().any(|image| image.container.is_none())
        || !inputs.environment_variables.is_empty()
        || !inputs.secrets.is_empty()
        || inputs.command.is_some();
    if !needed {
        return Vec::new();
    }
    if let [only] = names.as_slice() {
        return vec![only.clone()];
    }
    let behind: Vec<String> = service
        .into_iter()
        .flat_map(|service| &service.settings.load_balancers)
        .map(|balancer| balancer.container.clone())
        .filter(|name| names.contains(name))
        .collect();
    match behind.as_slice() {
        [first, rest @ ..] if rest.iter().all(|name| name == first) => vec![first.clone()],
        _ => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            faults.add(
                "container-name",
                format!("is required: `{base}` has the containers {}", names.join(", ")),
            );
            Vec::new()
        }
    }
}

async fn resolve_images(
    ecs: &Ecs,
    inputs: &Inputs,
    base: Option<&TaskDefinition>,
    containers: &[String],
    faults: &mut Faults,
    notes: &mut Vec<String>,
) -> miette::Result<Vec<(String, ImageRef)>> {
    let without_container = inputs.image.iter().filter(|image| image.container.is_none()).count();
    if without_container > 1 {
        faults.add("image", "several images need their containers: lines `container=image`");
        return Ok(Vec::new());
    }
    let session = ecs.session();
    let answers = futures_util::future::join_all(
        inputs.image.iter().map(|image| image.image.resolve(session)),
    )
    .await;
    let mut images: Vec<(String, ImageRef)> = Vec::new();
    for (wanted, resolved) in inputs.image.iter().zip(answers) {
        let image = match resolved? {
            Resolved::Pinned(image) => image,
            Resolved::AsItStands(image, note) => {
                notes.push(note);
                image
            }
            Resolved::Missing(problem) => {
                faults.add("image", problem);
                continue;
            }
        };
        let targets = match &wanted.container {
            Some(container) => std::slice::from_ref(container),
            None => containers,
        };
        for container in targets {
            if base.is_some() && images.iter().any(|(taken, _)| taken == container) {
                faults.add("image", format!("names two images for the container `{container}`"));
            }
            images.push((container.clone(), image.clone()));
        }
    }
    Ok(images)
}
