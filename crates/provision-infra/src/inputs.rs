//! The inputs: the only place where one is named, typed, defaulted and described.

use std::{path::PathBuf, str::FromStr};

use actions_runtime::SecretInput;
use clap::ValueEnum;

/// Plan and apply a Terraform root: exactly the changes that were shown, told so that people read them.
///
/// `plan` shows what would change and can save it, `apply` applies a saved plan or plans afresh and applies that,
/// `output` writes the outputs, `drift` tells what changed outside of Terraform, `destroy` takes everything down.
///
/// Terraform's machine-readable streams are read, never its prose. Values that Terraform calls sensitive are shown
/// nowhere, and neither is the same value where Terraform forgot that it is.
#[derive(Debug, clap::Parser)]
#[command(name = "provision-infra", version, about, long_about)]
pub struct Inputs {
    /// What to do.
    #[arg(value_enum, value_name = "COMMAND")]
    pub command: Command,

    /// Folder of the Terraform root.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub working_directory: PathBuf,

    /// Terraform workspace.
    ///
    /// Without it: `TF_WORKSPACE`, else the one that is selected in the folder.
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,

    /// Variables of the root: lines `name=value`.
    ///
    /// They reach Terraform through its environment, where other users of the machine cannot read them.
    #[arg(long, value_name = "NAME=VALUE")]
    pub variables: Vec<Variable>,

    /// Files of variables, the later one winning.
    #[arg(long, value_name = "FILE")]
    pub var_files: Vec<PathBuf>,

    /// Settings of the backend: lines `name=value`, or a file.
    #[arg(long, value_name = "NAME=VALUE")]
    pub backend_config: Vec<String>,

    /// Addresses to which the plan is limited, with all that they depend on.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,

    /// Addresses to replace although nothing in them changed.
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,

    /// How many resources Terraform works on at a time.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,

    /// How long to wait for the state's lock.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lock_timeout: String,

    /// The sealed plan: `plan` writes it, with mode 0600, and `apply` applies exactly that.
    ///
    /// With the plan it holds the lock file, the hashes of the root and its modules, the commit, the base, the versions of
    /// Terraform and its providers, the account and the workspace. `apply` refuses one whose seal is broken, and one that
    /// was made for anything else, and names what differs. A plan holds secrets in clear: `plan-key` encrypts the file.
    /// Without a key its seal is a plain hash, which shows accidents and no forgery.
    #[arg(long, value_name = "FILE")]
    pub plan_file: Option<PathBuf>,

    /// Fingerprint of the plan that was reviewed, for `apply` without a plan file.
    ///
    /// The plan is made afresh and applied only if its changes are the same ones, values that are not shown among them;
    /// else the run ends with `stale`, and what differs is named. `plan` gives the fingerprint; both need the same
    /// `plan-key`. The word `reviewed` stands for the fingerprint with which the pull request was planned whose merge is
    /// being applied: the commit status that `plan` set on its head (needs `github-token`).
    #[arg(long, value_name = "FINGERPRINT")]
    pub plan_fingerprint: Option<ReviewedPlan>,

    /// Key of the plan's seal and fingerprint: a passphrase of 16 characters or more, or an age key; always a secret.
    ///
    /// The sealed plan is encrypted in the age format. With an age recipient (`age1…`) `plan` can seal what `apply` alone
    /// opens, by the identity (`AGE-SECRET-KEY-1…`); the recipient authenticates as well, so keep it secret too. It has no
    /// flag: `INPUT_PLAN_KEY`, or `INPUT_PLAN_KEY_FILE` with a file's path. Without it there is no fingerprint, for the
    /// plain hash of a plan can be guessed.
    #[arg(long, hide = true)]
    pub plan_key: Option<SecretInput>,

    /// File of drift that is known: lines `address,attribute,until,why`, the date as 2026-12-31.
    ///
    /// `*` stands for anything in address and attribute. Past its date a line no longer counts, and that is said.
    #[arg(long, value_name = "CSV")]
    pub drift_ignore: Option<PathBuf>,

    /// Addresses of stateful resources that may be destroyed or replaced; `*` stands for anything.
    ///
    /// Databases, buckets, user pools, keys, secrets, log groups and repositories hold what no plan brings back: without
    /// its address here, `apply` and `destroy` refuse to take one away.
    #[arg(long, value_name = "ADDRESS")]
    pub allow_destroy: Vec<String>,

