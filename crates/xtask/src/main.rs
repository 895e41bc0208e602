//! `cargo xtask`: the project's own tasks.
//!
//! It links none of the programs: what it needs of them it builds with cargo and runs as processes, so that it answers
//! within seconds of a cold clone.

mod bench;
mod demo;
mod generate;
mod lint;
mod process;
mod release;
mod test;
mod tools;

use std::{io::Write as _, process::ExitCode};

const USAGE: &str = "\
The project's own tasks

Usage: cargo xtask <TASK>

  demo [--keep]         deploy the example app onto an AWS on this machine with all programs, break it, roll it back;
                        --keep leaves it up until Ctrl-C
  test                  every test that this machine can run; what is missing is named with the way to get it
  lint                  actionlint, zizmor, shellcheck, cargo-deny and dist's plan; part of `test`
  generate [--check]    write what is generated from the programs' own types (action.yml, tables); --check only compares
  release-tree          the tree that a release's tags point to; --dry-run makes and checks it here (--help says more)
  bench publish [NAME]  web-publish beside awscli, s5cmd and rclone on one server: spa, docs, big, or all
  bench rollout [SECONDS]
                        how late ecs-rollout, `aws ecs wait` and ecs-deploy notice the end of a rollout, and with how many
                        calls: of 5, 30, 120, 240 seconds, or all (five minutes); and what a rerun costs
  bench image           build-push beside `docker build && docker push`: the second build of a commit
  bench plan            a Terraform plan of 2,000 resources: time and memory that it takes to read and to tell
  bench startup         start to first line, resident memory and size of each release binary
";

fn main() -> miette::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["demo"] => demo::run(demo::Keep::No),
        ["demo", "--keep"] => demo::run(demo::Keep::UntilInterrupted),
        ["test"] => test::run().map(|()| ExitCode::SUCCESS),
        ["lint"] => lint::run_all().map(|()| ExitCode::SUCCESS),
        // For the tests, which run them.
        ["tools"] => Ok(print(&format!("{}\n", tools::python("")?.display()))),
        ["generate"] => generate::run(generate::Mode::Write).map(|()| ExitCode::SUCCESS),
        ["generate", "--check"] => generate::run(generate::Mode::Check).map(|()| ExitCode::SUCCESS),
        ["release-tree", "--help" | "-h"] => Ok(print(release::USAGE)),
        ["release-tree", options @ ..] => release::run(options).map(|()| ExitCode::SUCCESS),
        ["bench", "publish", workloads @ ..] => {
            bench::publish::publish(workloads).map(|()| ExitCode::SUCCESS)
        }
        ["bench", "rollout", seconds @ ..] => {
            bench::rollout::rollout(seconds).map(|()| ExitCode::SUCCESS)
        }
        ["bench", "image"] => bench::image::image().map(|()| ExitCode::SUCCESS),
        ["bench", "plan"] => bench::plan::plan().map(|()| ExitCode::SUCCESS),
        ["bench", "startup"] => bench::startup().map(|()| ExitCode::SUCCESS),
        [] | ["help" | "--help" | "-h"] => Ok(print(USAGE)),
        other => Err(miette::miette!(help = USAGE, "there is no task `{}`", other.join(" "))),
    }
}

fn print(text: &str) -> ExitCode {
    let _broken_pipe = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
