//! Looking: what was asked for held against what is there, and all that is wrong with it at once.

mod hashed;
mod local;

use std::{collections::BTreeSet, path::Path};

use actions_runtime::{Faults, Step, did_you_mean};
use aws_session::{AwsError, Session};
use ecs_tasks::{ImageRef, Resolved};
use futures_util::future::try_join_all;
use secrecy::ExposeSecret as _;

use self::{hashed::Bases, local::Local};
use crate::{
    build::Build,
    cache::Cache,
    content::{Content, Copied, context::Context},
    docker::Docker,
    ecr::{Ecr, Frozen, Settings},
    error::Error,
    fit::{self, Fit},
    inputs::Inputs,
    plan::{Holds, Named, Seen},
    reference::{Platform, Registry, Tag},
    source::Source,
};

/// Everything that the rest of the run needs to know.
pub(crate) struct Look {
    pub(crate) build: Build,
    /// Nothing where it is missing and will be created.
    pub(crate) repository: Option<Settings>,
    pub(crate) context: Option<Context>,
    pub(crate) seen: Seen,
    /// Registries of ECR that base images come from: one login is good for all of a region.
    pub(crate) base_registries: BTreeSet<String>,
    /// What the image is for, where that was said.
    pub(crate) fit: Option<Fit>,
    /// The time that belongs to the source.
    pub(crate) epoch: Option<i64>,
}

pub(crate) async fn look(
    step: &Step,
    inputs: &Inputs,
    docker: &Docker,
    session: &Session,
    ecr: &Ecr,
) -> miette::Result<Look> {
    let mut faults = Faults::default();
    let local = local::look(step, inputs, &mut faults).await;
    let bad = !faults.is_empty();
    let own = async {
        let asked = !inputs.platforms.is_empty()
            || inputs.is_for_a_task()
            || !inputs.skip_existing
            || inputs.from_image.is_some();
        if asked { None } else { docker.own_platform().await }
    };
    let files = async {
        // What is wrong is told soonest.
        if bad {
            Ok(Err("bad input".to_owned()))
        } else {
            hashed::context(step, inputs, &local, docker).await
        }
    };
    let (own, repository, fit, files, tags) = futures_util::join!(
        own,
        ecr.settings(),
        fit::look(inputs, session, &mut faults),
        files,
        named(ecr, &local.tags)
    );
    let platforms = match &fit {
        // What is promoted was built before, wherever that was.
        Ok(Some(fit)) if inputs.platforms.is_empty() && inputs.from_image.is_none() => {
            vec![fit.platform.clone()]
        }
        _ => inputs.platforms.clone(),
    };
    // Bad input is told before a missing engine or a refusal: it is the reader's own, and costs nothing to mend.
    let repository = match repository {
        Ok(None) if !inputs.create_repository => {
            let names = ecr.names().await;
            faults.add(
                "repository",
                format!(
                    "there is no repository `{}`{}",
                    ecr.name(),
                    did_you_mean(ecr.name(), &names)
                ),
            );
            Ok(None)
        }
        repository => repository,
    };
    against_region(inputs, session, &mut faults);
    if !faults.is_empty() {
        // Those of the builder belong to them; that there is none is told when nothing else is wrong.
        let _no_builder = against_builder(inputs, &platforms, &local, docker, &mut faults).await;
    }
    faults.check()?;
    let (repository, fit, files, mut tags) = (repository?, fit?, files?, tags?);

    let bases = Bases::new(docker, ecr, inputs, session, repository.as_ref());
    let built_for = if platforms.is_empty() { own.as_slice() } else { &platforms };
    let content = match &inputs.from_image {
        Some(from) => Content::Copied(copied(from, session, &bases).await?),
        None => hashed::content(inputs, built_for, &local, &files, &bases).await,
    };
    let existing = match (&content, &repository) {
        (Content::Known(fingerprint), Some(_)) => ecr.tagged(&fingerprint.tag()).await?,
        (Content::Copied(copied), Some(_)) => ecr.held(&copied.digest).await?,
        _ => None,
    };
    let frozen = repository.as_ref().map(|it| it.frozen.clone()).unwrap_or_default();
    let mut source = Source::default();
    if existing.is_none() {
        let mut faults = Faults::default();
        against_builder(inputs, &platforms, &local, docker, &mut faults).await?;
        faults.check()?;
        also_named(ecr, &mut tags, &frozen).await?;
        let place =
            if local::is_remote(&inputs.context) { Path::new(".") } else { &inputs.context };
        source = Source::look(step, place, local.commit.clone()).await;
    }
    let base_registries: BTreeSet<String> = local
        .dockerfile
        .images
        .iter()
        .filter_map(|image| bases.in_ecr(image).map(|base| base.host.to_owned()))
        .collect();
    let pull = matches!(content, Content::Known(_)) && !local.dockerfile.images.is_empty();
    Ok(Look {
        epoch: source.epoch,
        fit,
        build: build(inputs, platforms, &source, local, docker, pull)?,
        repository,
        context: files.ok(),
        seen: Seen { content, existing, tags, frozen },
        base_registries,
    })
}

