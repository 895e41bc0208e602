//! `action-yml [--check]`: writes what is generated, or says what is stale.
//! `action-yml --compare OLD NEW`: says what NEW's release breaks of OLD's.
//! `action-yml --calls FOLDER`: says how the policies differ from the calls that tests gathered there.

use std::{io::Write as _, path::Path, process::ExitCode};

fn main() -> miette::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            if !kept(&action_yml::unkept(&root)?) {
                return Ok(ExitCode::FAILURE);
            }
            for path in action_yml::write(&root, &action_yml::generate(&root)?)? {
                say(&format!("wrote {path}"));
            }
        }
        ["--check"] => {
            let kept = kept(&action_yml::unkept(&root)?);
            let stale = action_yml::stale(&root, &action_yml::generate(&root)?)?;
            if !stale.is_empty() {
                say(&format!(
                    "{stale}\nstale: run `cargo xtask generate` and commit what it writes"
                ));
            }
            if !kept || !stale.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        ["--compare", old, new] => {
            if !kept(&action_yml::breaks(Path::new(old), Path::new(new))?) {
                return Ok(ExitCode::FAILURE);
            }
        }
        ["--calls", folder] => {
            let unlike = action_yml::unlike_calls(&root, Path::new(folder))?;
            if !unlike.is_empty() {
                say(&format!(
                    "actions/*/policy.json and the calls that the tests made differ:\n  {}",
                    unlike.join("\n  ")
                ));
                return Ok(ExitCode::FAILURE);
            }
        }
        other => return Err(miette::miette!("there is no `{}`", other.join(" "))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether nothing is broken that the version promises.
fn kept(broken: &[String]) -> bool {
    if !broken.is_empty() {
        say(&format!(
            "this breaks workflows that work today, and needs a new major version in Cargo.toml:\n  {}\n\
             what no release has had yet may go: take it out of the program's actions/*/surface.json by hand",
            broken.join("\n  ")
        ));
    }
    broken.is_empty()
}

fn say(text: &str) {
    let _broken_pipe = writeln!(std::io::stdout(), "{text}");
}
