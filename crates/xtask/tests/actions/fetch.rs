//! The script that brings a binary, from a shell: what needs no workflow to be seen.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::{
    assets::{Assets, Fault},
    release::{binary_sha256, tree},
};

/// `render-env --version` through the script, on a runner whose cache is `cache`.
fn fetch(cache: &Path, server: &str) -> Command {
    let mut sh = Command::new("sh");
    sh.arg(tree().join("_fetch/run.sh")).args(["render-env", "--version"]);
    sh.env_clear().env("PATH", path());
    sh.envs([
        ("RUNNER_OS", "Linux"),
        ("RUNNER_ARCH", "X64"),
        ("TODO_ACTIONS_DOWNLOAD_URL", server),
    ]);
    sh.env("RUNNER_TOOL_CACHE", cache.join("tools")).env("RUNNER_TEMP", cache.join("temp"));
    sh
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[track_caller]
fn assert_ran(out: &Output) {
    assert_eq!(said(out), format!("render-env {}\n", env!("CARGO_PKG_VERSION")));
}

#[track_caller]
fn assert_refused(out: &Output, words: &str) {
    assert_eq!(out.status.code(), Some(1), "{}", said(out));
    let all = said(out);
    assert!(all.starts_with("::error title=render-env::") && all.contains(words), "{all}");
    assert_eq!(all.lines().count(), 1, "{all}");
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(entry.file_name().into_string().unwrap());
        }
    }
    all
}

#[expect(clippy::disallowed_methods, reason = "a test looks where the shell looks")]
fn path() -> String {
    std::env::var("PATH").unwrap()
}

fn which(program: &str) -> String {
    let path = path();
    let folder = path.split(':').find(|folder| Path::new(folder).join(program).is_file()).unwrap();
    format!("{folder}/{program}")
}

const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn a_file_in_a_shared_cache_that_somebody_changed_is_replaced_or_refused_and_never_run() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::serve(&[]);
    assert_ran(&fetch(cache.path(), &assets.url()).output().unwrap());
    let binary = cache.path().join("tools/todo-actions").join(binary_sha256("render-env"));
    let binary = binary.join("render-env");
    fs::write(&binary, "#!/bin/sh\necho stolen\n").unwrap();
    let offline = fetch(cache.path(), NOWHERE).output().unwrap();
    assert_refused(&offline, "cannot download");
    assert_ran(&fetch(cache.path(), &assets.url()).output().unwrap());
    assert_eq!(assets.requests().len(), 2);
    assert_ran(&fetch(cache.path(), NOWHERE).output().unwrap());
}

#[test]
fn a_server_that_is_busy_and_a_connection_that_is_cut_are_tried_again() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::serve(&[Fault::Unavailable, Fault::CutShort]);
    assert_ran(&fetch(cache.path(), &assets.url()).output().unwrap());
    assert_eq!(assets.requests().len(), 3);
    assert_eq!(files(cache.path()), ["render-env"]);
}

#[test]
fn the_next_server_is_asked_when_the_first_has_no_such_release() {
    let cache = tempfile::tempdir().unwrap();
    let (own, public) = (Assets::serve(&[]), Assets::serve(&[]));
    let servers = format!("{}/enterprise {}", own.url(), public.url());
    assert_ran(&fetch(cache.path(), &servers).output().unwrap());
    assert_eq!((own.requests().len(), public.requests().len()), (1, 1));
}

