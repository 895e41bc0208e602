//! Starts a local AWS by hand and keeps it up until Ctrl-C.

use std::io::{self, Write as _};

use local_aws::{LocalAws, Needs};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const USAGE: &str = "\
Start a local AWS on loopback and keep it up until Ctrl-C

Usage: local-aws [--no-engine] [--no-postgres] [--auth]

  --no-engine     no containers: tasks are only pretended
  --no-postgres   no database image
  --auth          IAM is enforced
";

fn main() -> miette::Result<()> {
    let mut needs = Needs { engine: true, postgres: true, auth: false };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--no-engine" => needs = Needs { engine: false, postgres: false, ..needs },
            "--no-postgres" => needs.postgres = false,
            "--auth" => needs.auth = true,
            "--help" | "-h" => return print(USAGE),
            other => return Err(miette::miette!(help = USAGE, "there is no option `{other}`")),
        }
    }
    // Before anything starts: a signal that comes during the start ends it cleanly too.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| miette::miette!("no signals: {error}"))?;
    let aws = LocalAws::start(needs)?;
    for (name, value) in aws.environment() {
        print(&format!("export {name}={value}\n"))?;
    }
    if let Some(host) = aws.docker_host() {
        print(&format!(
            "export DOCKER_HOST={host}\nexport DOCKER_CONFIG={}\n",
            aws.docker_config().display()
        ))?;
    }
    print("# up until Ctrl-C\n")?;
    signals.forever().next();
    let stays = aws.what_stays();
    drop(aws);
    for line in stays {
        print(&format!("# {line}\n"))?;
    }
    Ok(())
}

fn print(text: &str) -> miette::Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| miette::miette!("standard output: {error}"))
}
