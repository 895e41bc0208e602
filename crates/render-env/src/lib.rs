//! Fill an env file from Terraform outputs and Secrets Manager: look → plan → (a dry run ends here) → write → report.

mod contract;
mod errors;
mod expression;
mod file;
mod filters;
mod fingerprint;
mod format;
mod inputs;
mod outputs;
mod references;
mod render;
mod report;
mod secrets;
mod template;
mod terraform;
mod whole;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use actions_runtime::{Faults, Step, did_you_mean};
use aws_session::Session;

use crate::{
    errors::Error,
    expression::{Output, Scope, Surroundings},
    file::Git,
    format::{Format, Pairs},
    render::Plan,
    report::Change,
};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let looked = look(step, &inputs).await?;
    let session =
        if needs_aws(&inputs) { Some(Session::open(step, &inputs.aws).await?) } else { None };
    let plan = plan(step, &inputs, &looked, session.as_ref()).await?;
    let wanted = format::pairs(&plan.lines);
    let before = looked.before(inputs.format, &wanted);
    let changes = report::changes(&before, &wanted);
    let key = step.secret_input("fingerprint-key");
    let path = &looked.output_file;
    let file = path.display().to_string();
    let ended = |verdict, reason: String| {
        let calls = session.as_ref().map(|session| format!(" ({})", session.calls().sentence()));
        match verdict {
            Verdict::Refused => step.error(&reason),
            _ => step.say(format!("{reason}{}", calls.unwrap_or_default())),
        }
        Outputs {
            verdict,
            output_file: Some(file.clone()),
            keys: wanted.iter().map(|(key, _)| key.clone()).collect(),
            changed_keys: changes
                .iter()
                .filter(|(_, change)| *change != Change::Kept)
                .map(|(key, _)| key.clone())
                .collect(),
            fingerprint: key.as_ref().and_then(|key| fingerprint::of(&wanted, key)),
            reason,
            seconds: step.seconds(),
        }
    };

    if let Some(reason) = refusal(&inputs, path, &plan, file::git(path).await, step) {
        return Ok(ended(Verdict::Refused, reason));
    }
    let text = text(inputs.format, &plan, path)?;
    report::tell(step, &file, inputs.format, &plan, &changes);
    let appends = inputs.format == Format::GithubEnv;
    let unchanged = if appends { before == wanted } else { looked.current.as_ref() == Some(&text) };
    let count = counted(&wanted, &plan);
    if inputs.common.dry_run {
        let what = if unchanged { "would stay as it is" } else { "would be written" };
        return Ok(ended(Verdict::Planned, format!("{file} {what}: {count}")));
    }
    if step.cancelled().is_cancelled() {
        return Ok(ended(Verdict::Cancelled, format!("cancelled before {file} was written")));
    }

    if unchanged {
        if !appends {
            file::close_to_others(path)?;
        }
        return Ok(ended(
            Verdict::Unchanged,
            format!("{file} holds these values already: {count}"),
        ));
    }
    if appends {
        file::append(path, looked.current.as_deref().unwrap_or_default(), &text)?;
    } else {
        file::write(path, &text)?;
    }
    Ok(ended(Verdict::Written, format!("{file} written: {count}")))
}

/// A reference to an ARN needs no look.
fn needs_aws(inputs: &Inputs) -> bool {
    let refers = inputs.format == Format::EcsSecrets;
    inputs.secret_ids.iter().any(|id| !refers || !id.is_arn())
}

/// All that the file will hold, complete before anything is written.
async fn plan(
    step: &Step,
    inputs: &Inputs,
    looked: &Looked,
    session: Option<&Session>,
) -> miette::Result<Plan> {
    let ids = match session {
        Some(session) => secrets::expand(session, &inputs.secret_ids).await?,
        None => inputs.secret_ids.clone(),
    };
    let mut faults = Faults::default();
    if inputs.format == Format::EcsSecrets {
        let sources = secrets::sources(session, &ids).await?;
        let text = looked.template.as_deref().unwrap_or_default();
        let plan = references::plan(text, &sources, &mut faults);
        faults.check()?;
        return Ok(plan);
    }
    let secrets = match session {
        Some(session) => secrets::read(step, session, &ids).await?,
        None => BTreeMap::new(),
    };
    let plan = if inputs.template.is_none() && inputs.from_output.is_none() {
        whole::plan(step, &secrets, inputs.parse_json_secrets, &mut faults)
    } else {
        let surroundings = Surroundings(inputs.allow_env.iter().cloned().collect());
        let scope = Scope::new(looked.outputs.clone(), secrets, surroundings, step.clone());
        match (&looked.template, &inputs.from_output) {
            (Some(text), _) => render::template(text, &scope, &mut faults),
            (None, Some(name)) => {
                render::from_output(name, &inputs.placeholders, &scope, &mut faults)
            }
            (None, None) => Plan::default(),
        }
    };
    let keys: Vec<&String> = plan.taints.keys().collect();
    for key in inputs.allow_public.iter().filter(|key| !keys.contains(key)) {
        faults.add("allow-public", format!("there is no key `{key}`{}", did_you_mean(key, &keys)));
    }
    // What failed to evaluate would be told again as missing.
    if let Some(example) = looked.example.as_deref().filter(|_| faults.is_empty()) {
        contract::check(example, &format::pairs(&plan.lines), &mut faults);
    }
    faults.check()?;
    Ok(plan)
}