/// The image to copy, by its digest.
async fn copied(from: &ImageRef, session: &Session, bases: &Bases<'_>) -> miette::Result<Copied> {
    let fault = |problem: String| Faults::one("from-image", problem);
    let digest = match from.resolve(session).await? {
        Resolved::Pinned(image) => image.digest,
        Resolved::Missing(problem) => return Err(fault(problem).into()),
        Resolved::AsItStands(image, _) => bases.digest(&image.to_string()).await,
    };
    let unknown = || fault(format!("the digest of `{from}` cannot be looked up"));
    Ok(Copied { from: from.repository.clone(), digest: digest.ok_or_else(unknown)? })
}

/// What this builder cannot do.
async fn against_builder(
    inputs: &Inputs,
    platforms: &[Platform],
    local: &Local,
    docker: &Docker,
    faults: &mut Faults,
) -> Result<(), Error> {
    let builder = docker.builder().await?;
    if platforms.len() > 1
        && builder.is_engine()
        && !(builder.is_buildx() && docker.has_containerd_store().await)
    {
        faults.add(
            "platforms",
            format!(
                "{} builds for one platform at a time; docker/setup-buildx-action makes a builder for several",
                builder.name()
            ),
        );
    }
    for platform in platforms.iter().filter(|_| !builder.platforms.is_empty()) {
        if !builder.platforms.iter().any(|known| known == platform.as_str()) {
            let known = builder.platforms.join(", ");
            faults.add(
                "platforms",
                format!("this builder does not build for `{platform}`, but for {known}; docker/setup-qemu-action adds more"),
            );
        }
    }
    if !builder.is_buildx() {
        let asked = [
            ("secrets", !local.secrets.is_empty()),
            ("cache-from", !inputs.cache_from.is_empty()),
            ("from-image", inputs.from_image.is_some()),
            ("cache-to", !inputs.cache_to.is_empty()),
        ];
        let attested = inputs.attestations().into_iter().map(|(name, _)| (name, true));
        for (input, _) in asked.into_iter().chain(attested).filter(|(_, asked)| *asked) {
            faults.add(input, "the classic builder has none: install docker's buildx plugin");
        }
    } else if builder.is_engine() && !docker.has_containerd_store().await {
        for (input, _) in inputs.attestations() {
            faults.add(
                input,
                "this engine keeps no attestations; docker/setup-buildx-action makes a builder that does",
            );
        }
    }
    Ok(())
}

fn against_region(inputs: &Inputs, session: &Session, faults: &mut Faults) {
    let named = &inputs.repository.registry;
    if let (Some(named), Some(registry)) = (named, &inputs.registry)
        && named != registry
    {
        faults.add("registry", format!("`repository` names another one, `{named}`"));
    }
    for (input, registry) in [("repository", named), ("registry", &inputs.registry)] {
        if let Some((_, region)) = registry.as_ref().and_then(Registry::account_and_region)
            && region != session.region()
        {
            let ours = session.region();
            faults.add(input, format!("it is in `{region}`, and this run in `{ours}`"));
        }
    }
}

/// What the tags name now.
async fn named(ecr: &Ecr, tags: &[Tag]) -> Result<Vec<Named>, AwsError> {
    try_join_all(tags.iter().map(async |tag| {
        let held = ecr.tagged(tag).await?;
        let holds = held.map(|held| Holds { digest: held.digest, tags: Vec::new() });
        Ok(Named { tag: tag.clone(), holds })
    }))
    .await
}

/// What else names the images whose tags cannot move: only of those does it matter.
async fn also_named(ecr: &Ecr, named: &mut [Named], frozen: &Frozen) -> Result<(), AwsError> {
    for Named { tag, holds } in named {
        if let Some(holds) = holds.as_mut().filter(|_| frozen.holds(tag)) {
            holds.tags = ecr.tags_of(&holds.digest).await?;
        }
    }
    Ok(())
}

fn build(
    inputs: &Inputs,
    platforms: Vec<Platform>,
    source: &Source,
    local: Local,
    docker: &Docker,
    pull: bool,
) -> Result<Build, Error> {
    let mut labels = source.labels();
    labels.extend(inputs.labels.iter().cloned());
    let secrets = local
        .secrets
        .into_iter()
        .map(|(id, value)| {
            let file =
                docker.login.file(&format!("secret-{id}"), value.expose_secret().as_bytes())?;
            Ok((id, file))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Build {
        context: inputs.context.clone(),
        dockerfile: local.dockerfile_path,
        target: inputs.target.clone(),
        platforms,
        build_args: inputs.build_args.clone(),
        labels,
        secrets,
        pull,
        load: inputs.load,
        attestations: inputs.attestations(),
        cache: Cache::default(),
    })
}
