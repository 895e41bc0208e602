//! `action-yml [--check]`: writes what is generated, or says what is stale.

use std::{io::Write as _, path::Path, process::ExitCode};

fn main() -> miette::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let generated = action_yml::generate()?;
    let mut stdout = std::io::stdout();
    if std::env::args().nth(1).as_deref() == Some("--check") {
        let stale = action_yml::stale(&root, &generated)?;
        if stale.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let _broken_pipe = writeln!(
            stdout,
            "{stale}\nstale: run `cargo xtask generate` and commit what it writes"
        );
        return Ok(ExitCode::FAILURE);
    }
    for path in action_yml::write(&root, &generated)? {
        let _broken_pipe = writeln!(stdout, "wrote {path}");
    }
    Ok(ExitCode::SUCCESS)
}
