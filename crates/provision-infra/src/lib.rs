//! Plan and apply a Terraform root: look → plan → (a dry run ends here) → apply → report.

mod credentials;
mod drift;
mod errors;
mod events;
mod files;
mod fingerprint;
mod inputs;
mod ledger;
mod lock;
mod look;
mod outputs;
mod plan;
mod protect;
mod report;
mod scratch;
mod terraform;
mod work;

use actions_runtime::{Faults, Step};
use secrecy::ExposeSecret as _;

use crate::{
    credentials::Endpoint,
    plan::{Counts, Plan},
    terraform::Terraform,
    work::{Ending, Mode, Stop, Work},
};
pub use crate::{
    inputs::{Command, Inputs},
    lock::LockInfo,
    outputs::{FailureReason, Outputs, Verdict},
};

pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let folder = scratch::folder(step)?;
    let mut terraform = look::look(step, &inputs, folder.path()).await?;
    let accepted = look::accepted_drift(&inputs)?;
    let key = step.secret_input("plan-key");
    if key.as_ref().is_some_and(|key| key.expose_secret().len() < fingerprint::SHORTEST_KEY) {
        return Err(Faults::one("plan-key", "has less than 16 characters").into());
    }
    let _endpoint = credentials(step, &inputs, &mut terraform).await?;
    let work = Work { step, inputs: &inputs, terraform, folder, key, accepted };
    let mut outputs = Outputs::default();
    let ending = match carry_out(&work, &mut outputs).await {
        Ok((verdict, reason)) => Ending { verdict, failure: None, lock: None, reason },
        Err(Stop::Ended(ending)) => *ending,
        Err(Stop::Error(report)) => return Err(report),
    };
    if ending.verdict == Verdict::Refused {
        step.error(&ending.reason);
    } else {
        step.say(&ending.reason);
    }
    outputs.verdict = ending.verdict;
    outputs.failure_reason = ending.failure;
    outputs.lock_info = ending.lock;
    outputs.reason = ending.reason;
    outputs.seconds = step.seconds();
    Ok(outputs)
}

/// Checks the account, and gives Terraform the role's credentials where there is a role. Without either Terraform finds
/// its own: a root may have nothing to do with AWS.
async fn credentials(
    step: &Step,
    inputs: &Inputs,
    terraform: &mut Terraform,
) -> miette::Result<Option<Endpoint>> {
    if inputs.aws.role_to_assume.is_none() && inputs.aws.allowed_account_ids.is_empty() {
        return Ok(None);
    }
    let session = aws_session::Session::open(step, &inputs.aws).await?;
    if inputs.aws.role_to_assume.is_none() {
        return Ok(None);
    }
    let endpoint = Endpoint::open(&session).await?;
    endpoint.give_to(terraform, session.region());
    Ok(Some(endpoint))
}

async fn carry_out(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    work.init().await?;
    match work.inputs.command {
        Command::Plan => plan(work, outputs).await,
        Command::Apply => apply(work, outputs, Mode::Normal).await,
        Command::Destroy => apply(work, outputs, Mode::Destroy).await,
        Command::Drift => tell_drift(work, outputs).await,
        Command::Output => output(work, outputs).await,
    }
}

async fn plan(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    let (plan, file) = work.plan(Mode::Normal).await?;
    count(outputs, plan.counts);
    outputs.plan_fingerprint = work.key.as_ref().and_then(|key| fingerprint::of(&plan, key));
    tell(work, &plan);
    if let Some(reason) =
        protect::refusal(&plan, &work.inputs.allow_destroy, work.inputs.max_changes)
    {
        work.step.warning(format!("`apply` will refuse this plan: {reason}"));
    }
    if work.inputs.common.dry_run {
        return Ok((Verdict::Planned, format!("planned: {}", report::headline(&plan))));
    }
    if let Some(path) = &work.inputs.plan_file {
        let bytes = std::fs::read(&file)
            .map_err(|source| errors::Error::Write { path: file.clone(), source })?;
        files::write(path, &bytes)?;
        outputs.plan_file = Some(path.display().to_string());
    }
    if plan.is_empty() {
        return Ok((
            Verdict::NoChanges,
            "no changes: what there is, is what the configuration says".to_owned(),
        ));
    }
    Ok((Verdict::Changes, format!("plan: {}", report::headline(&plan))))
}

