//! What there is before Terraform runs: the program, the root, the files that inputs name. All that is wrong, at once.

use std::{fs, path::Path};

use actions_runtime::{Faults, Step};
use github_api::GitHub;

use crate::{
    drift::{self, Accepted},
    facts::Facts,
    inputs::{Command, Inputs, ReviewedPlan, Unlock},
    key::PlanKey,
    seal, secret,
    terraform::{Terraform, find},
    versions,
};

/// What a run starts from.
pub(crate) struct Seen {
    pub(crate) terraform: Terraform,
    pub(crate) key: Option<PlanKey>,
    pub(crate) facts: Facts,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) github: Option<GitHub>,
}

/// Finds Terraform and checks the inputs that it would stumble over later.
pub(crate) async fn look(step: &Step, inputs: &Inputs, scratch: &Path) -> miette::Result<Seen> {
    let mut faults = Faults::default();
    root(inputs, &mut faults);
    let key = plan_key(step, inputs, &mut faults);
    let accepted = accepted_drift(inputs, &mut faults);
    let github = github(step, inputs, &mut faults);
    let program = find(&inputs.tool, step);
    if program.is_none() {
        let place = if inputs.tool.contains('/') { "" } else { " on PATH" };
        faults.add("tool", format!("there is no program `{}`{place}", inputs.tool));
    }
    let Some(program) = program.filter(|_| faults.is_empty()) else {
        faults.check()?;
        return Err(Faults::one("tool", "is missing").into());
    };
    let directory = &inputs.working_directory;
    let mut terraform = Terraform::new(program, directory, scratch);
    let version = terraform.versions(step).await?.terraform_version;
    for fault in versions::faults(&version, directory) {
        faults.add("tool", fault);
    }
    faults.check()?;
    for variable in &inputs.variables {
        terraform.set(format!("TF_VAR_{}", variable.name), variable.value.clone());
    }
    if let Some(workspace) = &inputs.workspace {
        terraform.set("TF_WORKSPACE", workspace.clone());
    }
    if let Some(region) = &inputs.aws.aws_region {
        terraform.set("AWS_REGION", region.clone());
    }
    let facts = Facts::of(step, inputs, &version).await;
    Ok(Seen { terraform, key, facts, accepted, github })
}

fn root(inputs: &Inputs, faults: &mut Faults) {
    let directory = &inputs.working_directory;
    if !directory.is_dir() {
        faults.add("working-directory", format!("there is no folder `{}`", directory.display()));
    } else if !files_ending(directory, &[".tf", ".tf.json"]).next().is_some_and(|_| true) {
        faults.add(
            "working-directory",
            format!("`{}` holds no Terraform configuration", directory.display()),
        );
    }
    for file in inputs.var_files.iter().filter(|file| !file.is_file()) {
        faults.add("var-files", format!("there is no file `{}`", file.display()));
    }
    for setting in inputs.backend_config.iter().filter(|setting| !setting.contains('=')) {
        if !Path::new(setting).is_file() {
            faults.add("backend-config", format!("`{setting}` is neither `name=value` nor a file"));
        }
    }
    if inputs.command == Command::Apply {
        if let Some(file) = inputs.plan_file.as_ref().filter(|file| !file.is_file()) {
            faults.add("plan-file", format!("there is no file `{}`", file.display()));
        }
        let planning = [
            ("variables", !inputs.variables.is_empty()),
            ("var-files", !inputs.var_files.is_empty()),
            ("target", !inputs.target.is_empty()),
            ("replace", !inputs.replace.is_empty()),
        ];
        for (name, given) in planning {
            if given && inputs.plan_file.is_some() {
                faults.add(name, "is part of the saved plan: `plan` takes it, not `apply`");
            }
        }
    }
    for (index, variable) in inputs.variables.iter().enumerate() {
        if inputs.variables[..index].iter().any(|other| other.name == variable.name) {
            faults.add("variables", format!("`{}` is given twice", variable.name));
        }
    }
    shadowed(inputs, faults);
}

