//! The steps of a run, each one command of Terraform: init, plan, show, apply, output.

use std::path::{Path, PathBuf};

use actions_runtime::Step;
use aws_session::Session;
use github_api::GitHub;
use secrecy::SecretString;
use tokio::sync::{Notify, OnceCell};

use crate::{
    drift::Accepted,
    errors::Error,
    events::{Diagnostic, Event},
    facts::{Facts, data_folder},
    files,
    holder::{Holder, State},
    inputs::Inputs,
    key::PlanKey,
    ledger::Ledger,
    lock::LockInfo,
    outputs::{FailureReason, Verdict},
    plan::{Action, Plan},
    plugin_cache, report,
    terraform::{Ended, Terraform},
};

/// With more than these it is quicker to read everything.
const MOST_TARGETS: usize = 200;

/// One run on one root.
pub(crate) struct Work<'a> {
    pub(crate) step: &'a Step,
    pub(crate) inputs: &'a Inputs,
    pub(crate) terraform: Terraform,
    /// Mode 0700: a plan holds secrets in clear. It goes when the run ends, by a signal too.
    pub(crate) folder: tempfile::TempDir,
    /// The key of the plan's seal and fingerprint.
    pub(crate) key: Option<PlanKey>,
    pub(crate) facts: Facts,
    /// Opened by the first who needs it: a root may have nothing to do with AWS.
    pub(crate) session: OnceCell<Session>,
    /// Where the state is on S3, the one who notes who holds its lock. Known once Terraform is initialised.
    pub(crate) holder: OnceCell<Option<Holder>>,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) github: Option<GitHub>,
}

/// A run that ends before its work is done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// With an answer.
    Ended(Box<Ending>),
    /// Without one.
    Error(miette::Report),
}

/// The answer of a run that Terraform, or a signal, ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) verdict: Verdict,
    pub(crate) failure: Option<FailureReason>,
    pub(crate) lock: Option<LockInfo>,
    pub(crate) reason: String,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error.into())
    }
}

impl Stop {
    pub(crate) fn stale(reason: String) -> Self {
        let failure = Some(FailureReason::PlanChanged);
        Self::Ended(Box::new(Ending { verdict: Verdict::Stale, failure, lock: None, reason }))
    }

    pub(crate) fn refused(reason: String) -> Self {
        Self::Ended(Box::new(Ending {
            verdict: Verdict::Refused,
            failure: None,
            lock: None,
            reason,
        }))
    }
}

/// How a plan is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Normal,
    RefreshOnly,
    Destroy,
}