async fn apply(
    work: &Work<'_>,
    outputs: &mut Outputs,
    mode: Mode,
) -> Result<(Verdict, String), Stop> {
    let saved = work.inputs.plan_file.as_ref().filter(|_| mode == Mode::Normal);
    let (plan, file) = match saved {
        Some(file) => (work.show(file).await?, file.clone()),
        None => work.plan(mode).await?,
    };
    count(outputs, plan.counts);
    outputs.plan_fingerprint = work.key.as_ref().and_then(|key| fingerprint::of(&plan, key));
    tell(work, &plan);
    let reviewed = work.inputs.plan_fingerprint.as_ref();
    // Nothing to do is nothing that anybody would have to see.
    if !plan.is_empty() && reviewed.is_some_and(|_| reviewed != outputs.plan_fingerprint.as_ref()) {
        return Err(Stop::stale(format!(
            "these are not the changes that were reviewed; now it is: {}",
            report::headline(&plan)
        )));
    }
    if let Some(reason) =
        protect::refusal(&plan, &work.inputs.allow_destroy, work.inputs.max_changes)
    {
        return Err(Stop::refused(reason));
    }
    if work.inputs.common.dry_run {
        return Ok((Verdict::Planned, format!("planned: {}", report::headline(&plan))));
    }
    if plan.is_empty() && mode == Mode::Normal {
        write_outputs(work, outputs).await?;
        return Ok((
            Verdict::NoChanges,
            "no changes: what there is, is what the configuration says".to_owned(),
        ));
    }
    work.apply(&plan, &file).await?;
    if work.step.cancelled().is_cancelled() {
        // The signal came too late to stop anything.
        return Ok((
            Verdict::Applied,
            format!("applied: {}; outputs not written", plan.counts.done()),
        ));
    }
    if mode == Mode::Normal {
        // A saved plan carries its variables with it, and reading back would ask for them again.
        if saved.is_none() {
            work.settle(&plan).await?;
        }
        write_outputs(work, outputs).await?;
    }
    Ok((Verdict::Applied, format!("applied: {}", plan.counts.done())))
}

async fn tell_drift(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    let (plan, _) = work.plan(Mode::RefreshOnly).await?;
    count(outputs, Counts::default());
    let real: Vec<_> =
        plan.drift.iter().filter(|change| report::is_real(change)).cloned().collect();
    let today: String =
        jiff::Timestamp::now().to_string().chars().take("2026-12-31".len()).collect();
    let (left, told) = drift::without_accepted(&real, &work.accepted, &today);
    for line in told {
        work.step.warning(line);
    }
    let drifted: Vec<&str> = left.iter().map(|change| change.address.as_str()).collect();
    if drifted.is_empty() {
        return Ok((
            Verdict::NoChanges,
            match real.len() {
                0 => "no drift: nothing was changed outside of Terraform".to_owned(),
                known => format!("no drift but what `drift-ignore` accepts ({known} resources)"),
            },
        ));
    }
    let reason = format!("changed outside of Terraform: {}", drifted.join(", "));
    work.step.say(report::drift_text(&left));
    work.step.summary(report::drift_markdown(&left));
    if work.inputs.common.dry_run {
        return Ok((Verdict::Planned, reason));
    }
    Ok((Verdict::Drifted, reason))
}

async fn output(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    let count = write_outputs(work, outputs).await?;
    let file = work.inputs.outputs_file.display();
    if work.inputs.common.dry_run {
        return Ok((Verdict::Planned, format!("{count} outputs would be written to {file}")));
    }
    Ok((Verdict::NoChanges, format!("{count} outputs written to {file}")))
}

async fn write_outputs(work: &Work<'_>, outputs: &mut Outputs) -> Result<usize, Stop> {
    let count = work.outputs().await?;
    if !work.inputs.common.dry_run {
        outputs.outputs_file = Some(work.inputs.outputs_file.display().to_string());
    }
    Ok(count)
}

/// Shows a plan in the log and in the job's summary.
fn tell(work: &Work<'_>, plan: &Plan) {
    let losses = protect::losses(plan, &work.inputs.allow_destroy);
    work.step.say(report::text(plan, &losses));
    let title = format!("Terraform: {}", work.inputs.working_directory.display());
    for section in report::markdown(plan, &losses, &title) {
        work.step.summary(section);
    }
}

fn count(outputs: &mut Outputs, counts: Counts) {
    let Counts { add, change, destroy, replace, import, r#move, forget: _ } = counts;
    outputs.to_add = Some(add);
    outputs.to_change = Some(change);
    outputs.to_destroy = Some(destroy);
    outputs.to_replace = Some(replace);
    outputs.to_import = Some(import);
    outputs.to_move = Some(r#move);
}