    /// How many resources may be created, changed, replaced or destroyed at most.
    #[arg(long, value_name = "COUNT")]
    pub max_changes: Option<usize>,

    /// Whether to take away the lock of a run that GitHub says is over: a killed run leaves one behind.
    ///
    /// A run notes beside the lock who holds it (`<key>.holder.json`, for states on S3); without that note, or while its run
    /// is alive, a lock is never touched. `if-run-finished` needs `github-token` with `actions: read`.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "never")]
    pub unlock: Unlock,

    /// Whether `plan` keeps a comment on the pull request: always, never, or only once there is something to change.
    ///
    /// One comment a root and workspace, updated in place. Where the token may not comment, as in a pull request of a fork,
    /// the job's summary alone has the plan, and nothing fails.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "true")]
    pub comment: Comment,

    /// Token for GitHub: the comment, the commit status with the plan's fingerprint, the issue about drift.
    ///
    /// It has no flag: `INPUT_GITHUB_TOKEN`, or `INPUT_GITHUB_TOKEN_FILE` with a file's path. Without it nothing is told to
    /// GitHub but the job's own log and summary. `${{ github.token }}` will do, with `pull-requests: write`,
    /// `statuses: write` and, for `drift`, `issues: write`.
    #[arg(long, hide = true)]
    pub github_token: Option<SecretInput>,

    /// The Terraform to run: `terraform`, `tofu`, or a path.
    #[arg(long, value_name = "TOOL", default_value = "terraform")]
    pub tool: String,

    /// File for the outputs, as `terraform output -json` writes them, with mode 0600.
    #[arg(long, value_name = "FILE", default_value = "outputs.json")]
    pub outputs_file: PathBuf,

    #[command(flatten)]
    pub aws: aws_session::AwsInputs,

    #[command(flatten)]
    pub common: actions_runtime::CommonInputs,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Command {
    /// Show what would change; with `plan-file`, save it.
    Plan,
    /// Apply a saved plan, or plan afresh and apply that.
    Apply,
    /// Tell what changed outside of Terraform.
    Drift,
    /// Write the outputs.
    Output,
    /// Destroy everything that the root made.
    Destroy,
}

/// Whether a dead run's lock is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unlock {
    Never,
    IfRunFinished,
}

/// Whether a plan is told in a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Comment {
    True,
    False,
    ChangesOnly,
}

/// Which changes were reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewedPlan {
    Fingerprint(String),
    /// Those that the merged pull request was planned with.
    OfThePullRequest,
}

impl FromStr for ReviewedPlan {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim() {
            "reviewed" => Self::OfThePullRequest,
            fingerprint => Self::Fingerprint(fingerprint.to_owned()),
        })
    }
}

/// A line `name=value` of the input `variables`.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

/// Without the value, which may be a secret.
impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

impl FromStr for Variable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("is not `name=value`")?;
        let name = name.trim();
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !named {
            return Err("is no name of a variable");
        }
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }
}

/// A duration as Go writes it, for Terraform reads it.
fn duration(text: &str) -> Result<String, &'static str> {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
        let unit = &rest[digits..];
        let Some(length) = ["ms", "h", "m", "s"]
            .iter()
            .find(|name| unit.starts_with(**name))
            .map(|name| name.len())
        else {
            return Err("is no duration such as `30s` or `5m`");
        };
        if digits == 0 {
            return Err("is no duration such as `30s` or `5m`");
        }
        rest = &unit[length..];
    }
    if text.is_empty() { Err("is no duration such as `30s` or `5m`") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_terraform_reads_it() {
        for good in ["0s", "30s", "5m", "1h30m", "1.5h", "200ms"] {
            assert_eq!(duration(good).as_deref(), Ok(good));
        }
        for bad in ["", "30", "s", "5 m", "1d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_variable_is_a_name_and_the_rest() {
        let variable: Variable = "tags={\"a\" = \"b\"}".parse().unwrap();
        assert_eq!((variable.name.as_str(), variable.value.as_str()), ("tags", "{\"a\" = \"b\"}"));
        assert!("x".parse::<Variable>().is_err() && "1=x".parse::<Variable>().is_err());
    }
}