impl Work<'_> {
    pub(crate) async fn session(&self) -> miette::Result<&Session> {
        self.session.get_or_try_init(|| Session::open(self.step, &self.inputs.aws)).await
    }

    /// Who keeps the story of the lock.
    pub(crate) async fn holder(&self) -> Option<&Holder> {
        let open = async || {
            let data = data_folder(self.step, &self.inputs.working_directory);
            let state = State::of(&data, self.facts.workspace())?;
            match self.session().await {
                Ok(session) => Some(Holder::new(session, state)),
                Err(error) => {
                    self.step.say(format!("who holds the lock is not noted beside it: {error}"));
                    None
                }
            }
        };
        self.holder.get_or_init(open).await.as_ref()
    }

    /// Runs a command that locks the state, with the story of the lock beside it.
    async fn locking(
        &self,
        arguments: &[String],
        mut on_event: impl FnMut(&Event),
    ) -> Result<Ended, Error> {
        let locked = Notify::new();
        let command = self.terraform.stream(self.step, arguments, |event| {
            if matches!(event, Event::Planned | Event::Refresh { .. }) {
                locked.notify_one();
            }
            on_event(event);
        });
        match self.holder().await {
            Some(holder) if !self.inputs.common.dry_run => {
                holder.accompany(self.step, self.inputs, &locked, command).await
            }
            _ => command.await,
        }
    }

    /// Takes the lock with this id away, and no other one.
    pub(crate) async fn unlock(&self, id: &str) -> Result<(), Stop> {
        let arguments = words(&["force-unlock", "-force", id]);
        let (ended, _) = self.terraform.read(self.step, &arguments).await?;
        if ended.is_fine() { Ok(()) } else { Err(self.failed(&ended, FailureReason::StateLocked)) }
    }

    pub(crate) async fn init(&self) -> Result<(), Stop> {
        let _group = self.step.group("terraform init");
        // What a folder remembers of an earlier backend is no reason to ask whether state should move.
        let mut arguments = words(&["init", "-json", "-input=false", "-reconfigure"]);
        arguments.extend(self.inputs.backend_config.iter().map(|setting| {
            let setting =
                if setting.contains('=') { setting.clone() } else { absolute(Path::new(setting)) };
            format!("-backend-config={setting}")
        }));
        let (mut said, mut prose) = (Vec::new(), Vec::new());
        let mut terraform = self.terraform.clone();
        let cache = plugin_cache::open(self.step);
        if let Some(cache) = &cache {
            terraform.set("TF_PLUGIN_CACHE_DIR", cache.folder.display().to_string());
        }
        let ended = terraform
            .stream(self.step, &arguments, |event| match event {
                Event::Init { message } => self.step.live(message),
                Event::Diagnostic(diagnostic) => said.push((**diagnostic).clone()),
                Event::Foreign { line } => prose.push(line.clone()),
                _ => {}
            })
            .await?;
        drop(cache);
        self.tell(&said);
        // `init` says what went well in prose, whatever it is asked for.
        if !ended.is_fine() {
            for line in &prose {
                self.step.foreign(line);
            }
        }
        self.proceed(&ended, FailureReason::InitFailed)
    }

    /// Plans into a file and reads it back. What is sensitive is masked from here on.
    pub(crate) async fn plan(&self, mode: Mode) -> Result<(Plan, PathBuf), Stop> {
        let file = self.folder.path().join("plan");
        let inputs = self.inputs;
        let mut arguments = words(&["plan", "-json", "-input=false"]);
        arguments.push(format!("-out={}", file.display()));
        match mode {
            Mode::Normal => {}
            Mode::RefreshOnly => arguments.push("-refresh-only".to_owned()),
            Mode::Destroy => arguments.push("-destroy".to_owned()),
        }
        arguments.extend(self.variable_files());
        arguments.extend(inputs.target.iter().map(|address| format!("-target={address}")));
        arguments.extend(inputs.replace.iter().map(|address| format!("-replace={address}")));
        arguments.extend(self.parallelism());
        if inputs.common.dry_run {
            // A lock is an object that is written and deleted.
            arguments.push("-lock=false".to_owned());
        } else {
            arguments.push(format!("-lock-timeout={}", inputs.lock_timeout));
        }
        let (mut said, mut refreshed) = (Vec::new(), 0_usize);
        let ended = self
            .locking(&arguments, |event| match event {
                Event::Refresh { address } => {
                    refreshed += 1;
                    self.step.live(format!("refreshing {refreshed}: {address}"));
                }
                Event::Diagnostic(diagnostic) => said.push((**diagnostic).clone()),
                Event::Foreign { line } => self.step.foreign(line),
                _ => {}
            })
            .await?;
        // Terraform writes a plan that failed too. It is never applied, but it knows what must not be shown.
        let plan = if file.exists() { Some(self.show(&file).await?) } else { None };
        self.tell(&said);
        self.proceed(&ended, FailureReason::PlanFailed)?;
        match plan {
            Some(plan) => Ok((plan, file)),
            None => Err(self.failed(&ended, FailureReason::PlanFailed)),
        }
    }

    /// Reads a plan file and masks what is sensitive in it.
    pub(crate) async fn show(&self, file: &Path) -> Result<Plan, Stop> {
        let mut arguments = words(&["show", "-json"]);
        arguments.push(absolute(file));
        let (ended, text) = self.terraform.read(self.step, &arguments).await?;
        if !ended.is_fine() {
            return Err(self.failed(&ended, FailureReason::PlanFailed));
        }
        let plan = Plan::parse(text.as_bytes()).map_err(|source| Error::NotJson {
            what: format!("{} show -json", self.terraform.program().display()),
            source,
        })?;
        for value in plan.sensitive.values() {
            self.step.mask(&SecretString::from(value));
        }
        Ok(plan)
    }

    /// Applies a plan file. The ledger is told whatever comes of it.
    pub(crate) async fn apply(&self, plan: &Plan, file: &Path) -> Result<(), Stop> {
        let mut ledger = Ledger::new(&plan.changes);
        let mut arguments = words(&["apply", "-json", "-input=false"]);
        arguments.push(format!("-lock-timeout={}", self.inputs.lock_timeout));
        arguments.extend(self.parallelism());
        arguments.push(absolute(file));
        let mut said = Vec::new();
        let ended = {
            let _group = self.step.group("terraform apply");
            self.locking(&arguments, |event| {
                match event {
                    Event::Diagnostic(diagnostic) => said.push((**diagnostic).clone()),
                    Event::Foreign { line } => self.step.foreign(line),
                    _ => {}
                }
                if let Some(line) = ledger.note(event) {
                    self.step.say(line);
                }
                let running = ledger.running().join(", ");
                self.step.live(format!("{} of {}: {running}", ledger.done(), ledger.total()));
            })
            .await?
        };
        if ended.is_fine() {
            ledger.complete();
        }
        self.tell(&said);
        let result = self.proceed(&ended, FailureReason::ApplyFailed);
        if result.is_ok()
            || ledger.entries().iter().any(|entry| entry.state != crate::ledger::State::NotReached)
        {
            self.step.say(report::ledger_text(&ledger));
            self.step.summary(report::ledger_markdown(&ledger));
        }
        result.map_err(|stop| self.with_next_step(stop, &ledger))
    }

    /// Lets the state take note of what providers tell only when they read again: the rules of a security group, the
    /// policies of a role. Otherwise the first `drift` after an apply would call them changed by somebody else.
    pub(crate) async fn settle(&self, plan: &Plan) -> Result<(), Stop> {
        let changed: Vec<&str> = plan
            .changes
            .iter()
            .filter(|change| !matches!(change.action, Action::Delete | Action::Forget))
            .map(|change| change.address.as_str())
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut arguments =
            words(&["apply", "-json", "-input=false", "-refresh-only", "-auto-approve"]);
        arguments.push(format!("-lock-timeout={}", self.inputs.lock_timeout));
        arguments.extend(self.parallelism());
        arguments.extend(self.variable_files());
        if changed.len() <= MOST_TARGETS {
            arguments.extend(changed.iter().map(|address| format!("-target={address}")));
        }
        let ended = self
            .locking(&arguments, |event| {
                if let Event::Refresh { address } = event {
                    self.step.live(format!("reading back {address}"));
                }
            })
            .await?;
        if let Some(error) = ended.errors.first() {
            // Everything is applied; only the next `drift` will say too much.
            self.step
                .warning(format!("what was applied could not be read back: {}", error.headline()));
        }
        Ok(())
    }

    /// Writes the outputs and returns how many there are.
    pub(crate) async fn outputs(&self) -> Result<usize, Stop> {
        let (ended, text) = self.terraform.read(self.step, &words(&["output", "-json"])).await?;
        if !ended.is_fine() {
            return Err(self.failed(&ended, FailureReason::OutputFailed));
        }
        let outputs: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
            .map_err(|source| Error::NotJson {
                what: format!("{} output -json", self.terraform.program().display()),
                source,
            })?;
        if !self.inputs.common.dry_run {
            files::write(&self.inputs.outputs_file, text.as_bytes())?;
        }
        Ok(outputs.len())
    }

    fn variable_files(&self) -> impl Iterator<Item = String> {
        self.inputs.var_files.iter().map(|file| format!("-var-file={}", absolute(file)))
    }

    fn parallelism(&self) -> Option<String> {
        self.inputs.parallelism.map(|count| format!("-parallelism={count}"))
    }

    fn tell(&self, diagnostics: &[Diagnostic]) {
        for (index, diagnostic) in diagnostics.iter().enumerate() {
            // `init` says some things once for each time that it reads the configuration.
            if diagnostics[..index].contains(diagnostic) {
                continue;
            }
            if diagnostic.is_error() {
                self.step.error(diagnostic.headline());
            } else {
                self.step.warning(diagnostic.headline());
            }
            let body = diagnostic.body();
            if !body.is_empty() {
                self.step.foreign(&body);
            }
        }
    }

    /// Goes on after a command that did what it should.
    fn proceed(&self, ended: &Ended, failure: FailureReason) -> Result<(), Stop> {
        if ended.is_fine() && !(ended.cancelled && failure != FailureReason::ApplyFailed) {
            Ok(())
        } else {
            Err(self.failed(ended, failure))
        }
    }

    /// The answer of a command that did not.
    fn failed(&self, ended: &Ended, failure: FailureReason) -> Stop {
        let ending = |verdict, failure, lock, reason| {
            Stop::Ended(Box::new(Ending { verdict, failure, lock, reason }))
        };
        if let Some(lock) = ended.errors.iter().find_map(LockInfo::of) {
            let reason = lock.sentence();
            return ending(Verdict::Locked, Some(FailureReason::StateLocked), Some(lock), reason);
        }
        if ended.errors.iter().any(is_stale) {
            let reason = "the state moved on since the plan was made: plan again".to_owned();
            return ending(Verdict::Stale, Some(FailureReason::PlanChanged), None, reason);
        }
        if ended.cancelled {
            return ending(Verdict::Cancelled, None, None, "cancelled".to_owned());
        }
        if ended.errors.is_empty() && !ended.stderr.trim().is_empty() {
            self.step.foreign(ended.stderr.trim());
        }
        let what = match failure {
            FailureReason::InitFailed => "init",
            FailureReason::ApplyFailed => "apply",
            FailureReason::OutputFailed => "output",
            FailureReason::PlanFailed | FailureReason::PlanChanged | FailureReason::StateLocked => {
                "plan"
            }
        };
        let why = match (ended.errors.first(), ended.code) {
            (Some(first), _) => first.headline(),
            (None, Some(code)) => format!("exit code {code}"),
            (None, None) => "a signal ended it".to_owned(),
        };
        let mut different: Vec<&Diagnostic> = Vec::new();
        for error in &ended.errors {
            if !different.contains(&error) {
                different.push(error);
            }
        }
        let more = match different.len() {
            0 | 1 => String::new(),
            2 => " and 1 error more".to_owned(),
            many => format!(" and {} errors more", many - 1),
        };
        for error in different {
            self.step.summary(report::diagnostic_markdown(error));
        }
        ending(
            Verdict::Failed,
            Some(failure),
            None,
            format!("terraform {what} failed: {why}{more}"),
        )
    }

    /// What an apply that did not end well leaves, and what to do.
    fn with_next_step(&self, stop: Stop, ledger: &Ledger) -> Stop {
        let Stop::Ended(mut ending) = stop else { return stop };
        if matches!(ending.verdict, Verdict::Failed | Verdict::Cancelled) {
            ending.reason =
                format!("{}; {} of {} done", ending.reason, ledger.done(), ledger.total());
            if ledger.done() > 0 {
                self.step.say(
                    "next: what was done is in the state, so plan again: the new plan holds the rest",
                );
            }
        }
        Stop::Ended(ending)
    }
}

/// Terraform compares a saved plan with the state's lineage and serial (Terraform: `internal/backend/local`).
fn is_stale(diagnostic: &Diagnostic) -> bool {
    matches!(
        diagnostic.summary.as_str(),
        "Saved plan is stale" | "Saved plan does not match the given state"
    )
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Terraform runs in the root's folder; paths are meant from ours.
pub(crate) fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
