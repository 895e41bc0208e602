//! Plan and apply a Terraform root: look → plan → (a dry run ends here) → apply → report.

mod credentials;
mod drift;
mod errors;
mod events;
mod facts;
mod files;
mod fingerprint;
mod github;
mod holder;
mod inputs;
mod key;
mod ledger;
mod lock;
mod locked;
mod look;
mod outputs;
mod plan;
mod plugin_cache;
mod protect;
mod report;
mod review;
mod scratch;
mod seal;
mod secret;
mod terraform;
mod versions;
mod work;

use actions_runtime::Step;
use aws_session::Session;
use tokio::sync::OnceCell;

use crate::{
    credentials::Endpoint,
    look::Seen,
    plan::{Counts, Plan},
    seal::SealedPlan,
    terraform::Terraform,
    work::{Ending, Mode, Stop, Work},
};
pub use crate::{
    inputs::{Command, Comment, Inputs, ReviewedPlan, Unlock},
    lock::LockInfo,
    outputs::{FailureReason, Outputs, Verdict},
};

pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let folder = scratch::folder(step)?;
    let Seen { mut terraform, key, facts, accepted, github } =
        look::look(step, &inputs, folder.path()).await?;
    let session = OnceCell::new();
    let _endpoint = credentials(step, &inputs, &mut terraform, &session).await?;
    let holder = OnceCell::new();
    let work = Work {
        step,
        inputs: &inputs,
        terraform,
        folder,
        key,
        facts,
        session,
        holder,
        accepted,
        github,
    };
    let mut outputs = Outputs::default();
    let mut ended = Box::pin(carry_out(&work, &mut outputs)).await;
    if let Err(Stop::Ended(ending)) = &mut ended {
        match locked::story(&work, ending).await {
            Ok(true) => ended = Box::pin(carry_out(&work, &mut outputs)).await,
            Ok(false) => {}
            Err(other) => ended = Err(other),
        }
    }
    let ending = match ended {
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
    opened: &OnceCell<Session>,
) -> miette::Result<Option<Endpoint>> {
    if inputs.aws.role_to_assume.is_none() && inputs.aws.allowed_account_ids.is_empty() {
        return Ok(None);
    }
    let session = opened.get_or_try_init(|| Session::open(step, &inputs.aws)).await?;
    if inputs.aws.role_to_assume.is_none() {
        return Ok(None);
    }
    let endpoint = Endpoint::open(session).await?;
    endpoint.give_to(terraform, session.region());
    Ok(Some(endpoint))
}

async fn carry_out(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    let sealed = match work.inputs.command {
        Command::Apply => review::open(work)?,
        _ => None,
    };
    work.init().await?;
    match work.inputs.command {
        Command::Plan => plan(work, outputs).await,
        Command::Apply => apply(work, outputs, Mode::Normal, sealed).await,
        Command::Destroy => apply(work, outputs, Mode::Destroy, None).await,
        Command::Drift => tell_drift(work, outputs).await,
        Command::Output => output(work, outputs).await,
    }
}

async fn plan(work: &Work<'_>, outputs: &mut Outputs) -> Result<(Verdict, String), Stop> {
    let (plan, file) = work.plan(Mode::Normal).await?;
    count(outputs, plan.counts);
    outputs.plan_fingerprint = work.key.as_ref().map(|key| fingerprint::of(&plan, key));
    let sections = tell(work, &plan);
    if let Some(reason) =
        protect::refusal(&plan, &work.inputs.allow_destroy, work.inputs.max_changes)
    {
        work.step.warning(format!("`apply` will refuse this plan: {reason}"));
    }
    if work.inputs.common.dry_run {
        return Ok((Verdict::Planned, format!("planned: {}", report::headline(&plan))));
    }
    outputs.plan_file = review::seal(work, &file).await?;
    github::tell_plan(work, &plan, &sections, outputs.plan_fingerprint.as_ref()).await;
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
    sealed: Option<SealedPlan>,
) -> Result<(Verdict, String), Stop> {
    let (plan, file) = match &sealed {
        Some(sealed) => {
            let file = review::unpack(work, sealed).await?;
            (work.show(&file).await?, file)
        }
        None => work.plan(mode).await?,
    };
    count(outputs, plan.counts);
    outputs.plan_fingerprint = work.key.as_ref().map(|key| fingerprint::of(&plan, key));
    tell(work, &plan);
    review::compare(work, &plan, outputs.plan_fingerprint.as_ref()).await?;
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
        if sealed.is_none() {
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
    if !work.inputs.common.dry_run {
        github::tell_drift(work, &left).await;
    }
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
    work.step.say_changes(report::drift_text(&left));
    for section in report::drift_sections(&left) {
        work.step.summary(section.full);
    }
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

/// Shows a plan in the log and in the job's summary, and returns it as Markdown.
fn tell(work: &Work<'_>, plan: &Plan) -> Vec<report::Section> {
    let losses = protect::losses(plan, &work.inputs.allow_destroy);
    work.step.say_changes(report::plan_text(plan, &losses));
    let title = format!("Terraform: {}", work.inputs.working_directory.display());
    let sections = report::sections(plan, &losses, &title);
    for section in &sections {
        work.step.summary(section.full.as_str());
    }
    sections
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
