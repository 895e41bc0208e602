//! ECS's record of our deployment (a "service deployment"), where it may be read and is kept.
//!
//! Emulators and older endpoints have none, and many roles may not read it: everything works without, only later or with
//! less certainty.

use aws_sdk_ecs::{
    primitives::DateTimeFormat,
    types::{self, CreatedAt},
};
use ecs_tasks::last_part;

use super::seen::{Hook, Record};
use crate::{report::Report, service::Service, update::Target};

/// How often an empty or refused answer is asked for again.
const TRIES: u32 = 4;
/// The clocks of a deployment and of its record may differ by this much, in seconds.
const SKEW: f64 = 3.0;

#[derive(Debug)]
pub(crate) struct Records {
    definition: String,
    since: Option<f64>,
    /// The record of the deployment before ours.
    old: Option<String>,
    arn: Option<String>,
    tries_left: u32,
}

impl Records {
    pub(crate) fn new(definition: String, since: Option<f64>, old: Option<String>) -> Self {
        Self { definition, since, old, arn: None, tries_left: TRIES }
    }

    pub(crate) fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    pub(crate) fn forget(&mut self) {
        self.arn = None;
        self.tries_left = 0;
    }

    /// Our record, if it can be found and read.
    pub(crate) async fn read(
        &mut self,
        target: &Target,
        service: &Service,
        report: &Report<'_>,
    ) -> Option<Record> {
        if self.arn.is_none() {
            self.find(target, service, report).await;
        }
        let arn = self.arn.clone()?;
        let answer = target
            .ecs
            .client()
            .describe_service_deployments()
            .service_deployment_arns(&arn)
            .send()
            .await;
        match answer {
            Ok(answer) => answer.service_deployments().first().map(record_of),
            Err(error) => {
                let error = target.ecs.session().explain(
                    "ecs:DescribeServiceDeployments",
                    last_part(&arn),
                    error,
                );
                self.give_up(report, &error);
                None
            }
        }
    }

    /// Finds which record is ours: the one made for our update, whose revision runs our task definition.
    pub(crate) async fn find(&mut self, target: &Target, service: &Service, report: &Report<'_>) {
        if self.tries_left == 0 || self.arn.is_some() {
            return;
        }
        self.tries_left -= 1;
        let client = target.ecs.client();
        let mut request =
            client.list_service_deployments().cluster(&target.cluster).service(&target.service);
        if let Some(since) = self.since {
            let after = aws_sdk_ecs::primitives::DateTime::from_secs_f64(since - SKEW);
            request = request.created_at(CreatedAt::builder().after(after).build());
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = target.ecs.session().explain(
                    "ecs:ListServiceDeployments",
                    &target.service,
                    error,
                );
                return self.give_up(report, &error);
            }
        };
        let mut candidates: Vec<&types::ServiceDeploymentBrief> = answer
            .service_deployments()
            .iter()
            .filter(|it| {
                it.service_deployment_arn().is_some()
                    && it.service_deployment_arn() != self.old.as_deref()
            })
            .collect();
        // The first one after our update; a later one may be somebody's of the same revision.
        candidates.sort_by(|a, b| created(a).total_cmp(&created(b)));
        let revisions: Vec<String> = candidates
            .iter()
            .filter_map(|it| it.target_service_revision_arn())
            .map(str::to_owned)
            .collect();
        if revisions.is_empty() {
            if let Some(going_on) = &service.record
                && Some(going_on) != self.old.as_ref()
            {
                self.arn = self.confirmed(target, going_on).await;
            }
            return;
        }
        let Ok(answer) = client
            .describe_service_revisions()
            .set_service_revision_arns(Some(revisions))
            .send()
            .await
        else {
            return;
        };
        let runs_ours = |revision: Option<&str>| {
            answer.service_revisions().iter().any(|it| {
                it.service_revision_arn() == revision
                    && it.task_definition() == Some(self.definition.as_str())
            })
        };
        self.arn = candidates
            .iter()
            .find(|it| runs_ours(it.target_service_revision_arn()))
            .and_then(|it| it.service_deployment_arn())
            .map(str::to_owned);
    }

    /// `arn`, where its revision runs our task definition.
    async fn confirmed(&self, target: &Target, arn: &str) -> Option<String> {
        let client = target.ecs.client();
        let answer =
            client.describe_service_deployments().service_deployment_arns(arn).send().await.ok()?;
        let revision =
            answer.service_deployments().first()?.target_service_revision()?.arn()?.to_owned();
        let answer = client
            .describe_service_revisions()
            .service_revision_arns(revision)
            .send()
            .await
            .ok()?;
        let runs = answer.service_revisions().first()?.task_definition()?;
        (runs == self.definition).then(|| arn.to_owned())
    }

    fn give_up(&mut self, report: &Report<'_>, error: &aws_session::AwsError) {
        if error.is_access_denied() {
            if self.tries_left > 0 {
                report.records_unreadable();
            }
            self.arn = None;
        }
        self.tries_left = 0;
    }
}

fn created(brief: &types::ServiceDeploymentBrief) -> f64 {
    brief.created_at().map(aws_sdk_ecs::primitives::DateTime::as_secs_f64).unwrap_or_default()
}

fn record_of(deployment: &types::ServiceDeployment) -> Record {
    Record {
        status: deployment
            .status()
            .map(types::ServiceDeploymentStatus::as_str)
            .unwrap_or_default()
            .to_owned(),
        reason: deployment.status_reason().map(str::to_owned),
        stage: deployment
            .lifecycle_stage()
            .map(types::ServiceDeploymentLifecycleStage::as_str)
            .map(str::to_owned),
        rollback_reason: deployment.rollback().and_then(types::Rollback::reason).map(str::to_owned),
        alarms: deployment
            .alarms()
            .map(types::ServiceDeploymentAlarms::triggered_alarm_names)
            .unwrap_or_default()
            .to_vec(),
        hooks: deployment
            .lifecycle_hook_details()
            .iter()
            .map(|hook| hook_of(hook, deployment.service_deployment_arn().unwrap_or_default()))
            .collect(),
    }
}

fn hook_of(hook: &types::DeploymentLifecycleHookDetail, record: &str) -> Hook {
    let kind = hook.target_type().map_or("", types::DeploymentLifecycleHookTargetType::as_str);
    // A function's ARN ends with `:function:name`.
    let function = hook.target_arn().and_then(|arn| arn.split(":function:").nth(1));
    let otherwise = match (hook.timeout_action(), hook.expires_at()) {
        (Some(action), Some(at)) => {
            let at = at.fmt(DateTimeFormat::DateTime).unwrap_or_default();
            format!(" (left alone, ECS does {} at {at})", action.as_str())
        }
        _ => String::new(),
    };
    Hook {
        name: format!("`{}`", function.unwrap_or(kind)),
        status: hook
            .status()
            .map(types::DeploymentLifecycleHookStatus::as_str)
            .unwrap_or_default()
            .to_owned(),
        way_on: format!(
            "aws ecs continue-service-deployment --service-deployment-arn {record} --hook-id {} --action CONTINUE{otherwise}",
            hook.hook_id().unwrap_or_default()
        ),
    }
}
