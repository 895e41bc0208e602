//! What will be done, decided from what was seen. Pure: no clock, no call; carrying it out leaves no choice.

use ecs_tasks::{Change, TaskDefinition, changes};

use crate::{
    inputs::Inputs,
    look::{Seen, SeenService},
    service::State,
};

/// The tag that ties a revision to its commit.
pub(crate) const COMMIT_TAG: &str = "commit";

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) revision: Revision,
    pub(crate) action: Action,
    /// What tasks of the revision will have that those of the running one have not.
    pub(crate) changes: Vec<Change>,
    /// What is left as it is, or could not be checked, and why.
    pub(crate) notes: Vec<String>,
    /// The ARN that a rollback goes back to.
    pub(crate) previous: Option<String>,
    /// The commits of a revision that is there already, this run's among them, where its tag lacks that one.
    pub(crate) commits: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Revision {
    /// It is there already.
    Registered(TaskDefinition),
    New(TaskDefinition),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// No service is named.
    RegisterOnly,
    /// The service runs exactly this, with all its tasks.
    Nothing,
    /// ECS deploys exactly this already: that deployment is watched.
    Adopt {
        id: String,
    },
    Update(Update),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    /// Makes ECS deploy though the revision is the same.
    pub(crate) force: bool,
    pub(crate) desired_count: Option<u32>,
    /// Why, where it is not plain.
    pub(crate) why: Option<String>,
}

impl Revision {
    pub(crate) fn definition(&self) -> &TaskDefinition {
        match self {
            Self::Registered(definition) | Self::New(definition) => definition,
        }
    }
}

/// Decides.
pub(crate) fn plan(inputs: &Inputs, commit: Option<&str>, seen: &Seen) -> Plan {
    let mut notes = seen.notes.clone();
    let wanted = wanted(inputs, commit, seen);
    let service = seen.service.as_ref();
    let compared_to = service.map_or(&seen.base, |service| &service.runs);
    let changes = changes(compared_to, &wanted);
    if let (Some(service), Some(newest)) = (service, &seen.newest) {
        notes.extend(newer_revision(inputs, service, newest));
    }
    let revision = revision(wanted, seen);
    let action = match service {
        None => Action::RegisterOnly,
        Some(service) => action(inputs, service, &revision),
    };
    let commits = commits(inputs, commit, &revision);
    if let Some(service) = service
        && let Some(note) = no_way_back(service, &action)
    {
        notes.push(note);
    }
    Plan {
        revision,
        action,
        commits,
        changes,
        notes,
        previous: service.and_then(|it| it.last_completed.clone()),
    }
}

/// The definition that the inputs describe.
fn wanted(inputs: &Inputs, commit: Option<&str>, seen: &Seen) -> TaskDefinition {
    let mut wanted = seen.base.clone();
    for (container, image) in &seen.images {
        wanted.set_image(container, &image.to_string());
    }
    for container in &seen.containers {
        for pair in &inputs.environment_variables {
            wanted.set_environment(container, &pair.key, &pair.value);
        }
        for pair in &inputs.secrets {
            wanted.set_secret(container, &pair.key, &pair.value);
        }
        if let Some(command) = &inputs.command {
            wanted.set_command(container, &command.0);
        }
    }
    for tag in &inputs.tags {
        wanted.set_tag(&tag.key, &tag.value);
    }
    // An earlier revision is deployed as it is, with the commit that it was made from.
    if let Some(commit) = commit.filter(|_| inputs.rollback_to.is_none()) {
        wanted.set_tag(COMMIT_TAG, commit);
    }
    wanted
}

/// The tag of a revision that serves one more commit, so that `rollback-to` finds it by each. One without the tag is not
/// this pipeline's, and left alone.
fn commits(inputs: &Inputs, commit: Option<&str>, revision: &Revision) -> Option<String> {
    /// A tag's value has at most 256 characters.
    const NEWEST: usize = 6;
    let commit = commit.filter(|_| inputs.rollback_to.is_none())?;
    let Revision::Registered(definition) = revision else { return None };
    let mut commits: Vec<&str> = definition.tag(COMMIT_TAG)?.split_whitespace().collect();
    if commits.contains(&commit) {
        return None;
    }
    commits.push(commit);
    Some(commits.split_off(commits.len().saturating_sub(NEWEST)).join(" "))
}

