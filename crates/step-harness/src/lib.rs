//! Runs a program under test as a process: an empty environment, the runner's files, a deadline.
//!
//! What would leak in from the machine (`GITHUB_*`, `AWS_*`, colours) is not there unless a test says so. Whatever a program
//! asks AWS for must stand in its `actions/<program>/policy.json`: no test of a program needs to remember that.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use tempfile::TempDir;

/// No test waits longer for its program; a hanging one is killed and the test fails.
const DEADLINE: Duration = Duration::from_mins(3);

/// `step!("ecs-rollout")`: the binary of the crate under test, ready to be given inputs.
#[macro_export]
macro_rules! step {
    ($binary:literal) => {
        $crate::Step::new(env!(concat!("CARGO_BIN_EXE_", $binary)))
    };
}

/// A program, its inputs and its surroundings.
pub struct Step {
    binary: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, OsString>,
    directory: Option<PathBuf>,
    in_job: bool,
}

impl Step {
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: None,
            in_job: true,
        }
    }

    /// Lets every AWS client of the program talk to `endpoint`, with keys that are worth nothing.
    #[must_use]
    pub fn endpoint(self, endpoint: &str) -> Self {
        self.env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// An input, as a composite action passes it: `desired-count` becomes `INPUT_DESIRED_COUNT`.
    #[must_use]
    pub fn input(self, name: &str, value: impl Into<OsString>) -> Self {
        let variable = format!("INPUT_{}", name.replace('-', "_").to_uppercase());
        self.env(&variable, value)
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// A plain shell: no variable and no file of a GitHub runner.
    #[must_use]
    pub fn shell(mut self) -> Self {
        self.in_job = false;
        self
    }

    /// Runs the program to its end.
    pub fn run(self) -> Run {
        self.spawn().finish()
    }

    /// Starts the program and leaves it running.
    pub fn spawn(self) -> Running {
        let files = TempDir::new().expect("a folder for the runner's files");
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.env("HOME", files.path()).env("NO_COLOR", "1");
        command.env("TODO_ACTIONS_CALLS", files.path().join("calls"));
        command.current_dir(self.directory.as_deref().unwrap_or(files.path()));
        if self.in_job {
            for (name, value) in job() {
                command.env(name, value);
            }
            command.env("GITHUB_OUTPUT", files.path().join("output"));
            command.env("GITHUB_STEP_SUMMARY", files.path().join("summary"));
            command.env("RUNNER_TEMP", files.path());
        }
        command.envs(&self.environment);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", self.binary.display()));
        let text = Arc::new(Text::default());
        let readers = vec![
            text.clone().follow(child.stdout.take().expect("piped"), Stream::Out),
            text.clone().follow(child.stderr.take().expect("piped"), Stream::Err),
        ];
        Running { binary: self.binary, child, files, text, readers }
    }
}

/// What a runner tells a step (GitHub: "Variables reference").
fn job() -> [(&'static str, &'static str); 11] {
    [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "octo/todo"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_JOB", "deploy"),
        ("GITHUB_ACTION", "step"),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("GITHUB_REF_NAME", "main"),
        ("GITHUB_ACTOR", "octocat"),
        ("GITHUB_SERVER_URL", "https://github.com"),
    ]
}

/// A program that has been started.
pub struct Running {
    binary: PathBuf,
    child: Child,
    files: TempDir,
    text: Arc<Text>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `INT`, `TERM` or `KILL`.
    pub fn signal(&self, name: &str) {
        let signal = match name {
            "INT" => rustix::process::Signal::INT,
            "TERM" => rustix::process::Signal::TERM,
            "KILL" => rustix::process::Signal::KILL,
            other => panic!("no such signal: {other}"),
        };
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .expect("the program runs");
    }

    /// Waits until the program has printed `words`.
    pub fn wait_for(&self, words: &str) {
        self.text.wait_for(words);
    }

    /// Waits for the end of the program.
    pub fn finish(mut self) -> Run {
        let code = self.text.clone().deadline(&mut self.child);
        for reader in self.readers {
            reader.join().expect("the reader of a pipe");
        }
        let read =
            |name: &str| std::fs::read_to_string(self.files.path().join(name)).unwrap_or_default();
        compare_with_policy(&self.binary, &read("calls"));
        let captured = self.text.captured.lock().expect("readers have ended");
        Run {
            code,
            stdout: captured.out.clone(),
            stderr: captured.err.clone(),
            log: captured.both.clone(),
            outputs: outputs(&read("output")),
            summary: read("summary"),
        }
    }
}

/// Each IAM action that a run asked for is one that its policy allows. What all runs asked for is gathered in
/// `target/calls/<program>`, where `cargo xtask test` looks for what the policy allows and none of them needs.
fn compare_with_policy(binary: &Path, calls: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = binary.file_name().map(Path::new).expect("a program has a name");
    let policy = root.join("actions").join(program).join("policy.json");
    let Ok(policy) = std::fs::read_to_string(policy) else { return };
    let calls: BTreeSet<&str> = calls.lines().collect();
    let outside: Vec<_> =
        calls.iter().filter(|call| !policy.contains(&format!("\"{call}\""))).collect();
    let gathered = root.join("target/calls");
    std::fs::create_dir_all(&gathered).expect("a folder in target/");
    let mut gathered = std::fs::File::options()
        .create(true)
        .append(true)
        .open(gathered.join(program))
        .expect("a file in target/");
    let lines: String = calls.iter().flat_map(|call| [call, "\n"]).collect();
    gathered.write_all(lines.as_bytes()).expect("target/ can be written");
    assert!(
        outside.is_empty(),
        "actions/{}/policy.json does not allow {outside:?}, which this run called",
        program.display()
    );
}

/// How a run ended and all that it left.
#[derive(Debug)]
pub struct Run {
    /// 128 + the signal's number where one ended the program, as a shell says it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// Both streams, in the order in which they were read.
    pub log: String,
    /// `GITHUB_OUTPUT`, parsed as the runner does.
    pub outputs: BTreeMap<String, String>,
    /// `GITHUB_STEP_SUMMARY`.
    pub summary: String,
}

impl Run {
    /// An output; the whole run is shown when it is not there.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output `{name}` in {self:#?}"))
    }

    /// Everything that this run let anybody read: for searching secrets in.
    pub fn everything(&self) -> String {
        let outputs: Vec<String> =
            self.outputs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}\n{}\n{}\n{}", self.stdout, self.stderr, outputs.join("\n"), self.summary)
    }
}

