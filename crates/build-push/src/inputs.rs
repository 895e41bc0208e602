//! The inputs, parsed: past this file nobody checks a string.

use std::path::PathBuf;

use actions_runtime::{CommonInputs, SecretInput, values::Pair};
use aws_session::AwsInputs;

use crate::reference::{Platform, Registry, Repository, Tag};

/// Build an image once, push it to Amazon ECR, and hand on its digest.
///
/// The real `docker buildx build` does the work. An image that was built before from the same content is found by its
/// fingerprint and named anew in a second, without building or pulling anything.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Inputs {
    /// Repository in ECR to push to.
    ///
    /// A name, or with its registry what Terraform's `repository_url` says.
    #[arg(long, value_name = "NAME")]
    pub repository: Repository,

    /// Registry to push to, when it is not the account's own.
    ///
    /// The calls go to ECR all the same: this is for a mirror, a proxy or a local AWS, whose registry answers under another name.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub registry: Option<Registry>,

    /// Tags for the image, one a line; without any, the commit.
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<Tag>,

    /// Directory that holds what the image is made of.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    pub context: PathBuf,

    /// The Dockerfile, when it is not the one in the context.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Stage of the Dockerfile to build; without it, the last one.
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,

    /// Platforms to build for; without any, the builder's own.
    ///
    /// Several need a builder of their own, such as docker/setup-buildx-action makes.
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub platforms: Vec<Platform>,

    /// Service that the image is for: its platform is built, and nothing else is handed on.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// Cluster of that service: its name or ARN.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub cluster: String,

    /// Task definition that the image is for, instead of the service's: a family, `family:revision` or ARN.
    #[arg(long, value_name = "FAMILY|ARN")]
    pub task_definition: Option<String>,

    /// Build arguments, one a line.
    ///
    /// They stay readable in the image: a secret belongs in `secrets`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub build_args: Vec<Pair>,

    /// Labels, one a line; they go before the ones that name commit, source and time.
    #[arg(long, value_name = "KEY=VALUE")]
    pub labels: Vec<Pair>,

    /// Files that `RUN --mount=type=secret,id=NAME` may read, one a line.
    ///
    /// The input `secrets` takes the values themselves.
    #[arg(long, value_name = "NAME=FILE")]
    pub secret_files: Vec<Pair>,

    /// Secrets that `RUN --mount=type=secret,id=NAME` may read: lines `NAME=value`.
    ///
    /// From the environment only (`INPUT_SECRETS`).
    #[arg(long, hide = true)]
    pub secrets: Option<SecretInput>,

    /// Name an image that was built before from the same content, instead of building it again.
    ///
    /// What goes in is hashed: the context after .dockerignore, the Dockerfile, its arguments, platforms and base images.
    #[arg(long, default_value_t = true)]
    pub skip_existing: bool,

    /// Create the repository when it is missing, with tags that cannot be moved.
    #[arg(long)]
    pub create_repository: bool,

    /// Leave the image in the local engine as well.
    #[arg(long)]
    pub load: bool,

    #[command(flatten)]
    pub aws: AwsInputs,

    #[command(flatten)]
    pub common: CommonInputs,
}

impl Inputs {
    /// Whether a task definition says what platform the image is for.
    pub(crate) fn is_for_a_task(&self) -> bool {
        self.service.is_some() || self.task_definition.is_some()
    }
}
