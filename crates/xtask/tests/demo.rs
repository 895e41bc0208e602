//! The demo as a person meets it: the whole story, what it leaves up, and how it ends.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]
#![expect(
    clippy::disallowed_methods,
    reason = "waits for another process, with a deadline; there is no runtime here"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// Building all that the demo needs may come first.
const DEADLINE: Duration = Duration::from_mins(20);

#[test]
fn the_story_ends_with_a_site_that_works_and_no_secret_in_the_open() {
    let mut demo = Demo::start(&["demo", "--keep"]);
    demo.read_until("up until Ctrl-C");
    assert_eq!(
        demo.stages(),
        [
            // The first deploy, with a visitor's browser.
            "✓ infra applied",
            "✓ stage staged",
            "✓ env written",
            "✓ env written",
            "✓ image built",
            "✓ migrate migrated",
            "✓ rollout deployed",
            "✓ page built",
            "✓ web published",
            "✓ visit seen",
            // A new commit.
            "✓ infra no-changes",
            "✓ env written",
            "✓ env written",
            "✓ image built",
            "✓ migrate migrated",
            "✓ rollout deployed",
            "✓ page built",
            "✓ web published",
            // A commit whose container crashes: the site is not reached.
            "✓ env written",
            "✓ env written",
            "✓ image built",
            "✓ migrate migrated",
            "✗ rollout rolled-back",
            // One release back.
            "✓ web restored",
        ],
        "{}",
        demo.said()
    );
    let cause = "cannot start: there is no command `server`";
    assert!(demo.said().contains(cause), "the cause is not on screen:\n{}", demo.said());

    let site = demo.word_after("site ");
    assert!(get(&site, "").contains("<title>Todo</title>"), "{}", get(&site, ""));
    assert!(get(&site, "api/todos").contains("Deploy "), "{}", get(&site, "api/todos"));

    let secrets = demo.secrets();
    assert_eq!(secrets.len(), 2, "the database's password and the token of machines");
    let holders = files_with(&secrets);
    let env = root().join("target/demo/app/api/.env");
    assert!(holders.contains(&env), "the search does not find them");
    for file in holders {
        assert!(closed(&file), "{} holds a secret, and others can read it", file.display());
    }
    assert!(!secrets.iter().any(|secret| demo.said().contains(secret)), "a secret was said");
    for image in demo.images() {
        let saved = demo.docker().args(["save", &image]).output().unwrap().stdout;
        assert!(saved.len() > 1_000_000, "{image} is no image");
        assert!(!secrets.iter().any(|secret| holds(&saved, secret)), "{image} holds a secret");
    }

    let port = demo.port();
    demo.signal("INT");
    assert_eq!(demo.end(), Some(0), "{}", demo.said());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the local AWS still runs");
}

#[test]
fn an_interrupted_demo_leaves_nothing_running() {
    let mut demo = Demo::start(&["demo"]);
    demo.read_until("  migrate  ");
    let asked = Instant::now();
    demo.signal("INT");
    assert_eq!(demo.end(), Some(130), "{}", demo.said());
    assert!(asked.elapsed() < Duration::from_secs(40), "{:?}", asked.elapsed());
    assert!(TcpStream::connect(("127.0.0.1", demo.port())).is_err(), "the local AWS still runs");
}