/// `name=value` and `name<<delimiter` … `delimiter`.
fn outputs(file: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = file.lines();
    while let Some(line) = lines.next() {
        if let Some((name, delimiter)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        } else if let Some((name, value)) = line.split_once('=') {
            outputs.insert(name.to_owned(), value.to_owned());
        }
    }
    outputs
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

#[derive(Default)]
struct Captured {
    out: String,
    err: String,
    both: String,
}

#[derive(Default)]
struct Text {
    captured: Mutex<Captured>,
    grown: Condvar,
}

impl Text {
    fn follow(
        self: Arc<Self>,
        mut pipe: impl std::io::Read + Send + 'static,
        stream: Stream,
    ) -> JoinHandle<()> {
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            let mut pending = Vec::new();
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                pending.extend_from_slice(&buffer[..count]);
                // Whole characters only: a read may end inside one.
                let valid = match std::str::from_utf8(&pending) {
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    _ => pending.len(),
                };
                let text = String::from_utf8_lossy(&pending.drain(..valid).collect::<Vec<_>>())
                    .into_owned();
                let mut captured = self.captured.lock().expect("no reader panics");
                match stream {
                    Stream::Out => captured.out.push_str(&text),
                    Stream::Err => captured.err.push_str(&text),
                }
                captured.both.push_str(&text);
                self.grown.notify_all();
            }
        })
    }

    fn wait_for(&self, words: &str) {
        let captured = self.captured.lock().expect("no reader panics");
        let (captured, timeout) = self
            .grown
            .wait_timeout_while(captured, DEADLINE, |captured| !captured.both.contains(words))
            .expect("no reader panics");
        assert!(!timeout.timed_out(), "`{words}` was not printed; this was:\n{}", captured.both);
    }

    /// The exit code of `child`, which is killed when it takes too long.
    fn deadline(self: Arc<Self>, child: &mut Child) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let pid = rustix::process::Pid::from_child(child);
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let watched = ended.clone();
        let watchdog = std::thread::spawn(move || {
            let (lock, condition) = &*watched;
            let guard = lock.lock().expect("nobody panics with this lock");
            let (_guard, timeout) = condition
                .wait_timeout_while(guard, DEADLINE, |ended| !*ended)
                .expect("nobody panics with this lock");
            if timeout.timed_out() {
                let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            timeout.timed_out()
        });
        let status = child.wait().expect("the program can be waited for");
        *ended.0.lock().expect("nobody panics with this lock") = true;
        ended.1.notify_all();
        let late = watchdog.join().expect("the watchdog does not panic");
        let captured = self.captured.lock().expect("no reader panics");
        assert!(!late, "killed after {DEADLINE:?}; it had printed:\n{}", captured.both);
        drop(captured);
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }
}
