//! Plays one scenario, for people who try a program by hand and for benchmarks: prints what to export, then each call as it comes and
//! each thing that happened, with its second.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a small tool for people: printing is what it does"
)]

use std::process::ExitCode;
use std::time::Duration;

use scripted_aws::{Scenario, ScriptedAws};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, port) = match arguments.as_slice() {
        [name] if name == "--list" => return list(),
        [name] if !name.starts_with('-') => (name, 0),
        [name, flag, port] if flag == "--port" && port.parse::<u16>().is_ok() => {
            (name, port.parse().unwrap_or_default())
        }
        _ => {
            eprintln!(
                "usage: scripted-aws SCENARIO [--port PORT]\n       scripted-aws --list\nSCENARIO is a name that --list shows, or a path to a .yaml"
            );
            return ExitCode::from(2);
        }
    };
    let scenario = match Scenario::load(name) {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let aws = ScriptedAws::stage_at(&scenario, port);
    println!("# {}", scenario.about.trim().replace('\n', "\n# "));
    println!(
        "export AWS_ENDPOINT_URL={} AWS_REGION={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        aws.endpoint(),
        scripted_aws::REGION
    );
    println!(
        "# cluster {}, service {}, an image to deploy: {}",
        scripted_aws::CLUSTER,
        scripted_aws::SERVICE,
        scripted_aws::NEXT_IMAGE
    );
    println!("# the deployed app: {}", aws.app_url());
    let (mut calls, mut happenings) = (0, 0);
    loop {
        aws.wait_for_more(calls, Duration::from_secs(1));
        for call in &aws.calls()[calls..] {
            println!("{:7.2}s {} -> {:?}", call.at.as_secs_f64(), call.operation, call.outcome);
            calls += 1;
        }
        for happening in &aws.happened()[happenings..] {
            println!("{:7.2}s   {}", happening.at.as_secs_f64(), happening.what);
            happenings += 1;
        }
    }
}

fn list() -> ExitCode {
    for name in Scenario::names() {
        match Scenario::load(&name) {
            Ok(scenario) => println!(
                "{name:32} {}",
                scenario.about.split_whitespace().collect::<Vec<_>>().join(" ")
            ),
            Err(error) => eprintln!("{error}"),
        }
    }
    ExitCode::SUCCESS
}
