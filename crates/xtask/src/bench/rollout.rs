//! `cargo xtask bench rollout`: ecs-rollout beside what people wait with today, each on a scripted AWS of its own.
//!
//! What counts is how long after ECS has finished a program ends (only the AWS knows when that was), and with how many calls.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle, ScopedJoinHandle},
    time::Duration,
};

use miette::{IntoDiagnostic as _, miette};

use crate::{
    bench::peers::{self, Cost},
    process::{cargo, root, say},
};

const CLUSTER: &str = "todo";
const SERVICE: &str = "todo-api";
/// What the scripted service runs, and an image to deploy.
const RUNNING: char = '1';
const NEXT: char = '2';
/// How long a rollout takes, and how often each program plays it. Longest first: the short ones are over by the time that they end.
const ROLLOUTS: [(u64, usize); 4] = [(240, 3), (120, 3), (30, 5), (5, 9)];
/// Runs begin so far apart: programs that start at once would wait for each other's CPU.
const APART: Duration = Duration::from_secs(2);
/// A play tells what happened within a second.
const TOLD: Duration = Duration::from_millis(1200);
/// Runs of a step that waits for nothing.
const RUNS: usize = 11;

/// Measures rollouts of these lengths, or all, and a step that waits for nothing.
pub(crate) fn rollout(seconds: &[&str]) -> miette::Result<()> {
    let wanted = |length: u64| seconds.is_empty() || seconds.contains(&length.to_string().as_str());
    let known = |length: &&&str| ROLLOUTS.iter().all(|(known, _)| known.to_string() != **length);
    if let Some(unknown) = seconds.iter().find(known) {
        return Err(miette!("there is no rollout of `{unknown}` s; there is 5, 30, 120, 240"));
    }
    cargo(&["build", "--release", "--workspace", "--bin", "ecs-rollout", "--bin", "scripted-aws"])?;
    let venv = peers::python(&[("aws", peers::AWSCLI), ("ecs", "ecs-deploy==1.17.0")])?;
    let tools = Tool::all(&venv);
    nothing_to_wait_for(&tools)?;
    let rollouts: Vec<(u64, usize)> =
        ROLLOUTS.into_iter().filter(|(length, _)| wanted(*length)).collect();
    say(&format!(
        "\nseconds from the end of the rollout until the program's, and calls made: medians; about {} s\n",
        rollouts.iter().map(|(length, _)| length).max().unwrap_or(&0) + 30
    ));
    say(&late(&tools, &rollouts)?);
    Ok(())
}

struct Tool {
    name: &'static str,
    /// Deploys the next image, or makes another deployment, and waits for its end.
    deploy: Vec<String>,
    /// What a rerun that changes nothing does.
    again: Option<Vec<String>>,
}

impl Tool {
    /// Ours comes last.
    fn all(venv: &Path) -> [Self; 3] {
        let (aws, ecs) = (bin(venv, "aws"), bin(venv, "ecs"));
        let ours = root().join("target/release/ecs-rollout").display().to_string();
        let update = format!("{aws} ecs update-service --cluster {CLUSTER} --service {SERVICE}");
        let wait =
            format!("{aws} ecs wait services-stable --cluster {CLUSTER} --services {SERVICE}");
        let describe = format!("{aws} ecs describe-task-definition --task-definition {SERVICE}");
        let deploy = |image: char| {
            let (cluster, service) =
                (format!("--cluster={CLUSTER}"), format!("--service={SERVICE}"));
            vec![ours.clone(), cluster, service, format!("--image={}", image_of(image))]
        };
        [
            Self {
                name: "aws update-service, wait",
                deploy: shell(&format!("{update} --force-new-deployment && exec {wait}")),
                again: Some(shell(&format!("{describe} && exec {update}"))),
            },
            Self {
                name: "ecs-deploy",
                deploy: [
                    ecs.as_str(),
                    "deploy",
                    CLUSTER,
                    SERVICE,
                    "--timeout",
                    "600",
                    "--image",
                    "api",
                ]
                .map(str::to_owned)
                .into_iter()
                .chain([image_of(NEXT)])
                .collect(),
                again: None,
            },
            Self { name: "ecs-rollout", deploy: deploy(NEXT), again: Some(deploy(RUNNING)) },
        ]
    }
}

fn bin(venv: &Path, name: &str) -> String {
    venv.join("bin").join(name).display().to_string()
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).into()
}

fn image_of(digit: char) -> String {
    let digest = digit.to_string().repeat(64);
    format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api@sha256:{digest}")
}

/// What a rerun of the same commit costs, beside the two calls of a script that has nothing to say.
fn nothing_to_wait_for(tools: &[Tool]) -> miette::Result<()> {
    say(&format!("\na step that waits for nothing: median of {RUNS}\n"));
    say("| | ms | CPU ms | peak MiB | calls |\n|---|---|---|---|---|");
    let mut walls = Vec::new();
    for tool in tools {
        let Some(again) = &tool.again else { continue };
        let mut costs = Vec::new();
        let mut calls = 0;
        for _ in 0..RUNS {
            let play = Play::start("unchanged")?;
            costs.push(peers::measure(tool.name, again, |command| play.configure(command))?);
            calls = play.end()?.calls;
        }
        let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
        let wall = of(|cost| cost.wall * 1000.0);
        walls.push((tool.name, wall));
        say(&format!(
            "| {} | {wall:.0} | {:.0} | {} | {calls} |",
            tool.name,
            of(|cost| cost.cpu * 1000.0),
            costs.iter().map(|cost| cost.mebibytes).max().unwrap_or_default(),
        ));
    }
    if let [(peer, theirs), (ours, wall)] = walls.as_slice() {
        say(&format!("\n{ours} takes 1/{:.0} of the time of {peer}", theirs / wall));
    }
    Ok(())
}