struct Demo {
    process: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments).current_dir(root()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _test_has_ended = sender.send(line);
            }
        });
        Self { process, lines, said: Vec::new() }
    }

    fn read_until(&mut self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let Ok(line) =
                self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            else {
                panic!("no `{text}` came:\n{}", self.said());
            };
            let found = line.contains(text);
            self.said.push(line);
            if found {
                return;
            }
        }
    }

    fn said(&self) -> String {
        self.said.join("\n")
    }

    /// Mark, stage and verdict of each stage that ended, from the first deploy on.
    fn stages(&self) -> Vec<String> {
        self.said
            .iter()
            .filter(|line| line.starts_with(['✓', '✗']))
            .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
            .skip_while(|line| !line.contains("stage") && !line.contains("infra"))
            .collect()
    }

    fn word_after(&self, label: &str) -> String {
        let mut words = self.said.iter().filter_map(|line| line.trim_start().strip_prefix(label));
        words.next().unwrap_or_else(|| panic!("no `{label}`:\n{}", self.said())).trim().to_owned()
    }

    fn variable(&self, name: &str) -> String {
        let name = format!("{name}=");
        let all = self.said();
        let (_, value) = all.split_once(&name).unwrap_or_else(|| panic!("no `{name}`:\n{all}"));
        value.split_whitespace().next().unwrap().to_owned()
    }

    fn port(&self) -> u16 {
        let all = self.said();
        let (_, port) = all.split_once("http://127.0.0.1:").unwrap_or_else(|| panic!("{all}"));
        port.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    }

    fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.variable("DOCKER_HOST")]);
        docker
    }

    /// What the tasks run, and the demo built.
    fn images(&self) -> Vec<String> {
        let out = self.docker().args(["ps", "--format", "{{.Image}}"]).output().unwrap();
        let images = String::from_utf8(out.stdout).unwrap();
        let images: Vec<String> =
            images.lines().filter(|name| name.contains("/todo/api")).map(Into::into).collect();
        assert!(!images.is_empty(), "no task runs");
        images
    }

    /// The values of all secrets: they have no character that a file would hold in another spelling.
    fn secrets(&self) -> Vec<String> {
        let script = "import boto3, json\n\
            sm = boto3.client('secretsmanager')\n\
            for s in sm.list_secrets()['SecretList']:\n\
            \x20   text = sm.get_secret_value(SecretId=s['Name'])['SecretString']\n\
            \x20   print(json.loads(text)['password'] if text.startswith('{') else text)";
        let mut python = Command::new(root().join("target/local-aws/venv/bin/python"));
        for name in
            ["AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        {
            python.env(name, self.variable(name));
        }
        let secrets =
            String::from_utf8(python.args(["-c", script]).output().unwrap().stdout).unwrap();
        let secrets: Vec<String> = secrets.lines().map(Into::into).collect();
        assert!(secrets.iter().all(|secret| secret.len() >= 8), "no secret");
        secrets
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Reads to the end; the exit code.
    fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_mins(2);
        while let Ok(line) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.said.push(line);
        }
        self.process.wait().unwrap().code()
    }
}

/// A test that failed leaves no demo behind.
impl Drop for Demo {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _already_gone = self.process.wait();
    }
}

/// As curl does it: names under `localhost` are this machine.
fn get(site: &str, path: &str) -> String {
    let host = site.trim_start_matches("http://").trim_end_matches('/');
    let port = host.rsplit_once(':').unwrap().1;
    let url = format!("http://127.0.0.1:{port}/{path}");
    ureq::get(&url).header("host", host).call().unwrap().body_mut().read_to_string().unwrap()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The files under `target/` that hold one of `values`.
fn files_with(values: &[String]) -> Vec<PathBuf> {
    // By a program, because a test without optimisation is too slow for what builds leave there.
    let mut grep = Command::new("grep");
    grep.args(["--recursive", "--files-with-matches", "--fixed-strings", "--devices=skip"]);
    grep.args(["--no-messages", "--file=-"]).arg(root().join("target"));
    let mut grep = grep.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    grep.stdin.take().unwrap().write_all(values.join("\n").as_bytes()).unwrap();
    let found = String::from_utf8(grep.wait_with_output().unwrap().stdout).unwrap();
    found.lines().map(Into::into).collect()
}

/// Whether only its owner can read `file`, by its own mode or by that of a folder on the way to it.
fn closed(file: &Path) -> bool {
    let own = |path: &Path| {
        fs::metadata(path).is_ok_and(|it| it.permissions().mode().trailing_zeros() >= 6)
    };
    file.ancestors().take_while(|path| *path != root().join("target")).any(own)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}
