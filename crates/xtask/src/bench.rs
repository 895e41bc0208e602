//! `cargo xtask bench startup`: what a step costs before it does anything, measured on the release binaries.

pub(crate) mod image;
mod peers;
pub(crate) mod plan;
pub(crate) mod publish;
pub(crate) mod rollout;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use miette::IntoDiagnostic as _;

use crate::process::{cargo, root, say};

/// The six, with inputs that lead each to its first call or its first child process.
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("provision-infra", &["plan", "--working-directory=."]),
    (
        "render-env",
        &[
            "--template=template.env",
            "--secret-ids=DB,todo-db",
            "--output-file=.env",
            "--format=node",
        ],
    ),
    ("build-push", &["--context=.", "--repository=todo"]),
    ("migrate", &["--cluster=todo", "--service=api", "--image=todo:1"]),
    ("ecs-rollout", &["--cluster=todo", "--service=api", "--image=todo:1"]),
    ("web-publish", &["--directory=.", "--bucket=todo"]),
];
const RUNS: usize = 21;
/// How long a program is left waiting for its first answer before its memory is read.
const SETTLED: Duration = Duration::from_millis(400);
const LOOKS: u32 = 40;

/// Each of the six: milliseconds from start to the first line, peak resident memory, size.
pub(crate) fn startup() -> miette::Result<()> {
    let mut build = vec!["build", "--release", "--workspace"];
    build.extend(PROGRAMS.iter().flat_map(|(program, _)| ["--bin", program]));
    cargo(&build)?;
    let folder = Folder::new()?;
    say(&format!(
        "first line: median of {RUNS} runs of `--help`, beside `true` for what any process costs"
    ));
    say(
        "resident: the peak of a real run that waits for its first answer from AWS (or for its first child)\n",
    );
    say(&row("", "first line", "resident", "size"));
    say(&row("true", &milliseconds(first_line(Path::new("/bin/true"))?), "-", "-"));
    for (program, inputs) in PROGRAMS {
        let path = root().join("target/release").join(program);
        let size = path.metadata().into_diagnostic()?.len();
        let resident = resident(&path, inputs, &folder.0)?;
        say(&row(
            program,
            &milliseconds(first_line(&path)?),
            &megabytes(resident),
            &megabytes(size),
        ));
    }
    Ok(())
}

fn row(program: &str, first_line: &str, resident: &str, size: &str) -> String {
    format!("{program:<16} {first_line:>12} {resident:>12} {size:>12}")
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn first_line(program: &Path) -> miette::Result<Duration> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let started = std::time::Instant::now();
        let mut child =
            Command::new(program).arg("--help").stdout(Stdio::piped()).spawn().into_diagnostic()?;
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut String::new()).into_diagnostic()?;
        }
        runs.push(started.elapsed());
        child.wait().into_diagnostic()?;
    }
    runs.sort();
    Ok(runs[RUNS / 2])
}

/// Bytes at the peak of a run whose first call gets no answer.
#[expect(clippy::disallowed_methods, reason = "nothing here can be cancelled")]
fn resident(program: &Path, inputs: &[&str], folder: &Path) -> miette::Result<u64> {
    let silent = TcpListener::bind("127.0.0.1:0").into_diagnostic()?;
    let endpoint = format!("http://{}", silent.local_addr().into_diagnostic()?);
    let mut child = Command::new(program)
        .args(inputs)
        .current_dir(folder)
        .envs([("AWS_ENDPOINT_URL", endpoint.as_str()), ("AWS_REGION", "eu-west-1")])
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .into_diagnostic()?;
    let mut peak = None;
    for _ in 0..LOOKS {
        std::thread::sleep(SETTLED / LOOKS);
        // A program may be done already: its last peak counts.
        let Ok(status) = fs::read_to_string(format!("/proc/{}/status", child.id())) else { break };
        peak = peak_of(&status).or(peak);
    }
    child.kill().into_diagnostic()?;
    child.wait().into_diagnostic()?;
    peak.ok_or_else(|| miette::miette!("{} ended before its first call", program.display()))
}

/// Bytes, from the line that the kernel writes for a process that lives.
fn peak_of(status: &str) -> Option<u64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// What the inputs name, gone when this is dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> miette::Result<Self> {
        let folder =
            Self(root().join("target").join(format!("bench-startup-{}", std::process::id())));
        fs::create_dir_all(&folder.0).into_diagnostic()?;
        for (name, content) in [
            ("template.env", "PASSWORD={{ secrets[\"DB\"].password }}\n"),
            ("Dockerfile", "FROM scratch\n"),
            ("index.html", "<!doctype html><title>todo</title>"),
            ("main.tf", ""),
        ] {
            fs::write(folder.0.join(name), content).into_diagnostic()?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}
