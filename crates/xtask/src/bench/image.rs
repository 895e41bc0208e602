//! `cargo xtask bench image`: the second build of a commit, beside `docker build && docker push` whose layers are all cached.
//!
//! One engine and one registry for both, on this machine: nothing here is slowed by a network. The commit is built once
//! by each; what is measured is everything after that, in turns, so that whatever else this machine does slows both.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use local_aws::{LocalAws, Needs};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use serde_json::json;

use crate::process::{cargo, root, say};

const ROUNDS: usize = 11;
const SOURCES: usize = 500;
/// What a lock file brings: few files, many bytes, layers of their own.
const DEPENDENCIES: usize = 3;
const DEPENDENCY: usize = 8 * 1024 * 1024;
const WANTED: f64 = 10.0;

/// What lies between one build and the next.
#[derive(Clone, Copy)]
enum Scene {
    SameFolder,
    /// Every time is new, no byte is: what a runner finds.
    NewCheckout,
}

pub(crate) fn image() -> miette::Result<()> {
    cargo(&["build", "--release", "--workspace", "--bin", "build-push"])?;
    let aws = LocalAws::start(Needs { engine: true, ..Needs::default() })?;
    let bench = Bench::new(&aws)?;
    say(&format!(
        "\n{SOURCES} sources and {DEPENDENCIES} × {} MiB, on a base in the registry; docker {}; median of {ROUNDS}\n",
        DEPENDENCY / 1024 / 1024,
        aws.docker_output(&[
            "version",
            "--format",
            "{{.Client.Version}}, engine {{.Server.Version}}"
        ])?
        .trim(),
    ));
    let (docker, ours) = (bench.docker()?, bench.ours("built")?);
    say(&row("", "docker build && push", "build-push", ""));
    say(&row("the first build", &seconds(docker), &seconds(ours), ""));
    for scene in [Scene::SameFolder, Scene::NewCheckout] {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bench.play(scene)?;
            theirs.push(bench.docker()?);
            bench.play(scene)?;
            ours.push(bench.ours("exists")?);
        }
        let (theirs, ours) = (median(theirs), median(ours));
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        let name = match scene {
            Scene::SameFolder => "again, same folder",
            Scene::NewCheckout => "again, new checkout",
        };
        let verdict =
            if ratio < WANTED { format!(" (wanted: {WANTED:.0}×)") } else { String::new() };
        say(&row(name, &seconds(theirs), &seconds(ours), &format!("{ratio:.1}×{verdict}")));
    }
    Ok(())
}

fn row(scene: &str, docker: &str, ours: &str, ratio: &str) -> String {
    format!("{scene:<22} {docker:>22} {ours:>12}   {ratio}")
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// One context, and a repository for each of the two.
struct Bench<'a> {
    aws: &'a LocalAws,
    context: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(aws: &'a LocalAws) -> miette::Result<Self> {
        for repository in ["base", "docker", "ours"] {
            aws.call(
                "ecr",
                "create_repository",
                &json!({ "repositoryName": format!("bench/{repository}") }),
            )?;
        }
        let registry = aws.registry();
        aws.docker_output(&["login", "--username", "AWS", "--password", "any", &registry])?;
        let bench = Self { aws, context: aws.folder().join("bench-image") };
        let base = format!("{registry}/bench/base:1");
        bench.write("base/Dockerfile", b"FROM scratch\nCOPY certificates /etc/certificates\n")?;
        bench.write("base/certificates", &content(0, 200_000))?;
        let folder = bench.context.join("base").display().to_string();
        aws.docker_output(&["build", "--quiet", "--tag", &base, &folder])?;
        aws.docker_output(&["push", "--quiet", &base])?;

        let mut lines = vec![format!("FROM {base}")];
        lines.extend((0..DEPENDENCIES).map(|number| format!("COPY dependency-{number} /app/")));
        lines.extend(["COPY src /app/src", "CMD [\"/app/server\"]"].map(str::to_owned));
        for number in 0..DEPENDENCIES {
            bench.write(&format!("app/dependency-{number}"), &content(number + 1, DEPENDENCY))?;
        }
        bench.write("app/Dockerfile", lines.join("\n").as_bytes())?;
        for number in 0..SOURCES {
            let size = 500 + number.wrapping_mul(7919) % 20_000;
            bench.write(
                &format!("app/src/{}/file-{number}.js", number % 20),
                &content(number + 100, size),
            )?;
        }
        Ok(bench)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> miette::Result<()> {
        let path = self.context.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).into_diagnostic()?;
        fs::write(&path, bytes).into_diagnostic()
    }

    fn play(&self, scene: Scene) -> miette::Result<()> {
        match scene {
            Scene::SameFolder => Ok(()),
            Scene::NewCheckout => touch(&self.context.join("app"), SystemTime::now()),
        }
    }

    fn docker(&self) -> miette::Result<Duration> {
        let tag = format!("{}/bench/docker:commit", self.aws.registry());
        let context = self.context.join("app").display().to_string();
        let (build, _) = self.time("docker", &["build", "--tag", &tag, &context])?;
        let (push, _) = self.time("docker", &["push", &tag])?;
        Ok(build + push)
    }

    fn ours(&self, verdict: &str) -> miette::Result<Duration> {
        let program = root().join("target/release/build-push").display().to_string();
        let context = format!("--context={}", self.context.join("app").display());
        let registry = format!("--registry={}", self.aws.registry());
        let words = ["--repository=bench/ours", &registry, &context, "--tags=commit", "--json"];
        let (time, told) = self.time(&program, &words)?;
        let outputs: serde_json::Value = serde_json::from_str(&told).into_diagnostic()?;
        if outputs["verdict"] == verdict { Ok(time) } else { Err(miette!("not {verdict}: {told}")) }
    }

    /// How long a program took, and what it said.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    fn time(&self, program: &str, words: &[&str]) -> miette::Result<(Duration, String)> {
        let mut command = Command::new(program);
        command
            .args(words)
            .envs(self.aws.environment())
            .env("DOCKER_CONFIG", self.aws.docker_config())
            .stdin(Stdio::null());
        if let Some(host) = self.aws.docker_host() {
            command.env("DOCKER_HOST", host);
        }
        let started = std::time::Instant::now();
        let output = command.output().into_diagnostic().wrap_err_with(|| program.to_owned())?;
        let took = started.elapsed();
        if output.status.success() {
            return Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()));
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(miette!("{program} {}: {error}", words.join(" ")))
    }
}

fn touch(folder: &Path, now: SystemTime) -> miette::Result<()> {
    for entry in fs::read_dir(folder).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        if path.is_dir() {
            touch(&path, now)?;
        } else {
            let file = fs::File::options().write(true).open(&path).into_diagnostic()?;
            file.set_modified(now).into_diagnostic()?;
        }
    }
    Ok(())
}

/// The same bytes in every run, that no layer's compression makes small.
fn content(number: usize, size: usize) -> Vec<u8> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
