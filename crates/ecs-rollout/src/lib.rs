//! Deploys an image to an ECS service and judges that deployment, no other.
//!
//! Look at what is there, plan (where a dry run ends), execute, report.

mod answers;
mod earlier;
mod error;
mod execute;
mod inputs;
mod look;
mod outputs;
mod plan;
mod preflight;
mod report;
mod rollout;
mod service;
mod slow;
mod summary;
mod targets;
mod timeline;
mod update;
mod values;
mod verify;
mod watch;

use actions_runtime::Step;
use aws_session::Session;
use ecs_tasks::Ecs;

use crate::{execute::execute, look::look, plan::plan, report::Report};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

/// One deployment, from its inputs to its verdict.
pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let session = Session::open(step, &inputs.aws).await?;
    if inputs.common.dry_run {
        session.read_only();
    }
    let ecs = Ecs::new(&session);
    let report = Report::new(step, &session, &inputs);
    let looking =
        async { Ok::<_, miette::Report>((look(&ecs, &inputs).await?, step.commit().await)) };
    let (seen, commit) = tokio::select! {
        biased;
        () = step.cancelled().cancelled() => return Ok(report.cancelled_before_anything()),
        looked = Box::pin(looking) => looked?,
    };
    let plan = plan(&inputs, commit.as_deref(), &seen);
    report.plan(&plan, &seen);
    let checking = preflight::check(&session, &plan);
    tokio::select! {
        biased;
        () = step.cancelled().cancelled() => return Ok(report.cancelled_before_anything()),
        checked = Box::pin(checking) => report.not_checked(&checked?),
    }
    if inputs.common.dry_run {
        return Ok(report.planned(&plan, &seen));
    }
    let outcome = Box::pin(execute(step, &ecs, &inputs, &seen, &plan, &report)).await?;
    Ok(report.end(outcome))
}
