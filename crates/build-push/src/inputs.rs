//! The inputs, parsed: past this file nobody checks a string.

use std::path::{Path, PathBuf};

use actions_runtime::{CommonInputs, SecretInput, values::Pair};
use aws_session::AwsInputs;
use ecs_tasks::ImageRef;

use crate::{
    reference::{Platform, Registry, Repository, Tag},
    scan::{Gate, Severity, When},
};

/// Build an image once, push it to Amazon ECR, and hand on its digest.
///
/// The real `docker buildx build` does the work. An image that was built before from the same content is found by its
/// fingerprint and named anew in a second, without building or pulling anything.
#[derive(Debug, clap::Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is an input of its own")]
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

    /// Image to promote instead of building one: `repository@sha256:…`, or by a tag, from any repository or account.
    ///
    /// It is copied as it is, so that its digest stays; what this principal may pull is copied. Nothing is built.
    #[arg(long, value_name = "IMAGE")]
    pub from_image: Option<ImageRef>,

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

    /// Wait for ECR's scan of the image, basic or enhanced, before a tag names it.
    ///
    /// Where pushing starts none, one is started. A scan that comes to no end is a failure: nobody knows what is in the image.
    #[arg(
        long,
        value_enum,
        value_name = "none|wait",
        default_value = "none",
        hide_possible_values = true
    )]
    pub scan: When,

    /// The least severity that keeps the image back: critical, high, medium, low, informational or undefined.
    #[arg(
        long,
        value_enum,
        value_name = "SEVERITY",
        default_value = "critical",
        hide_possible_values = true
    )]
    pub fail_on: Severity,

    /// Let findings pass that no version fixes yet.
    ///
    /// Only enhanced scanning says which those are: with basic scanning every finding counts.
    #[arg(long)]
    pub only_fixable: bool,

    /// Caches to take layers from, one a line, as `docker buildx build --cache-from` takes them; `none` for none.
    ///
    /// Without any, a builder of its own (docker/setup-buildx-action) takes them from the repository `<repository>-cache`
    /// where there is one. The engine's own builder keeps its layers itself.
    #[arg(long, value_name = "CACHE")]
    pub cache_from: Vec<String>,

    /// Caches to put layers into, one a line, as `docker buildx build --cache-to` takes them; `none` for none.
    ///
    /// Without any, a builder of its own puts all layers (`mode=max`) into `<repository>-cache`, in the form that ECR takes.
    #[arg(long, value_name = "CACHE")]
    pub cache_to: Vec<String>,

    /// Attest how the image was built: `true`, `mode=min`, `mode=max` or `false`.
    ///
    /// An attestation holds times: the same commit built twice makes two digests then. It takes buildx and a builder of its own.
    #[arg(long, value_name = "MODE", default_value = "false")]
    pub provenance: String,

    /// Attest what the image holds: `true`, `generator=IMAGE` or `false`.
    #[arg(long, value_name = "MODE", default_value = "false")]
    pub sbom: String,

    /// Create the repository when it is missing, with tags that cannot be moved; its cache's too.
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
    /// What only a build takes, and was asked for.
    pub(crate) fn only_for_a_build(&self) -> impl Iterator<Item = &'static str> {
        [
            ("context", self.context != Path::new(".")),
            ("file", self.file.is_some()),
            ("target", self.target.is_some()),
            ("platforms", !self.platforms.is_empty()),
            ("build-args", !self.build_args.is_empty()),
            ("labels", !self.labels.is_empty()),
            ("secret-files", !self.secret_files.is_empty()),
            ("cache-from", !self.cache_from.is_empty()),
            ("cache-to", !self.cache_to.is_empty()),
            ("provenance", self.provenance != "false"),
            ("sbom", self.sbom != "false"),
        ]
        .into_iter()
        .filter_map(|(input, asked)| asked.then_some(input))
    }

    /// The attestations that were asked for, as buildx takes them.
    pub(crate) fn attestations(&self) -> Vec<(&'static str, String)> {
        let asked = [("provenance", &self.provenance), ("sbom", &self.sbom)];
        asked
            .into_iter()
            .filter(|(_, mode)| *mode != "false")
            .map(|(name, mode)| (name, mode.clone()))
            .collect()
    }

    /// What a scan is held against, where one is waited for.
    pub(crate) fn gate(&self) -> Option<Gate> {
        let gate = Gate { fail_on: self.fail_on, only_fixable: self.only_fixable };
        (self.scan == When::Wait).then_some(gate)
    }

    /// Whether a task definition says what platform the image is for.
    pub(crate) fn is_for_a_task(&self) -> bool {
        self.service.is_some() || self.task_definition.is_some()
    }
}
