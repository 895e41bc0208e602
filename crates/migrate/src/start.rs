//! Starting the task: once, whatever happens to an answer; again where there was no capacity.

use std::time::Duration;

use actions_runtime::Step;
use aws_sdk_ecs::types::{DesiredStatus, Failure, NetworkConfiguration, Task};
use aws_session::AwsError;
use ecs_tasks::Ecs;
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    ask::{Ask, Capacity},
    judge,
    token::Identity,
};

/// How long a cancelled run waits for the answer that says whether there is a task to stop.
const LAST_WORD: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// ECS: `DescribeTasks`, `tasks`.
const AT_ONCE: usize = 100;

pub(crate) struct Starter<'a> {
    pub(crate) step: &'a Step,
    pub(crate) ecs: &'a Ecs,
    pub(crate) cluster: &'a str,
    pub(crate) identity: &'a Identity,
    pub(crate) deadline: Instant,
    /// How many tasks were asked for: each try that is meant to make another has another token.
    pub(crate) tries: u32,
}

pub(crate) enum Started {
    Task(Box<Task>),
    /// ECS started nothing, and why.
    Refused(String),
    /// Nothing was started that we know of; the text says what is unknown.
    Cancelled(String),
}

impl Starter<'_> {
    /// Asks until there is a task, an answer that another try would not change, or no time left.
    pub(crate) async fn start(&mut self, ask: &Ask, definition: &str) -> miette::Result<Started> {
        loop {
            self.tries += 1;
            let token = self.identity.token(&format!("{}\n{definition}", self.cluster), self.tries);
            let asking = self.run_task(ask, definition, token);
            let answer = tokio::select! {
                answer = asking => answer,
                () = self.step.cancelled().cancelled() => return Ok(self.last_word(ask, definition).await),
            };
            let reason = match answer {
                Ok((Some(task), _)) => return Ok(Started::Task(task)),
                Ok((None, failures)) => failures,
                Err(error) if error.is_doubtful() => {
                    return self.after_doubt(definition, error).await;
                }
                Err(error) if judge::is_capacity(error.message()) => error.message().to_owned(),
                Err(error) => return Ok(Started::Refused(told(self.step, error))),
            };
            if !judge::is_capacity(&reason) {
                return Ok(Started::Refused(format!("ECS started no task: {reason}")));
            }
            if let Some(ended) = self.pause(&reason).await {
                return Ok(ended);
            }
        }
    }

    /// Waits before the next try. Something where there will be none.
    pub(crate) async fn pause(&self, reason: &str) -> Option<Started> {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.tries.min(6).saturating_sub(1));
        let pause = pause.min(LONGEST_PAUSE);
        self.step.say(format!("no capacity ({reason}): asking again in {} s", pause.as_secs()));
        tokio::select! {
            () = self.step.cancelled().cancelled() => {
                Some(Started::Cancelled("no task had been started".to_owned()))
            }
            () = sleep_until(self.deadline) => Some(Started::Refused(format!("ECS had no capacity all the while: {reason}"))),
            () = sleep(pause) => None,
        }
    }

    /// The task, or why there is none.
    async fn run_task(
        &self,
        ask: &Ask,
        definition: &str,
        token: String,
    ) -> Result<(Option<Box<Task>>, String), AwsError> {
        let mut request = self
            .ecs
            .client()
            .run_task()
            .cluster(self.cluster)
            .task_definition(definition)
            .count(1)
            .client_token(token)
            .started_by(&self.identity.started_by)
            .enable_ecs_managed_tags(ask.managed_tags)
            .set_platform_version(ask.platform_version.clone())
            .set_propagate_tags(ask.propagate_tags.clone())
            .set_network_configuration(ask.network.clone().map(|network| {
                NetworkConfiguration::builder().awsvpc_configuration(network).build()
            }));
        request = match &ask.capacity {
            Capacity::OfTheCluster => request,
            Capacity::Launch(launch) => request.launch_type(launch.clone()),
            Capacity::Providers(items) => {
                request.set_capacity_provider_strategy(Some(items.clone()))
            }
        };
        if !ask.tags.is_empty() {
            request = request.set_tags(Some(ask.tags.clone()));
        }
        if !ask.volumes.is_empty() {
            request = request.set_volume_configurations(Some(ask.volumes.clone()));
        }
        if !ask.placement_constraints.is_empty() {
            request = request.set_placement_constraints(Some(ask.placement_constraints.clone()));
        }
        if !ask.placement_strategy.is_empty() {
            request = request.set_placement_strategy(Some(ask.placement_strategy.clone()));
        }
        let answer = request
            .send()
            .await
            .map_err(|error| self.ecs.session().explain("ecs:RunTask", definition, error))?;
        let failures = failures(answer.failures());
        Ok((answer.tasks.unwrap_or_default().into_iter().next().map(Box::new), failures))
    }

    /// A cancelled run must know whether there is a task: the token makes asking again harmless.
    async fn last_word(&self, ask: &Ask, definition: &str) -> Started {
        let token = self.identity.token(&format!("{}\n{definition}", self.cluster), self.tries);
        match timeout(LAST_WORD, self.run_task(ask, definition, token)).await {
            Ok(Ok((Some(task), _))) => Started::Task(task),
            Ok(Ok((None, _))) => Started::Cancelled("no task had been started".to_owned()),
            Ok(Err(_)) | Err(_) => Started::Cancelled(format!(
                "it is not known whether a task was started: look for one with startedBy={}",
                self.identity.started_by
            )),
        }
    }

    /// `RunTask` may have been done: the task, if there is one, says who started it.
    async fn after_doubt(&self, definition: &str, error: AwsError) -> miette::Result<Started> {
        let mine = |task: &Task| {
            task.started_by() == Some(self.identity.started_by.as_str())
                && task.task_definition_arn() == Some(definition)
        };
        let found =
            tasks(self.ecs, self.cluster, &family_of(definition)).await?.into_iter().find(mine);
        Ok(if let Some(task) = found {
            Started::Task(Box::new(task))
        } else {
            let why = told(self.step, error);
            Started::Refused(format!("{why}; no task is there, so running this again is safe"))
        })
    }
}