#[test]
fn a_private_repository_is_read_by_a_token_that_nobody_else_sees() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::serve(&[]);
    let without = fetch(cache.path(), &assets.url())
        .env("TODO_ACTIONS_DOWNLOAD_URL", format!("{}/private", assets.url()))
        .output()
        .unwrap();
    assert_refused(&without, "set TODO_ACTIONS_TOKEN to a token that may read its contents");

    // What curl is told is for everybody on the machine to read.
    let (arguments, real) = (cache.path().join("argv"), which("curl"));
    let recording = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {}\nexec {real} \"$@\"\n",
        arguments.display()
    );
    fs::write(cache.path().join("curl"), recording).unwrap();
    fs::set_permissions(cache.path().join("curl"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", cache.path().display(), path());
    let mut private = fetch(cache.path(), NOWHERE);
    private.env("GITHUB_API_URL", assets.url()).env("TODO_ACTIONS_TOKEN", "a-token-for-releases");
    assert_ran(&private.env("PATH", path).output().unwrap());
    let arguments = fs::read_to_string(arguments).unwrap();
    assert!(arguments.contains("--config") && !arguments.contains("a-token"), "{arguments}");
    assert!(assets.requests().iter().any(|head| head.contains("Bearer a-token-for-releases")));
    assert_eq!(files(&cache.path().join("tools")), ["render-env"]);
}

#[test]
fn a_proxy_is_gone_through() {
    let cache = tempfile::tempdir().unwrap();
    let proxy = Assets::serve(&[]);
    let out =
        fetch(cache.path(), "http://releases.example").env("http_proxy", proxy.url()).output();
    assert_ran(&out.unwrap());
    assert!(proxy.requests()[0].starts_with("GET http://releases.example/org/"));
}

#[test]
fn a_runner_that_no_binary_is_made_for_is_told_which_ones_there_are() {
    let cache = tempfile::tempdir().unwrap();
    let out = fetch(cache.path(), NOWHERE).env("RUNNER_OS", "Windows").output().unwrap();
    assert_refused(&out, "no render-env for a runner of kind Windows/X64: use one of Linux/X64");
}

#[test]
fn a_cancel_during_a_download_is_answered_at_once_and_leaves_nothing() {
    for (signal, name) in [(2, rustix::process::Signal::INT), (15, rustix::process::Signal::TERM)] {
        let cache = tempfile::tempdir().unwrap();
        let assets = Assets::serve(&[Fault::Silent]);
        let mut script = with_a_runner_s_signals(&fetch(cache.path(), &assets.url()));
        let mut child = script.stdout(Stdio::piped()).spawn().unwrap();
        until(|| !assets.requests().is_empty());
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), name).unwrap();
        let ended = child.wait().unwrap();
        let code = ended.code().or(ended.signal().map(|signal| 128 + signal));
        assert_eq!(code, Some(128 + signal));
        assert!(files(cache.path()).is_empty(), "{:?}", files(cache.path()));
    }
}

/// A shell that is started with a signal ignored cannot hear it. Whoever runs these tests may have done so; a runner has not.
fn with_a_runner_s_signals(command: &Command) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal").arg(command.get_program()).args(command.get_args());
    env.env_clear();
    env.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    env
}

/// Eight steps of one job, or of eight runners of one machine.
#[test]
fn many_at_once_share_one_file() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::serve(&[]);
    let all: Vec<_> = (0..8)
        .map(|_| fetch(cache.path(), &assets.url()).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    for child in all {
        assert_ran(&child.wait_with_output().unwrap());
    }
    assert_eq!(files(cache.path()), ["render-env"]);
}

#[test]
fn a_warm_step_asks_nobody_and_says_what_it_costs() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::serve(&[]);
    assert_ran(&fetch(cache.path(), &assets.url()).output().unwrap());
    let bare = cache.path().join("tools/todo-actions").join(binary_sha256("render-env"));
    let mut bare = Command::new(bare.join("render-env"));
    assert_ran(&fetch(cache.path(), NOWHERE).output().unwrap());
    let (bare_real, bare_cpu) = cost(bare.arg("--version"));
    let (warm_real, warm_cpu) = cost(&fetch(cache.path(), NOWHERE));
    let overhead = warm_cpu.saturating_sub(bare_cpu);
    // Not captured: the numbers are for whoever runs the tests.
    writeln!(
        std::io::stderr(),
        "a warm step took {warm_real:.1?}, the bare program {bare_real:.1?}; {overhead:.1?} more on a processor"
    )
    .unwrap();
}

/// The fastest of several runs, and the least that one took of a processor.
#[expect(clippy::disallowed_methods, reason = "real time is measured")]
fn cost(command: &Command) -> (Duration, Duration) {
    let runs = (0..9).map(|_| {
        // The shell's `times` knows what its children took.
        let mut sh = Command::new("sh");
        sh.args(["-c", "\"$@\" > /dev/null; times", "sh"]).arg(command.get_program());
        sh.args(command.get_args());
        sh.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let started = Instant::now();
        let out = sh.output().unwrap();
        let real = started.elapsed();
        let cpu: Duration = said(&out).lines().last().unwrap().split(' ').map(seconds).sum();
        (real, cpu)
    });
    let (real, cpu): (Vec<Duration>, Vec<Duration>) = runs.unzip();
    (real.into_iter().min().unwrap(), cpu.into_iter().min().unwrap())
}

/// `0m0.030000s`.
fn seconds(word: &str) -> Duration {
    let (minutes, seconds) = word.trim_end_matches('s').split_once('m').unwrap();
    assert_eq!(minutes, "0");
    Duration::from_secs_f64(seconds.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for, with a deadline")]
fn until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(30), "it did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}
