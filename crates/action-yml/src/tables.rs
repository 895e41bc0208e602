//! The tables of inputs, outputs and verdicts in an action's README.

use actions_runtime::markdown::{code, table};

use crate::program::Program;

pub(crate) fn inputs(program: &Program) -> String {
    table(
        ["input", "default", "what it says"],
        program.inputs().into_iter().map(|input| {
            let default = match (input.required, input.default.as_str()) {
                (true, _) => "**required**".to_owned(),
                (false, "") => String::new(),
                (false, default) => default.lines().map(code).collect::<Vec<_>>().join(" "),
            };
            [code(&input.name), default, cell(&format!("{} {}", input.summary, input.details))]
        }),
    )
}

pub(crate) fn outputs(program: &Program) -> String {
    table(
        ["output", "what it is"],
        program.outputs().into_iter().map(|output| [code(&output.name), cell(&output.description)]),
    )
}

pub(crate) fn verdicts(program: &Program) -> String {
    table(
        ["verdict", "exit code", "when"],
        program
            .verdicts()
            .into_iter()
            .map(|(verdict, exit)| [code(&verdict.name), exit, cell(&verdict.description)]),
    )
}

/// Doc comments are our own Markdown; only what would break a table is changed.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}
