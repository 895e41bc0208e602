//! The inputs, parsed: past this file nobody checks a string.

use actions_runtime::{
    CommonInputs,
    values::{Interval, Minutes, Pair},
};
use aws_session::AwsInputs;
use clap::ValueEnum;
use ecs_tasks::{CommandLine, ImageRef};

use crate::values::Provider;

/// Run a database migration as a one-off ECS task: its log live, its exit code this step's.
///
/// The task is a copy of what the service runs, in its network and on its capacity, with another command. It is a
/// family of its own (`<family>-migrate`), so that the service's history stays clean.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Inputs {
    /// Cluster to run in: its name or ARN.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub cluster: String,

    /// Service whose network, capacity and task definition the task gets.
    #[arg(long, value_name = "NAME", required_unless_present = "task_definition")]
    pub service: Option<String>,

    /// What the task is a copy of: a family, `family:revision`, an ARN, or a JSON file.
    ///
    /// By default it is the revision that the service runs.
    #[arg(long, value_name = "FAMILY|ARN|FILE")]
    pub task_definition: Option<String>,

    /// Container that migrates: its exit code decides, whatever a sidecar does.
    ///
    /// By default the only one.
    #[arg(long, value_name = "NAME")]
    pub container_name: Option<String>,

    /// Image for that container.
    ///
    /// A tag in ECR is resolved to its digest first.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<ImageRef>,

    /// Command for that container: words as a shell splits them, or a JSON array.
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    pub command: Option<CommandLine>,

    /// Variables for that container, beside its own: lines `KEY=VALUE`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub environment_variables: Vec<Pair>,

    /// Subnets, instead of the service's.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub subnets: Vec<String>,

    /// Security groups, instead of the service's.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub security_groups: Vec<String>,

    /// Whether the task gets a public address, instead of what the service says.
    #[arg(long, value_name = "ENABLED|DISABLED", ignore_case = true)]
    pub assign_public_ip: Option<PublicIp>,

    /// Launch type, instead of the service's capacity.
    #[arg(
        long,
        value_name = "TYPE",
        ignore_case = true,
        conflicts_with = "capacity_provider_strategy"
    )]
    pub launch_type: Option<Launch>,

    /// Capacity providers, instead of the service's capacity: lines `NAME[,weight=N][,base=N]`.
    #[arg(long, value_name = "PROVIDER")]
    pub capacity_provider_strategy: Vec<Provider>,

    /// CPU units of the task, instead of its copy's.
    #[arg(long, value_name = "UNITS")]
    pub cpu: Option<u32>,

    /// Memory of the task in MiB, instead of its copy's.
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u32>,

    /// How long the migration may take, all in all. Then its task is stopped.
    #[arg(long, value_name = "MINUTES", default_value = "30")]
    pub timeout_minutes: Minutes,

    /// How often ECS and the log are looked at.
    #[arg(long, value_name = "TIME", default_value = "2s")]
    pub poll_interval: Interval,

    /// What to do while another task of the family runs: two migrations at once are one too many.
    ///
    /// `adopt` watches it on when an earlier attempt of this workflow run started it, and else waits.
    #[arg(long, value_name = "WHAT", default_value = "wait")]
    pub if_running: IfRunning,

    /// Let that container log to CloudWatch where its copy would log elsewhere: `awslogs`.
    ///
    /// The log group (`/ecs/<family>-migrate`) is created first. The execution role must be allowed to write to it.
    #[arg(long, value_name = "DRIVER")]
    pub log_driver: Option<LogDriver>,

    /// Read the secrets of that container, to hide them in its log.
    ///
    /// This run needs `secretsmanager:GetSecretValue` and, for parameters, `ssm:GetParameters` for them (and `kms:Decrypt`
    /// where the key is your own).
    #[arg(long)]
    pub mask_secrets: bool,

    #[command(flatten)]
    pub aws: AwsInputs,

    #[command(flatten)]
    pub common: CommonInputs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IfRunning {
    Wait,
    Fail,
    Adopt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogDriver {
    Awslogs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PublicIp {
    #[value(name = "ENABLED", alias = "true")]
    Enabled,
    #[value(name = "DISABLED", alias = "false")]
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Launch {
    #[value(name = "FARGATE")]
    Fargate,
    #[value(name = "EC2")]
    Ec2,
    #[value(name = "EXTERNAL")]
    External,
}
