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

use std::{collections::BTreeMap, path::Path};

use actions_runtime::{Faults, Step, did_you_mean};

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
    let looked = look(&inputs)?;
    let plan = if inputs.format == Format::EcsSecrets {
        referring(step, &inputs, looked.template.as_deref()).await?
    } else {
        let secrets = if inputs.secret_ids.is_empty() {
            BTreeMap::new()
        } else {
            let session = aws_session::Session::open(step, &inputs.aws).await?;
            secrets::read(step, &session, &inputs.secret_ids).await?
        };
        let surroundings = Surroundings(inputs.allow_env.iter().cloned().collect());
        let scope = Scope::new(looked.outputs, secrets, surroundings, step.clone());
        plan(&inputs, looked.template.as_deref(), looked.example.as_deref(), &scope)?
    };
    let wanted = format::pairs(&plan.lines);
    let before = inputs.format.read(looked.current.as_deref().unwrap_or_default());
    let before = before.into_iter().flatten().next().unwrap_or_default();
    let changes = report::changes(&before, &wanted);
    let key = step.secret_input("fingerprint-key");
    let ended = |verdict, reason: String| {
        match verdict {
            Verdict::Refused => step.error(&reason),
            _ => step.say(&reason),
        }
        Outputs {
            verdict,
            output_file: Some(inputs.output_file.display().to_string()),
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
    let file = inputs.output_file.display().to_string();

    if let Some(reason) = refusal(&inputs, &plan, file::git(&inputs.output_file).await, step) {
        return Ok(ended(Verdict::Refused, reason));
    }
    let text = text(inputs.format, &plan, &inputs.output_file)?;
    report::tell(step, &file, inputs.format, &plan, &changes);
    let unchanged = looked.current.as_ref() == Some(&text);
    let count = counted(&wanted, &plan);
    if inputs.common.dry_run {
        let what = if unchanged { "would stay as it is" } else { "would be written" };
        return Ok(ended(Verdict::Planned, format!("{file} {what}: {count}")));
    }
    if step.cancelled().is_cancelled() {
        return Ok(ended(Verdict::Cancelled, format!("cancelled before {file} was written")));
    }

    if unchanged {
        file::close_to_others(&inputs.output_file)?;
        return Ok(ended(
            Verdict::Unchanged,
            format!("{file} holds these values already: {count}"),
        ));
    }
    file::write(&inputs.output_file, &text)?;
    Ok(ended(Verdict::Written, format!("{file} written: {count}")))
}

/// A plan of references: nothing is evaluated and no secret is read.
async fn referring(step: &Step, inputs: &Inputs, template: Option<&str>) -> miette::Result<Plan> {
    let mut faults = Faults::default();
    if inputs.from_output.is_some() {
        faults.add(
            "from-output",
            "cannot be used with `format: ecs-secrets`: a reference fills a whole value",
        );
    }
    if inputs.example.is_some() {
        faults.add("example", "cannot be used with `format: ecs-secrets`: a reference has no type");
    }
    faults.check()?;
    let sources = secrets::sources(step, &inputs.aws, &inputs.secret_ids).await?;
    let mut faults = Faults::default();
    let plan = references::plan(template.unwrap_or_default(), &sources, &mut faults);
    faults.check()?;
    Ok(plan)
}

/// What stands in the files that the inputs name.
struct Looked {
    template: Option<String>,
    example: Option<String>,
    outputs: BTreeMap<String, Output>,
    /// The output file as it is now.
    current: Option<String>,
}

fn look(inputs: &Inputs) -> Result<Looked, Faults> {
    let mut faults = Faults::default();
    let mut read = |input, path: &Path| file::read_input(input, path, &mut faults);
    let template = inputs.template.as_deref().and_then(|path| read("template", path));
    let example = inputs.example.as_deref().and_then(|path| read("example", path));
    let names_outputs = inputs.from_output.is_some()
        || template.as_ref().is_some_and(|text| text.contains("outputs"));
    // A template of secrets alone needs no Terraform.
    let outputs = if names_outputs || inputs.outputs_file.exists() {
        read("outputs-file", &inputs.outputs_file)
    } else {
        None
    };
    let outputs = outputs.map(|text| outputs_of(&text, &inputs.outputs_file, &mut faults));
    secrets::check(&inputs.secret_ids, &mut faults);
    for name in inputs.allow_env.iter().filter(|name| expression::is_forbidden(name)) {
        faults.add("allow-env", format!("`{name}` is never within reach of a template"));
    }
    file::check(&inputs.output_file, &mut faults);
    faults.check()?;
    let current = file::current(&inputs.output_file);
    Ok(Looked { template, example, outputs: outputs.unwrap_or_default(), current })
}

/// `terraform output -json`: `{"name": {"sensitive": …, "type": …, "value": …}}`.
fn outputs_of(text: &str, path: &Path, faults: &mut Faults) -> BTreeMap<String, Output> {
    #[derive(serde::Deserialize)]
    struct Written {
        value: serde_json::Value,
        sensitive: bool,
    }
    match serde_json::from_str::<BTreeMap<String, Written>>(text) {
        Ok(outputs) => outputs
            .into_iter()
            .map(|(name, Written { value, sensitive })| (name, Output { value, sensitive }))
            .collect(),
        Err(error) => {
            let path = path.display();
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.add(
                "outputs-file",
                format!("`{path}` is not what `terraform output -json` writes ({place})"),
            );
            BTreeMap::new()
        }
    }
}

fn plan(
    inputs: &Inputs,
    template: Option<&str>,
    example: Option<&str>,
    scope: &Scope,
) -> Result<Plan, Faults> {
    let mut faults = Faults::default();
    let plan = match (template, &inputs.from_output) {
        (Some(text), _) => render::template(text, scope, &mut faults),
        (None, Some(name)) => render::from_output(name, &inputs.placeholders, scope, &mut faults),
        (None, None) => Plan::default(),
    };
    let pairs = format::pairs(&plan.lines);
    let keys: Vec<&String> = plan.taints.keys().collect();
    for key in inputs.allow_public.iter().filter(|key| !keys.contains(key)) {
        faults.add("allow-public", format!("there is no key `{key}`{}", did_you_mean(key, &keys)));
    }
    // What failed to evaluate would be told again as missing.
    if let Some(example) = example.filter(|_| faults.is_empty()) {
        contract::check(example, &pairs, &mut faults);
    }
    faults.check()?;
    Ok(plan)
}

/// Why this file must not be written, if it must not.
fn refusal(inputs: &Inputs, plan: &Plan, git: Git, step: &Step) -> Option<String> {
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
    let file = inputs.output_file.display();
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
