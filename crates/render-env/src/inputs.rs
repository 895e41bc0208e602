//! The inputs: the only place where one is named, typed, defaulted and described.

use std::path::PathBuf;

use actions_runtime::SecretInput;

use crate::{format::Format, secrets::SecretId, template::Placeholder};

/// Fill an env file from Terraform outputs and Secrets Manager, so that its reader reads exactly that.
///
/// Each value of the template is text with `{{ expressions }}`: `{{ outputs.aurora_endpoint }}`,
/// `{{ secrets["todo-db"].password | urlencode }}`, `{{ env.GITHUB_SHA }}`. A file is written for one reader, read back
/// by that reader's rules and compared; what no spelling can carry is an error that names the key.
///
/// A value whose expression names a secret or a sensitive output never lands under `VITE_`, `NEXT_PUBLIC_`, `PUBLIC_` or
/// `REACT_APP_`: such a file is refused with exit code 3.
///
/// The secret `fingerprint-key` (`INPUT_FINGERPRINT_KEY`, no flag) turns on the output `fingerprint`.
#[derive(Debug, clap::Parser)]
#[command(name = "render-env", version)]
pub struct Inputs {
    /// Env file whose values may hold `{{ expressions }}`.
    ///
    /// One `KEY=value` a line; a value in quotes may run over several lines. Expressions reach `outputs`, `secrets` and
    /// `env`, and the filters `urlencode`, `default`, `upper`, `lower`, `trim`, `replace`, `tojson`, `b64encode`.
    /// There are no statements, so that a value is judged by what stands in it.
    ///
    /// Without a template and `from-output` the secrets of `secret-ids` are the file: a key each.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["from_output", "secret_ids"])]
    pub template: Option<PathBuf>,

    /// Name of a Terraform output that holds a whole env text, instead of a template.
    ///
    /// Nothing in that text is evaluated; each `<NAME>` in it is filled from `placeholders`.
    #[arg(long, value_name = "OUTPUT", conflicts_with = "template")]
    pub from_output: Option<String>,

    /// What fills each `<NAME>` of `from-output`: lines `NAME={{ expression }}`.
    #[arg(long, value_name = "NAME=EXPRESSION", requires = "from_output")]
    pub placeholders: Vec<Placeholder>,

    /// File of Terraform outputs, as `terraform output -json` and provision-infra write it.
    #[arg(long, value_name = "FILE", default_value = "outputs.json")]
    pub outputs_file: PathBuf,

    /// Folder of an initialised Terraform root that is asked for its outputs, instead of a file.
    #[arg(long, value_name = "FOLDER", conflicts_with = "outputs_file")]
    pub working_directory: Option<PathBuf>,

    /// Secrets of Secrets Manager that expressions may name: lines `ALIAS,id`, the id being a name, an ARN or `prefix*`.
    ///
    /// A stage and a version follow as ECS writes them: `todo-db,arn::AWSPREVIOUS:`. Without an alias a secret goes by
    /// its name; `prefix*` stands for all secrets whose names begin so. Each is read once, so that all keys of one secret are
    /// of one version.
    #[arg(long, value_name = "ALIAS,ID")]
    pub secret_ids: Vec<SecretId>,

    /// Without a template: a key for each member of a secret that is a JSON object.
    ///
    /// Keys are `ALIAS_MEMBER` in capitals, as AWS's own action makes them, and `MEMBER` alone where the alias is blank
    /// (`,id`).
    #[arg(long, conflicts_with_all = ["template", "from_output"])]
    pub parse_json_secrets: bool,

    /// Variables besides `GITHUB_*` that `env.` may read.
    ///
    /// Tokens, `AWS_*` and `ACTIONS_*` are never within reach.
    #[arg(long, value_name = "NAME")]
    pub allow_env: Vec<String>,

    /// Who reads the file.
    #[arg(long, value_enum, default_value = "node")]
    pub format: Format,

    /// File to write, with mode 0600. With `format: github-env` it is the runner's, unless another is named.
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// `.env.example` that says which keys there must be.
    ///
    /// `PORT=1 # int`, `SITE=x # url`, `DEBUG= # bool` and `SENTRY_DSN= # optional` say of what type a value is; keys that
    /// are missing, unknown, empty or badly typed are told all at once.
    #[arg(long, value_name = "FILE")]
    pub example: Option<PathBuf>,

    /// Keys under a public prefix that may hold a secret value all the same.
    #[arg(long, value_name = "KEY")]
    pub allow_public: Vec<String>,

    /// Key of the output `fingerprint`.
    ///
    /// From the environment only (`INPUT_FINGERPRINT_KEY`); without it there is no fingerprint, since one without a key
    /// could be guessed.
    #[arg(long, hide = true)]
    pub fingerprint_key: Option<SecretInput>,

    #[command(flatten)]
    pub aws: aws_session::AwsInputs,

    #[command(flatten)]
    pub common: actions_runtime::CommonInputs,
}
