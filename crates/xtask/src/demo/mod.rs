//! `cargo xtask demo`: the example app, deployed onto an AWS on this machine by the programs as anybody would run them, broken,
//! and rolled back.
//!
//! The programs are processes without any `GITHUB_*` variable. The demo decides nothing for them: it passes outputs on as a workflow
//! would, and looks at the result as a visitor.

mod app;
mod children;
mod closing;
mod prepare;
mod steps;
mod story;
mod teller;
mod visitor;

use std::{
    fs::File, io::Read as _, path::Path, process::ExitCode, sync::atomic::Ordering, thread,
    time::Duration,
};

use local_aws::{LocalAws, Needs, Stage};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use self::{app::App, children::Children, teller::Teller, visitor::Visitor};
use crate::process::{root, say};

/// What becomes of it all at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    No,
    UntilInterrupted,
}

/// Everything that the story plays with.
struct Demo<'a> {
    teller: Teller,
    children: Children,
    aws: &'a LocalAws,
    app: App,
    /// A browser, or why there is none.
    browser: miette::Result<()>,
    made: Option<Made>,
    /// What render-env may read: lines `ALIAS,ARN`.
    secrets: Vec<String>,
}

/// What there is once the infrastructure stands.
struct Made {
    stage: Stage,
    visitor: Visitor,
}

pub(crate) fn run(keep: Keep) -> miette::Result<ExitCode> {
    prepare::check()?;
    let folder = root().join("target/demo");
    let _alone = alone(&folder)?;
    let children = Children::new(folder.join("reports"))?;
    let interrupted = children.interrupted();
    let told = play(children, &folder, keep);
    match told {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(why) if interrupted.load(Ordering::Acquire) => {
            say(&format!("\n{why}"));
            Ok(ExitCode::from(130))
        }
        Err(why) => Err(why),
    }
}

fn play(mut children: Children, folder: &Path, keep: Keep) -> miette::Result<()> {
    let mut teller = Teller::new();
    teller.heading("Setting up");
    let image = prepare::build(&mut children, &mut teller)?;
    let browser = prepare::browser(&teller);
    let aws = start(&mut children, &mut teller)?;
    let app = App::new(&folder.join("app"), &image)?;

    let mut demo =
        Demo { teller, children, aws: &aws, app, browser, made: None, secrets: Vec::new() };
    let told = demo.story();
    demo.teller.table();
    demo.honesty();
    if let (Err(why), Keep::UntilInterrupted) = (&told, keep) {
        // Before it waits: the person is to look at what is left.
        demo.teller.line(&format!("\nit went wrong: {why:?}"));
    }
    demo.where_it_is(keep);
    while keep == Keep::UntilInterrupted && !demo.children.is_interrupted() {
        pause();
    }
    let stays = aws.what_stays();
    drop(demo);
    drop(aws);
    for line in stays {
        say(&format!("  {line}"));
    }
    told
}

/// Two demos would write the same files: the second waits.
fn alone(folder: &Path) -> miette::Result<File> {
    std::fs::create_dir_all(folder).into_diagnostic()?;
    let lock = File::create(folder.join("lock")).into_diagnostic()?;
    if lock.try_lock().is_err() {
        say("another demo runs in this workspace: waiting for its end");
        lock.lock().into_diagnostic()?;
    }
    Ok(lock)
}

fn start(children: &mut Children, teller: &mut Teller) -> miette::Result<LocalAws> {
    let running = teller.begin("aws", "starting the local AWS");
    let needs = Needs { engine: true, postgres: true, auth: false };
    let aws = LocalAws::start_saying(needs, &|text| teller.line(&format!("  {text}")))
        .into_diagnostic()
        .wrap_err("there is no local AWS")?;
    for (name, value) in aws.environment() {
        children.set(name, value);
    }
    children.set("DOCKER_HOST", aws.docker_host().unwrap_or_default());
    children.set("DOCKER_CONFIG", aws.docker_config().to_string_lossy());
    let config =
        local_aws::terraform_config(&|text| teller.line(&format!("  {text}"))).into_diagnostic()?;
    for (name, value) in [
        ("TF_CLI_CONFIG_FILE", config.to_string_lossy().as_ref()),
        ("CHECKPOINT_DISABLE", "1"),
        // A secret that Terraform stores, through the environment: arguments are everybody's to read.
        ("TF_VAR_bearer_token", &token()?),
    ] {
        children.set(name, value);
    }
    if children.is_interrupted() {
        return Err(miette!("interrupted"));
    }
    let engine = if aws.engine_is_ours() {
        "a Docker engine of its own"
    } else {
        "this machine's Docker engine"
    };
    teller.end(&running, true, "up", None, &format!("{}, with {engine}", aws.endpoint()));
    Ok(aws)
}

#[expect(
    clippy::disallowed_methods,
    reason = "it waits for a person, and looks for the signal ten times a second"
)]
fn pause() {
    thread::sleep(Duration::from_millis(100));
}

fn token() -> miette::Result<String> {
    let mut random = [0; 24];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .into_diagnostic()?;
    Ok(random.iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}

/// A path as people type it: from the workspace.
fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