/// An INACTIVE revision runs on, but nothing can be rolled back to it.
fn no_way_back(service: &SeenService, action: &Action) -> Option<String> {
    let is_back = service.last_completed.as_deref() == service.runs.arn();
    let lost = matches!(action, Action::Update(_)) && is_back && !service.runs.is_active();
    lost.then(|| {
        format!(
            "`{}`, which runs now, is INACTIVE: a deployment that fails cannot be rolled back to it",
            service.runs
        )
    })
}

/// A revision that is there already and is the same, so that a rerun registers nothing; else a new one.
fn revision(wanted: TaskDefinition, seen: &Seen) -> Revision {
    let usable = |it: &TaskDefinition| it.arn().is_some() && it.is_active();
    let same = |it: &&TaskDefinition| usable(it) && it.runs_the_same_as(&wanted);
    // Who names a revision means that one, whatever else looks the same.
    let named = Some(&seen.base).filter(|_| seen.base_is_named).filter(same);
    let runs = seen.service.as_ref().map(|service| &service.runs).filter(same);
    let newest = seen.newest.as_ref().filter(|it| usable(it) && it.is_registered_as(&wanted));
    match named.or(runs).or(newest) {
        Some(there) => Revision::Registered(there.clone()),
        None => Revision::New(wanted),
    }
}

fn action(inputs: &Inputs, service: &SeenService, revision: &Revision) -> Action {
    let update = |force: bool, why: Option<&str>| {
        Action::Update(Update {
            force,
            desired_count: inputs.desired_count,
            why: why.map(str::to_owned),
        })
    };
    let force = inputs.force_new_deployment;
    let Revision::Registered(definition) = revision else { return update(force, None) };
    let Some(primary) = service
        .now
        .primary()
        .filter(|primary| Some(primary.definition.as_str()) == definition.arn())
    else {
        return update(force, None);
    };
    if force {
        return update(
            true,
            Some("the same revision is deployed again, as `force-new-deployment` asks"),
        );
    }
    let count_changes = inputs
        .desired_count
        .is_some_and(|count| i64::from(count) != i64::from(service.now.desired));
    match primary.state {
        State::Failed => update(true, Some("its last deployment failed: it is deployed again")),
        State::InProgress | State::Unknown(_) if !count_changes => {
            Action::Adopt { id: primary.id.clone() }
        }
        _ if count_changes => update(false, Some("only the number of tasks changes")),
        State::Completed | State::Absent if primary.is_full() => Action::Nothing,
        State::Completed | State::Absent | State::InProgress | State::Unknown(_) => {
            update(true, Some("it is short of tasks: it is deployed again"))
        }
    }
}

