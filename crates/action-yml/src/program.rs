//! What a program says of itself, read from its types.

use std::any::TypeId;

use actions_runtime::{Exit, input_name, prepare};
use clap::{Arg, ArgAction, Command};
use schemars::Schema;
use serde_json::Value;

/// One of the six.
pub struct Program {
    /// The binary's, the crate's and the action's name.
    pub name: &'static str,
    /// From <https://docs.github.com/en/actions/sharing-automations/creating-actions/metadata-syntax-for-github-actions>, `branding`.
    pub icon: &'static str,
    pub(crate) inputs: Command,
    pub(crate) outputs: Schema,
    /// The exit code of a verdict, in words for a table.
    exit_code: fn(Value) -> Option<String>,
}

/// An input, under the name that a workflow file gives it.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) details: String,
    pub(crate) default: String,
    pub(crate) required: bool,
    /// `flag`, `number`, `lines`, `secret`, `text`, or the values to choose from.
    pub(crate) kind: Value,
}

/// An output.
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) description: String,
    /// `flag`, `number`, `lines` or `text`.
    pub(crate) kind: &'static str,
}

/// A verdict.
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) description: String,
}

impl Program {
    pub(crate) fn new(
        name: &'static str,
        icon: &'static str,
        inputs: Command,
        outputs: Schema,
        exit_code: fn(Value) -> Option<String>,
    ) -> Self {
        Self { name, icon, inputs: prepare(inputs), outputs, exit_code }
    }

    /// The first sentence of its doc comment.
    pub(crate) fn description(&self) -> String {
        self.inputs.get_about().map(|about| sentence(&about.to_string())).unwrap_or_default()
    }

    pub(crate) fn inputs(&self) -> Vec<Input> {
        self.inputs
            .get_arguments()
            .map(|arg| {
                let summary = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let long = arg.get_long_help().map(ToString::to_string).unwrap_or_default();
                let details = long
                    .split_once("\n\n")
                    .map(|(_, details)| details.replace('\n', " "))
                    .unwrap_or_default();
                let defaults: Vec<_> =
                    arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
                let mut summary = sentence(&summary);
                if matches!(arg.get_action(), ArgAction::Append) && !summary.contains("line") {
                    summary.push_str(" One a line.");
                }
                Input {
                    name: input_name(arg),
                    summary,
                    details: details.trim().to_owned(),
                    default: defaults.join("\n"),
                    required: arg.is_required_set(),
                    kind: kind(arg),
                }
            })
            .collect()
    }

    pub(crate) fn outputs(&self) -> Vec<Output> {
        let properties =
            self.outputs.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties
            .map(|(name, schema)| Output {
                name: name.clone(),
                description: description(schema),
                kind: output_kind(schema),
            })
            .collect()
    }

    /// Names of inputs, outputs and verdicts that no doc comment explains.
    pub fn undescribed(&self) -> Vec<String> {
        let inputs = self.inputs().into_iter().map(|input| (input.name, input.summary));
        let outputs = self.outputs().into_iter().map(|output| (output.name, output.description));
        let verdicts =
            self.verdicts().into_iter().map(|(verdict, _)| (verdict.name, verdict.description));
        let all = inputs.chain(outputs).chain(verdicts);
        all.filter(|(_, description)| description.is_empty()).map(|(name, _)| name).collect()
    }

    /// The names of the inputs, and those of the outputs.
    pub fn names(&self) -> (Vec<String>, Vec<String>) {
        let inputs = self.inputs().into_iter().map(|input| input.name);
        (inputs.collect(), self.outputs().into_iter().map(|output| output.name).collect())
    }

    /// The names of the inputs without which there is no run.
    pub fn required(&self) -> Vec<String> {
        let required = self.inputs().into_iter().filter(|input| input.required);
        required.map(|input| input.name).collect()
    }

    /// The members of the enum that `verdict` is, with their doc comments and their exit codes.
    pub(crate) fn verdicts(&self) -> Vec<(Described, String)> {
        let variants = self
            .outputs
            .pointer("/$defs/Verdict/oneOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        variants
            .filter_map(|variant| {
                let name = variant.get("const")?;
                let described = Described {
                    name: name.as_str()?.to_owned(),
                    description: description(variant),
                };
                Some((described, (self.exit_code)(name.clone())?))
            })
            .collect()
    }
}

fn kind(arg: &Arg) -> Value {
    let parsed = arg.get_value_parser().type_id();
    let numbers =
        [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>(), TypeId::of::<usize>()];
    let choices = arg.get_possible_values();
    if arg.is_hide_set() {
        "secret".into()
    } else if parsed == TypeId::of::<bool>() {
        "flag".into()
    } else if matches!(arg.get_action(), ArgAction::Append) {
        "lines".into()
    } else if !choices.is_empty() {
        choices.iter().map(clap::builder::PossibleValue::get_name).collect()
    } else if numbers.into_iter().any(|number| parsed == number) {
        "number".into()
    } else {
        "text".into()
    }
}

fn output_kind(schema: &Value) -> &'static str {
    let types = &schema["type"];
    let is = |name: &str| {
        types == name || types.as_array().is_some_and(|all| all.contains(&name.into()))
    };
    match () {
        () if is("array") => "lines",
        () if is("boolean") => "flag",
        () if is("integer") || is("number") => "number",
        () => "text",
    }
}

pub(crate) fn exit_code(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => code.to_string(),
        Exit::Cancelled => "130, 143".to_owned(),
    }
}

fn description(schema: &Value) -> String {
    sentence(
        &schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " "),
    )
}

/// clap takes the full stop away from a doc comment's first line.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
