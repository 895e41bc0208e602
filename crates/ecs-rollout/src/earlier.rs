//! Earlier revisions: the one that a rollback on demand goes to.
//!
//! Tags and ECS's own records are the only store: a commit is looked for among the newest revisions of the family.

use actions_runtime::Faults;
use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus, TaskDefinitionStatus};
use ecs_tasks::{Ecs, EcsError, TaskDefinition};

use crate::{plan::COMMIT_TAG, service::Service, values::RollbackTo};

/// The revision that `to` names, a fault where there is none.
pub(crate) async fn find(
    ecs: &Ecs,
    cluster: &str,
    now: &Service,
    runs: &TaskDefinition,
    to: &RollbackTo,
    faults: &mut Faults,
) -> Result<Option<TaskDefinition>, EcsError> {
    match to {
        RollbackTo::Previous => {
            let Some(arn) = previous(ecs, cluster, now, runs).await else {
                faults.add("rollback-to", "which revision completed before cannot be told (ECS keeps no record of it, or this run may not read it): name a commit or a revision");
                return Ok(None);
            };
            ecs.definition(&arn).await
        }
        RollbackTo::Revision(revision) => {
            let name = if revision.bytes().all(|b| b.is_ascii_digit()) {
                format!("{}:{revision}", runs.family())
            } else {
                revision.clone()
            };
            let found = ecs.definition(&name).await?;
            match &found {
                None => faults.add("rollback-to", format!("there is no task definition `{name}`")),
                Some(found) if found.family() != runs.family() => faults.add(
                    "rollback-to",
                    format!("`{found}` is of another family than `{runs}`, which the service runs"),
                ),
                Some(_) => {}
            }
            Ok(found)
        }
        RollbackTo::Commit(commit) => of_commit(ecs, runs, commit, faults).await,
    }
}

async fn of_commit(
    ecs: &Ecs,
    runs: &TaskDefinition,
    commit: &str,
    faults: &mut Faults,
) -> Result<Option<TaskDefinition>, EcsError> {
    const SHOWN: usize = 5;
    let mut known: Vec<String> = Vec::new();
    // Those that were deregistered come last: they would have to be registered again.
    for status in [TaskDefinitionStatus::Active, TaskDefinitionStatus::Inactive] {
        for arn in ecs.revisions(runs.family(), status).await? {
            let Some(definition) = ecs.definition(&arn).await? else { continue };
            for tag in definition.tag(COMMIT_TAG).unwrap_or_default().split_whitespace().rev() {
                if tag.starts_with(commit) {
                    return Ok(Some(definition));
                }
                if known.len() < SHOWN && !known.iter().any(|it| it == tag) {
                    known.push(tag.to_owned());
                }
            }
        }
    }
    let hint = if known.is_empty() {
        "none of them has a tag `commit`".to_owned()
    } else {
        let shown: Vec<String> =
            known.iter().map(|it| format!("`{}`", it.get(..12).unwrap_or(it))).collect();
        format!("the newest are of {}", shown.join(", "))
    };
    faults.add(
        "rollback-to",
        format!("no revision of `{}` is of the commit `{commit}`: {hint}", runs.family()),
    );
    Ok(None)
}

/// The newest deployment that completed and runs something else than the service does now.
async fn previous(
    ecs: &Ecs,
    cluster: &str,
    now: &Service,
    runs: &TaskDefinition,
) -> Option<String> {
    let current = runs.arn().unwrap_or_default();
    let completed = completed(ecs, cluster, &now.name).await;
    let by_record = completed.iter().find(|arn| *arn != current).cloned();
    by_record.or_else(|| {
        let mut others: Vec<_> =
            now.deployments.iter().filter(|it| it.is_done() && it.definition != current).collect();
        others.sort_by(|a, b| {
            a.created_at.unwrap_or_default().total_cmp(&b.created_at.unwrap_or_default())
        });
        others.last().map(|it| it.definition.clone())
    })
}

/// The task definitions of the service's successful deployments, newest first, as far as ECS records them.
pub(crate) async fn completed(ecs: &Ecs, cluster: &str, service: &str) -> Vec<String> {
    /// As many revisions as one call describes.
    const LOOKED_AT: usize = 20;
    let request = ecs.client().list_service_deployments().cluster(cluster).service(service);
    let Ok(answer) = request.status(ServiceDeploymentStatus::Successful).send().await else {
        return Vec::new();
    };
    let mut deployments = answer.service_deployments().to_vec();
    deployments.sort_by(|a, b| created(b).total_cmp(&created(a)));
    let revisions: Vec<String> = deployments
        .iter()
        .filter_map(ServiceDeploymentBrief::target_service_revision_arn)
        .take(LOOKED_AT)
        .map(str::to_owned)
        .collect();
    if revisions.is_empty() {
        return Vec::new();
    }
    let request = ecs.client().describe_service_revisions();
    let Ok(answer) = request.set_service_revision_arns(Some(revisions.clone())).send().await else {
        return Vec::new();
    };
    let definition = |arn: &String| {
        let revision =
            answer.service_revisions().iter().find(|it| it.service_revision_arn() == Some(arn))?;
        revision.task_definition().map(str::to_owned)
    };
    revisions.iter().filter_map(definition).collect()
}

fn created(deployment: &ServiceDeploymentBrief) -> f64 {
    deployment.created_at().map(aws_sdk_ecs::primitives::DateTime::as_secs_f64).unwrap_or_default()
}