/// Prints an error whole and returns its first line.
fn told(step: &Step, error: AwsError) -> String {
    let report = miette::Report::from(error);
    let mut text = report.to_string();
    for cause in report.chain().skip(1) {
        text = format!("{text}: {cause}");
    }
    if let Some(help) = report.help() {
        step.say(format!("help: {help}"));
    }
    text
}

fn failures(failures: &[Failure]) -> String {
    let told: Vec<String> = failures
        .iter()
        .map(|failure| {
            let reason = failure.reason().unwrap_or("no reason given");
            match failure.detail() {
                Some(detail) => format!("{reason}: {detail}"),
                None => reason.to_owned(),
            }
        })
        .collect();
    if told.is_empty() { "neither a task nor a reason".to_owned() } else { told.join("; ") }
}

/// `family` in `arn:…:task-definition/family:7`.
fn family_of(definition: &str) -> String {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    name.split(':').next().unwrap_or(name).to_owned()
}

/// The tasks of a family that are not STOPPED: those that run, and those that were asked to stop and still do.
pub(crate) async fn tasks(ecs: &Ecs, cluster: &str, family: &str) -> Result<Vec<Task>, AwsError> {
    let list = async |status: DesiredStatus| {
        let answer = ecs
            .client()
            .list_tasks()
            .cluster(cluster)
            .family(family)
            .desired_status(status)
            .send()
            .await
            .map_err(|error| ecs.session().explain("ecs:ListTasks", cluster, error))?;
        Ok::<_, AwsError>(answer.task_arns.unwrap_or_default())
    };
    let (running, stopping) =
        futures_util::try_join!(list(DesiredStatus::Running), list(DesiredStatus::Stopped))?;
    let arns: Vec<String> = running.into_iter().chain(stopping).collect();
    let described = try_join_all(arns.chunks(AT_ONCE).map(async |arns| {
        let answer = ecs
            .client()
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| ecs.session().explain("ecs:DescribeTasks", cluster, error))?;
        Ok::<_, AwsError>(answer.tasks.unwrap_or_default())
    }))
    .await?;
    Ok(described
        .into_iter()
        .flatten()
        .filter(|task| task.last_status() != Some("STOPPED"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_found_in_an_arn() {
        assert_eq!(
            family_of("arn:aws:ecs:eu-west-1:1:task-definition/api-migrate:7"),
            "api-migrate"
        );
    }
}