/// What stands in the files that the inputs name.
struct Looked {
    template: Option<String>,
    example: Option<String>,
    outputs: BTreeMap<String, Output>,
    output_file: PathBuf,
    /// The output file as it is now.
    current: Option<String>,
}

impl Looked {
    /// The pairs that the file holds now; of the runner's own file, those that are wanted.
    fn before(&self, format: Format, wanted: &Pairs) -> Pairs {
        let read = format.read(self.current.as_deref().unwrap_or_default());
        let mut pairs = read.into_iter().flatten().next().unwrap_or_default();
        if format == Format::GithubEnv {
            pairs.retain(|(key, _)| wanted.iter().any(|(wanted, _)| wanted == key));
        }
        pairs
    }
}

async fn look(step: &Step, inputs: &Inputs) -> Result<Looked, Faults> {
    let mut faults = Faults::default();
    if inputs.format == Format::EcsSecrets {
        only_references(inputs, &mut faults);
    }
    let mut read = |input, path: &Path| file::read_input(input, path, &mut faults);
    let template = inputs.template.as_deref().and_then(|path| read("template", path));
    let example = inputs.example.as_deref().and_then(|path| read("example", path));
    let names_outputs = inputs.from_output.is_some()
        || template.as_ref().is_some_and(|text| text.contains("outputs"));
    let outputs = terraform::outputs(inputs, names_outputs, &mut faults).await;
    secrets::check(&inputs.secret_ids, &mut faults);
    for name in inputs.allow_env.iter().filter(|name| expression::is_forbidden(name)) {
        faults.add("allow-env", format!("`{name}` is never within reach of a template"));
    }
    let of_the_runner = || step.env("GITHUB_ENV").filter(|_| inputs.format == Format::GithubEnv);
    let output_file = inputs.output_file.clone().or_else(|| of_the_runner().map(PathBuf::from));
    match &output_file {
        Some(path) => file::check(path, &mut faults),
        None => faults.add("output-file", "is required"),
    }
    faults.check()?;
    let output_file = output_file.unwrap_or_default();
    let current = file::current(&output_file);
    Ok(Looked { template, example, outputs, output_file, current })
}

/// With `format: ecs-secrets` nothing is evaluated and no secret is read.
fn only_references(inputs: &Inputs, faults: &mut Faults) {
    let format = "with `format: ecs-secrets`";
    if inputs.from_output.is_some() {
        faults.add(
            "from-output",
            format!("cannot be used {format}: a reference fills a whole value"),
        );
    } else if inputs.template.is_none() {
        faults.add("template", format!("is required {format}: it says which key is which secret"));
    }
    if inputs.example.is_some() {
        faults.add("example", format!("cannot be used {format}: a reference has no type"));
    }
}

/// Why this file must not be written, if it must not.
fn refusal(inputs: &Inputs, path: &Path, plan: &Plan, git: Git, step: &Step) -> Option<String> {
    let leaks: Vec<String> = plan
        .leaks(&inputs.allow_public)
        .into_iter()
        .map(|(key, taints)| {
            let taints: Vec<&str> = taints.iter().map(String::as_str).collect();
            format!("`{key}` ({})", taints.join(", "))
        })
        .collect();
    if !leaks.is_empty() {
        return Some(format!(
            "what is named so is public in the browser, and holds a secret: {}",
            leaks.join(", ")
        ));
    }
    let file = path.display();
    match git {
        Git::Tracked => {
            Some(format!("git tracks {file}: the next commit would carry these values away"))
        }
        Git::NotIgnored if plan.taints.values().any(|taints| !taints.is_empty()) => {
            step.warning(format!("git does not ignore {file}: add it to .gitignore"));
            None
        }
        Git::NotIgnored | Git::Safe => None,
    }
}

/// The text of the file, once every version of its reader has read it back.
fn text(format: Format, plan: &Plan, path: &Path) -> Result<String, Error> {
    let text = format.write(&plan.lines).map_err(|wrong| Error::Unspeakable {
        reader: report::name(format),
        keys: wrong
            .into_iter()
            .map(|(key, limit)| format!("`{key}` {limit}"))
            .collect::<Vec<_>>()
            .join("; "),
    })?;
    let wanted = format::pairs(&plan.lines);
    for read in format.read(&text) {
        let read = read.unwrap_or_default();
        if read != wanted {
            let differ: Vec<String> = report::changes(&read, &wanted)
                .into_iter()
                .filter(|(_, change)| *change != Change::Kept)
                .map(|(key, _)| format!("`{key}`"))
                .collect();
            return Err(Error::ReadBack { path: path.to_owned(), keys: differ.join(", ") });
        }
    }
    Ok(text)
}

fn counted(pairs: &Pairs, plan: &Plan) -> String {
    let secret = plan.taints.values().filter(|taints| !taints.is_empty()).count();
    let keys = if pairs.len() == 1 { "1 key".to_owned() } else { format!("{} keys", pairs.len()) };
    format!("{keys}, {secret} of them secret")
}
