//! The six.

use clap::CommandFactory as _;
use schemars::schema_for;

use crate::program::{Program, exit_code};

/// A program by its crate: what it says of itself is read from the types that it runs with.
macro_rules! program {
    ($name:literal, $icon:literal, $program:ident) => {
        Program::new(
            $name,
            $icon,
            $program::Inputs::command(),
            schema_for!($program::Outputs),
            |verdict| {
                Some(exit_code(serde_json::from_value::<$program::Verdict>(verdict).ok()?.exit()))
            },
        )
    };
}

/// In the order in which a deploy runs them.
pub fn all() -> Vec<Program> {
    vec![
        program!("provision-infra", "layers", provision_infra),
        program!("render-env", "file-text", render_env),
        program!("build-push", "package", build_push),
        migrate(),
        program!("ecs-rollout", "upload-cloud", ecs_rollout),
        program!("web-publish", "globe", web_publish),
    ]
}

/// The one whose exit code is another program's.
fn migrate() -> Program {
    Program::new(
        "migrate",
        "database",
        migrate::Inputs::command(),
        schema_for!(migrate::Outputs),
        |verdict| {
            Some(match serde_json::from_value(verdict).ok()? {
                migrate::Verdict::Failed => "the container's own, 125 without one".to_owned(),
                verdict => exit_code(verdict.exit(None)),
            })
        },
    )
}