/// Somebody else, Terraform say, registered a revision that the service does not run yet: the fields are named.
fn newer_revision(
    inputs: &Inputs,
    service: &SeenService,
    newest: &TaskDefinition,
) -> Option<String> {
    if newest.family() != service.runs.family() || newest.revision() <= service.runs.revision() {
        return None;
    }
    let fields: Vec<String> = changes(&service.runs, newest)
        .into_iter()
        .map(|change| change.path)
        // What a deployment of its own leaves behind is no news.
        .filter(|path| path.rsplit('.').next() != Some("image"))
        .collect();
    if fields.is_empty() || inputs.task_definition.is_some() {
        return None;
    }
    let what = match inputs.base {
        crate::inputs::Base::Running => {
            "starting from what runs; `base: newest` would take them in"
        }
        crate::inputs::Base::Newest => "starting from the newer one, as `base` asks",
    };
    Some(format!(
        "`{newest}` is newer than `{}`, which runs, and differs in {}: {what}",
        service.runs,
        fields.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::service::{Deployment, Service, Settings};

    fn definition(revision: u64, image: &str) -> TaskDefinition {
        TaskDefinition::of(json!({
            "taskDefinitionArn": format!("arn:api:{revision}"), "family": "api", "revision": revision, "status": "ACTIVE",
            "containerDefinitions": [{ "name": "api", "image": image }],
            "tags": [{ "key": "commit", "value": "abc" }],
        }))
        .unwrap()
    }

    fn seen(state: State, running: i32, image: &str) -> Seen {
        let runs = definition(7, "repo:1");
        let primary = Deployment {
            id: "ecs-svc/1".to_owned(),
            is_primary: true,
            definition: "arn:api:7".to_owned(),
            desired: 2,
            running,
            state,
            ..Deployment::default()
        };
        Seen {
            service: Some(SeenService {
                now: Service {
                    desired: 2,
                    running,
                    deployments: vec![primary],
                    ..Service::default()
                },
                settings: Settings::default(),
                runs: runs.clone(),
                last_completed: Some("arn:api:7".to_owned()),
            }),
            newest: Some(runs.clone()),
            base: runs,
            base_is_named: false,
            containers: vec!["api".to_owned()],
            images: vec![("api".to_owned(), image.parse().unwrap())],
            notes: Vec::new(),
        }
    }

    fn planned(arguments: &[&str], seen: &Seen) -> Plan {
        let arguments = ["ecs-rollout", "--service=api"].iter().chain(arguments);
        plan(&Inputs::parse_from(arguments), Some("abc"), seen)
    }

    #[test]
    fn unchanged_only_when_exactly_that_runs_completed_and_in_full() {
        assert_eq!(planned(&[], &seen(State::Completed, 2, "repo:1")).action, Action::Nothing);
        let again = |state, running| match planned(&[], &seen(state, running, "repo:1")).action {
            Action::Update(update) => update.force,
            _ => false,
        };
        assert!(again(State::Completed, 1));
        assert!(again(State::Failed, 2));
    }

    #[test]
    fn the_same_deployment_under_way_is_adopted() {
        let plan = planned(&[], &seen(State::InProgress, 0, "repo:1"));
        assert_eq!(plan.action, Action::Adopt { id: "ecs-svc/1".to_owned() });
        assert!(matches!(plan.revision, Revision::Registered(_)));
    }

    #[test]
    fn another_image_is_a_new_revision_with_the_commit() {
        let plan = planned(&[], &seen(State::Completed, 2, "repo:2"));
        let Revision::New(definition) = &plan.revision else { panic!("{plan:?}") };
        assert_eq!(definition.tag("commit"), Some("abc"));
        assert_eq!(
            plan.changes[0].to_string(),
            "~ containerDefinitions.api.image: repo:1 → repo:2"
        );
        assert_eq!(plan.previous.as_deref(), Some("arn:api:7"));
        assert!(matches!(plan.action, Action::Update(Update { force: false, .. })));
    }

    #[test]
    fn a_revision_that_an_earlier_run_registered_is_used_again() {
        let mut seen = seen(State::Completed, 2, "repo:2");
        seen.newest = Some(definition(8, "repo:2"));
        let plan = planned(&[], &seen);
        assert_eq!(plan.revision.definition().arn(), Some("arn:api:8"));
    }

    #[test]
    fn a_revision_that_serves_another_commit_too_is_tagged_with_both() {
        let commits = |tag: &str, state| {
            let mut seen = seen(state, 2, "repo:1");
            let runs = &mut seen.service.as_mut().unwrap().runs;
            runs.set("tags", (!tag.is_empty()).then(|| json!([{ "key": "commit", "value": tag }])));
            planned(&[], &seen).commits
        };
        assert_eq!(commits("abc", State::Completed), None);
        assert_eq!(commits("1 abc", State::Completed), None);
        assert_eq!(commits("def", State::Completed).as_deref(), Some("def abc"));
        assert_eq!(commits("1 2 3 4 5 6", State::Completed).as_deref(), Some("2 3 4 5 6 abc"));
        assert_eq!(commits("def", State::Failed).as_deref(), Some("def abc"));
        assert_eq!(commits("", State::Failed), None);
    }

    #[test]
    fn a_count_alone_needs_no_new_revision() {
        let plan = planned(&["--desired-count=3"], &seen(State::Completed, 2, "repo:1"));
        let Action::Update(update) = plan.action else { panic!("{plan:?}") };
        assert_eq!((update.force, update.desired_count), (false, Some(3)));
    }

    #[test]
    fn a_newer_revision_of_somebody_else_is_named_field_by_field() {
        let mut seen = seen(State::Completed, 2, "repo:2");
        let mut newest = definition(9, "repo:1");
        newest.set("cpu", Some(json!("512")));
        seen.newest = Some(newest);
        let plan = planned(&[], &seen);
        assert!(
            plan.notes[0].contains("`api:9` is newer than `api:7`, which runs, and differs in cpu"),
            "{:?}",
            plan.notes
        );
        assert!(matches!(plan.revision, Revision::New(_)));
    }
}
