//! Builds an image once, pushes it to ECR, and hands on its digest.

mod build;
mod cache;
mod content;
mod docker;
mod ecr;
mod error;
mod fit;
mod inputs;
mod look;
mod outputs;
mod plan;
mod push;
mod reference;
mod report;
mod scan;
mod source;

use std::cell::OnceCell;

use actions_runtime::Step;
use aws_sdk_ecr::types::ImageTagMutability;
use aws_session::Session;
use futures_util::future::join_all;

use crate::{
    docker::Docker,
    ecr::{Ecr, Held},
    look::Look,
    push::{Done, Push},
    report::Answer,
};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

/// Look → plan → (a dry run ends here) → build, push, read back, name → report.
pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let session = Session::open(step, &inputs.aws).await?;
    if inputs.common.dry_run {
        session.read_only();
    }
    let mut docker = Docker::new(step)?;
    let ecr = Ecr::new(&session, inputs.registry.as_ref(), &inputs.repository);
    let mut look = tokio::select! {
        () = step.cancelled().cancelled() => return Ok(nothing_done(step)),
        look = Box::pin(look::look(step, &inputs, &docker, &session, &ecr)) => look?,
    };
    let plan = plan::plan(&look.seen);
    let (uri, registry) = place(&inputs, &look, &session).await?;
    report::look(step, &inputs, &look, &uri);
    if plan.builds() {
        look.build.cache = cache::look(&inputs, docker.builder().await?, &ecr, &uri).await?;
    }
    step.say(report::plan(&plan, &look, docker.known_builder()));
    let answer =
        |look, builder, size| Answer { step, look, builder, session: &session, uri: &uri, size };
    if inputs.common.dry_run {
        return Ok(answer(&look, docker.known_builder(), None).planned(&plan));
    }
    if let Some(lost) =
        docker.known_builder().and_then(report::what_is_lost).filter(|_| plan.builds())
    {
        step.notice(lost);
    }
    if let Some(note) = &look.build.cache.note {
        step.say(note);
    }
    if look.repository.is_none() {
        look.repository = ecr.create(ImageTagMutability::Immutable).await?;
    }
    if look.build.cache.create {
        cache::repository(&ecr).create(ImageTagMutability::Mutable).await?;
    }
    let push = Push {
        step,
        ecr: &ecr,
        look: &look,
        uri: &uri,
        registry: &registry,
        gate: inputs.gate(),
        scan: OnceCell::new(),
    };
    let done = Box::pin(push.execute(plan, &mut docker)).await?;
    let size = size(&ecr, &done).await;
    Ok(answer(&look, docker.known_builder(), size).give(done, push.scan.get()))
}

/// `registry/name` to push to, and the registry alone.
async fn place(
    inputs: &Inputs,
    look: &Look,
    session: &Session,
) -> miette::Result<(String, String)> {
    let named = inputs.registry.as_ref().or(inputs.repository.registry.as_ref());
    let registry = match (named, &look.repository) {
        (Some(registry), _) => registry.to_string(),
        (None, Some(repository)) => repository.uri.split('/').next().unwrap_or_default().to_owned(),
        // Not created yet: where ECR will have it.
        (None, None) => {
            let (account, region) = (session.account().await?, session.region());
            let china = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("{account}.dkr.ecr.{region}.amazonaws.com{china}")
        }
    };
    Ok((format!("{registry}/{}", inputs.repository.name), registry))
}

/// What a pull transfers: of an index, all its platforms together.
async fn size(ecr: &Ecr, done: &Done) -> Option<u64> {
    let (Done::Built(image) | Done::Exists(image)) = done else { return None };
    let members = image.members();
    if members.is_empty() {
        return image.size();
    }
    let members = join_all(members.iter().map(|(_, digest)| ecr.held(digest))).await;
    members.into_iter().map(|member| member.ok().flatten().as_ref().and_then(Held::size)).sum()
}

fn nothing_done(step: &Step) -> Outputs {
    Outputs {
        verdict: Verdict::Cancelled,
        image: None,
        digest: None,
        repository_uri: None,
        tags: Vec::new(),
        size: None,
        scan_findings: None,
        reason: "cancelled before anything was changed".to_owned(),
        seconds: step.seconds(),
    }
}
