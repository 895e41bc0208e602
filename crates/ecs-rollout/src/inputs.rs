//! The only place where an input is named, typed, defaulted and described.

use std::num::NonZeroU32;

use actions_runtime::{
    CommonInputs,
    values::{Interval, Minutes, Pair},
};
use aws_session::AwsInputs;
use clap::ValueEnum;
use ecs_tasks::CommandLine;

use crate::values::{ContainerImage, Names, RollbackTo};
use crate::verify::{Expectation, VerifyUrl};

/// Deploy an image to an ECS service and wait for the verdict.
///
/// A new revision of the service's task definition is registered with the image in it, the service is updated once, and
/// that deployment is watched until ECS has judged it. When it fails, its cause is told: which task, which exit code,
/// the last lines of its log, and what to do.
#[derive(Debug, clap::Parser)]
#[command(version, about, long_about)]
pub struct Inputs {
    /// Cluster of the service: its name or ARN.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub cluster: String,

    /// Service to deploy to. Without it the revision is registered and nothing is deployed.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// What the new revision starts from: a family, `family:revision`, an ARN, or a JSON file.
    ///
    /// By default it is the revision that the service runs, so that no file is needed. A file may be what
    /// `aws ecs describe-task-definition` prints; members that this program does not know are kept.
    #[arg(long, value_name = "FAMILY|ARN|FILE")]
    pub task_definition: Option<String>,

    /// Which revision to start from when the family holds a newer one than the service runs.
    ///
    /// A newer revision is usually Terraform's. The fields in which it differs are named either way.
    #[arg(long, value_name = "WHICH", default_value = "running")]
    pub base: Base,

    /// Containers that the image, the variables, the secrets and the command are for; several with commas.
    ///
    /// By default the only container, or the one behind the load balancer.
    #[arg(long, value_name = "NAMES")]
    pub container_name: Option<Names>,

    /// Image to deploy; or lines `container=image`.
    ///
    /// A tag in ECR is resolved to its digest first: by the time a task starts it may name another image.
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<ContainerImage>,

    /// Variables to set: lines `KEY=VALUE`. The others stay.
    #[arg(long, value_name = "KEY=VALUE")]
    pub environment_variables: Vec<Pair>,

    /// Secrets to set: lines `KEY=ARN` of a secret or a parameter, never a value.
    #[arg(long, value_name = "KEY=ARN")]
    pub secrets: Vec<Pair>,

    /// Command to run instead of the image's: words as a shell splits them, or a JSON array.
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<CommandLine>,

    /// Tags of the new revision: lines `KEY=VALUE`, beside `commit`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub tags: Vec<Pair>,

    /// How many tasks the service should run. By default as many as it does.
    #[arg(long, value_name = "COUNT", requires = "service")]
    pub desired_count: Option<u32>,

    /// Deploy even when the service runs exactly this already.
    #[arg(long, requires = "service")]
    pub force_new_deployment: bool,

    /// Wait for the verdict. Without waiting, `deployed` means that the call was made.
    #[arg(long, default_value_t = true)]
    pub wait: bool,

    /// `wait` under the name that other actions have for it.
    #[arg(
        long,
        value_name = "BOOL",
        conflicts_with = "wait",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub wait_for_service_stability: Option<bool>,

    /// How long to wait for the verdict, in minutes. The deployment goes on after that, and is not rolled back.
    #[arg(long, value_name = "MINUTES", default_value = "30")]
    pub wait_for_minutes: Minutes,

    /// Longest time between two looks at the service: `5s`, `500ms`. When the end is near, it is looked at each second.
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub poll_interval: Interval,

    /// How many tasks may fail before the deployment is given up, where ECS's circuit breaker does not count them.
    ///
    /// It does not count at all where it is not enabled, and never counts a task that crashed after it was RUNNING.
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub max_failed_tasks: NonZeroU32,

    /// Whether a failed deployment is rolled back where ECS does not do so itself.
    #[arg(long, value_name = "WHEN", default_value = "on-failure")]
    pub rollback: Rollback,

    /// Deploy an earlier revision again: `previous`, a commit, a revision's number, or `family:revision`.
    ///
    /// `previous` is what the last other deployment that completed runs. A commit is found by the revisions' tag `commit`.
    /// Nothing is registered, unless the revision is INACTIVE by now: then it is registered again. The verdict is that of any
    /// deployment.
    #[arg(
        long,
        value_name = "WHICH",
        requires = "service",
        conflicts_with_all = ["task_definition", "container_name", "image", "environment_variables", "secrets", "command", "tags"]
    )]
    pub rollback_to: Option<RollbackTo>,

    /// What a cancelled run does with its deployment.
    #[arg(long, value_name = "WHAT", default_value = "leave")]
    pub on_cancel: OnCancel,

    /// Address that has to answer well before the deployment counts as deployed: `https://api.example.com/health`.
    ///
    /// It is asked once ECS calls the deployment done. Without `verify-expect` any status from 200 to 299 is good.
    #[arg(long, value_name = "URL", requires = "service")]
    pub verify_url: Option<VerifyUrl>,

    /// What a good answer is: lines `status: 200`, `header NAME: value`, `json $.path: value`, `text: words`.
    #[arg(long, value_name = "EXPECTATION", requires = "verify_url")]
    pub verify_expect: Vec<Expectation>,

    /// How long the answers have to be good without interruption.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub verify_for: Interval,

    /// How many bad answers in a row fail the deployment, which is then rolled back.
    #[arg(long, value_name = "COUNT", default_value = "3")]
    pub verify_failures: NonZeroU32,

    /// How many of the last lines of a failed container's log to show.
    #[arg(long, value_name = "COUNT", default_value = "20")]
    pub log_lines: u16,

    #[command(flatten)]
    pub aws: AwsInputs,

    #[command(flatten)]
    pub common: CommonInputs,
}

impl Inputs {
    /// Whether the verdict is awaited, by whichever name that was said.
    pub(crate) fn waits(&self) -> bool {
        self.wait_for_service_stability.unwrap_or(self.wait)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Base {
    /// The revision that the service runs.
    Running,
    /// The newest ACTIVE revision of its family.
    Newest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rollback {
    /// To the last deployment that completed.
    OnFailure,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnCancel {
    /// It goes on.
    Leave,
    /// It is asked to roll back; the end of that is not awaited.
    Rollback,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_input_is_described() {
        let command = actions_runtime::prepare(Inputs::command());
        for arg in command.get_arguments() {
            assert!(
                arg.get_help().is_some(),
                "{} has no description",
                actions_runtime::input_name(arg)
            );
        }
    }
}