/// All at once: a rollout of 240 s costs four minutes, and so do all of them.
fn late(tools: &[Tool], rollouts: &[(u64, usize)]) -> miette::Result<String> {
    let runs: Vec<Vec<Vec<Late>>> = thread::scope(|scope| {
        let mut begun = 0;
        let started: Vec<Vec<Vec<ScopedJoinHandle<'_, miette::Result<Late>>>>> = rollouts
            .iter()
            .map(|(length, times)| {
                let mut columns: Vec<Vec<_>> = tools.iter().map(|_| Vec::new()).collect();
                for _ in 0..*times {
                    let delay = APART * begun;
                    begun += 1;
                    for (column, tool) in columns.iter_mut().zip(tools) {
                        column.push(scope.spawn(move || Late::of(tool, *length, delay)));
                    }
                }
                columns
            })
            .collect();
        let join = |run: ScopedJoinHandle<'_, miette::Result<Late>>| {
            run.join().map_err(|_| miette!("a run panicked"))?
        };
        let row = |columns: Vec<Vec<_>>| {
            columns.into_iter().map(|runs| runs.into_iter().map(join).collect()).collect()
        };
        started.into_iter().map(row).collect::<miette::Result<_>>()
    })?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    let mut lines = vec![
        format!("| rollout | runs | {} |", names.join(" | ")),
        format!("|---|---|{}", "---|".repeat(names.len())),
    ];
    let mut ratios = Vec::new();
    // Shortest first.
    for ((length, times), columns) in rollouts.iter().zip(&runs).rev() {
        let medians: Vec<(f64, f64)> = columns
            .iter()
            .map(|runs| {
                let of = |part: fn(&Late) -> f64| median(runs.iter().map(part).collect());
                (of(|run| run.seconds), of(|run| f64::from(run.calls)))
            })
            .collect();
        let cells: Vec<String> =
            medians.iter().map(|(late, calls)| format!("{late:.2} s, {calls:.0} calls")).collect();
        lines.push(format!("| {length} s | {times} | {} |", cells.join(" | ")));
        let Some(((our_late, our_calls), others)) = medians.split_last() else { continue };
        let told = names.iter().zip(others).map(|(name, (late, calls))| {
            format!(
                "{name} is {:.1}× as late with {:.1}× the calls",
                late / our_late,
                calls / our_calls
            )
        });
        ratios.push(format!(
            "{length} s: beside ecs-rollout, {}",
            told.collect::<Vec<_>>().join("; ")
        ));
    }
    lines.push(String::new());
    lines.extend(ratios);
    Ok(lines.join("\n"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How late one run was.
struct Late {
    seconds: f64,
    calls: u32,
}

impl Late {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    fn of(tool: &Tool, length: u64, delay: Duration) -> miette::Result<Self> {
        thread::sleep(delay);
        let play = Play::start(&format!("timed-{length}s"))?;
        let began = std::time::Instant::now();
        let (program, words) = tool.deploy.split_first().ok_or_else(|| miette!("no command"))?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null());
        play.configure(&mut command);
        let output = command.output().into_diagnostic()?;
        let ended = began.elapsed().as_secs_f64();
        if !output.status.success() {
            let text = [output.stdout, output.stderr].concat();
            return Err(miette!(
                "{}: {}: {}",
                tool.name,
                output.status,
                String::from_utf8_lossy(&text)
            ));
        }
        let told = play.end()?;
        let finished = told.finished.ok_or_else(|| {
            miette!("{} ended after {ended:.1} s, before the rollout did", tool.name)
        })?;
        Ok(Self { seconds: ended - finished, calls: told.calls })
    }
}

/// A scripted AWS that plays one scenario. Its clock begins as it prints its address.
struct Play {
    endpoint: String,
    process: Child,
    reader: Option<JoinHandle<Vec<String>>>,
}

/// What a play had to tell.
struct Told {
    calls: u32,
    /// The second in which the deployment was complete.
    finished: Option<f64>,
}

impl Play {
    fn start(scenario: &str) -> miette::Result<Self> {
        let mut process = Command::new(root().join("target/release/scripted-aws"))
            .arg(scenario)
            .stdout(Stdio::piped())
            .spawn()
            .into_diagnostic()?;
        let stdout = process.stdout.take().ok_or_else(|| miette!("the play has no output"))?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let endpoint = lines
            .find_map(|line| {
                let (_, rest) = line.split_once("AWS_ENDPOINT_URL=")?;
                rest.split_whitespace().next().map(str::to_owned)
            })
            .ok_or_else(|| miette!("the play `{scenario}` does not begin"))?;
        let reader = Some(thread::spawn(move || lines.collect()));
        Ok(Self { endpoint, process, reader })
    }

    fn configure(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .envs([("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-1")])
            .env("AWS_PAGER", "");
    }

    /// Ends the play, once it has told what happened.
    #[expect(clippy::disallowed_methods, reason = "nothing here can be cancelled")]
    fn end(mut self) -> miette::Result<Told> {
        thread::sleep(TOLD);
        self.process.kill().into_diagnostic()?;
        let lines =
            self.reader.take().map(JoinHandle::join).and_then(Result::ok).unwrap_or_default();
        let calls = lines.iter().filter(|line| line.contains(" -> ")).count();
        let finished = lines.iter().find(|line| line.ends_with(": Complete"));
        let second = |line: &String| line.trim().split('s').next()?.parse().ok();
        Ok(Told {
            calls: u32::try_from(calls).into_diagnostic()?,
            finished: finished.and_then(second),
        })
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped = self.process.wait();
    }
}