/// The key of seal and fingerprint, and whether it can do what this run needs it for.
fn plan_key(step: &Step, inputs: &Inputs, faults: &mut Faults) -> Option<PlanKey> {
    let given = secret::read(step, "plan-key", faults);
    let key = given.as_ref().and_then(|key| {
        PlanKey::parse(key).map_err(|problem| faults.add("plan-key", problem)).ok()
    });
    if inputs.plan_fingerprint.is_some() {
        if inputs.command != Command::Apply {
            faults.add("plan-fingerprint", "is for `apply`");
        }
        if given.is_none() {
            faults.add(
                "plan-key",
                "is required with `plan-fingerprint`: a fingerprint is made with it",
            );
        }
    }
    let plan = inputs.plan_file.as_ref().filter(|_| inputs.command == Command::Apply);
    if plan.and_then(|path| fs::read(path).ok()).is_some_and(|plan| seal::is_encrypted(&plan)) {
        if given.is_none() {
            faults.add("plan-key", "is required: the plan is encrypted");
        } else if key.as_ref().is_some_and(|key| !key.opens()) {
            faults.add("plan-key", "is a recipient, which seals only: `apply` needs its identity");
        }
    }
    key
}

/// GitHub, where a job gives us a token for it.
fn github(step: &Step, inputs: &Inputs, faults: &mut Faults) -> Option<GitHub> {
    let token = secret::read(step, "github-token", faults);
    let github = step.job().zip(token).and_then(|(job, token)| {
        GitHub::open(step, job, token)
            .map_err(|error| faults.add("github-token", error.to_string()))
            .ok()
    });
    if github.is_none() && inputs.plan_fingerprint == Some(ReviewedPlan::OfThePullRequest) {
        faults.add("plan-fingerprint", "`reviewed` asks GitHub: it needs `github-token`, in a job");
    }
    if github.is_none() && inputs.unlock == Unlock::IfRunFinished {
        faults.add("unlock", "`if-run-finished` asks GitHub: it needs `github-token`, in a job");
    }
    github
}

/// The accepted drift, where a file names some.
fn accepted_drift(inputs: &Inputs, faults: &mut Faults) -> Vec<Accepted> {
    let Some(path) = &inputs.drift_ignore else { return Vec::new() };
    match fs::read_to_string(path).map(|text| drift::parse(&text)) {
        Ok(Ok(accepted)) => return accepted,
        Ok(Err(wrong)) => wrong.into_iter().for_each(|fault| faults.add("drift-ignore", fault)),
        Err(error) => faults.add("drift-ignore", format!("`{}`: {error}", path.display())),
    }
    Vec::new()
}

/// A variable reaches Terraform by its environment, and there a file wins: what is given must not be ignored.
fn shadowed(inputs: &Inputs, faults: &mut Faults) {
    let automatic = files_ending(
        &inputs.working_directory,
        &["terraform.tfvars", "terraform.tfvars.json", ".auto.tfvars", ".auto.tfvars.json"],
    );
    for file in automatic.chain(inputs.var_files.iter().cloned()) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for variable in &inputs.variables {
            let sets = |line: &str| {
                line.trim_start()
                    .trim_start_matches('"')
                    .strip_prefix(variable.name.as_str())
                    .is_some_and(|rest| {
                        rest.trim_start_matches('"').trim_start().starts_with(['=', ':'])
                    })
            };
            if text.lines().any(sets) {
                faults.add(
                    "variables",
                    format!(
                        "`{}` is set in `{}` too, and there the file wins: keep it in one place",
                        variable.name,
                        file.display()
                    ),
                );
            }
        }
    }
}

fn files_ending<'a>(
    directory: &Path,
    endings: &'a [&str],
) -> impl Iterator<Item = std::path::PathBuf> + use<'a> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(move |path| {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        endings.iter().any(|ending| name.ends_with(ending))
    })
}
