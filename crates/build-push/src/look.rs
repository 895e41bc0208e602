//! Looking: what was asked for held against what is there, and all that is wrong with it at once.

mod hashed;
mod local;

use std::collections::BTreeSet;

use actions_runtime::{Faults, Step, did_you_mean};
use aws_session::{AwsError, Session};
use futures_util::future::try_join_all;
use secrecy::ExposeSecret as _;

use self::{hashed::Bases, local::Local};
use crate::{
    build::Build,
    content::{Content, context::Context},
    docker::{Builder, Docker},
    ecr::{Ecr, Settings},
    error::Error,
    fit::{self, Fit},
    inputs::Inputs,
    plan::{Holds, Named, Seen},
    reference::{Platform, Registry, Tag},
};

/// Everything that the rest of the run needs to know.
pub(crate) struct Look {
    pub(crate) builder: Builder,
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
    let (builder, repository, fit) = futures_util::join!(
        docker.builder(),
        ecr.settings(),
        fit::look(inputs, session, &mut faults)
    );
    let platforms = match &fit {
        Ok(Some(fit)) if inputs.platforms.is_empty() => vec![fit.platform.clone()],
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
    if let Ok(builder) = &builder {
        against_builder(&platforms, &local, builder, docker, &mut faults).await;
    }
    against_region(inputs, session, &mut faults);
    faults.check()?;
    let (builder, repository, fit) = (builder?, repository?, fit?);

    let bases = Bases::new((&builder, docker, ecr), inputs, session, repository.as_ref());
    let (content, hashed) = hashed::look(step, inputs, &platforms, &local, &bases).await?;
    let existing = async {
        match (&content, &repository) {
            (Content::Known(fingerprint), Some(_)) => ecr.tagged(&fingerprint.tag()).await,
            _ => Ok(None),
        }
    };
    let (existing, tags) =
        futures_util::try_join!(existing, named(ecr, &local.tags, repository.as_ref()))?;
    let base_registries = local
        .dockerfile
        .images
        .iter()
        .filter_map(|image| bases.in_ecr(image).map(|base| base.host.to_owned()))
        .collect();
    let frozen = repository.as_ref().map(|it| it.frozen.clone()).unwrap_or_default();
    let pull = matches!(content, Content::Known(_)) && !local.dockerfile.images.is_empty();
    Ok(Look {
        epoch: local.source.epoch,
        fit,
        build: build(inputs, platforms, local, docker, pull)?,
        builder,
        repository,
        context: hashed,
        seen: Seen { content, existing, tags, frozen },
        base_registries,
    })
}

/// What this builder cannot do.
async fn against_builder(
    platforms: &[Platform],
    local: &Local,
    builder: &Builder,
    docker: &Docker,
    faults: &mut Faults,
) {
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
    if !local.secrets.is_empty() && !builder.is_buildx() {
        faults.add("secrets", "the classic builder has none: install docker's buildx plugin");
    }
}

fn against_region(inputs: &Inputs, session: &Session, faults: &mut Faults) {
    let named = &inputs.repository.registry;
    if let (Some(named), Some(registry)) = (named, &inputs.registry)
        && named != registry
    {
        faults.add("registry", format!("`repository` names another one, `{named}`"));
    }
    if let Some((_, region)) = named.as_ref().and_then(Registry::account_and_region)
        && region != session.region()
    {
        faults.add(
            "repository",
            format!("it is in `{region}`, and this run in `{}`", session.region()),
        );
    }
}

/// What the tags name now.
async fn named(
    ecr: &Ecr,
    tags: &[Tag],
    repository: Option<&Settings>,
) -> Result<Vec<Named>, AwsError> {
    try_join_all(tags.iter().map(async |tag| {
        let Some(repository) = repository else {
            return Ok(Named { tag: tag.clone(), holds: None });
        };
        let holds = match ecr.tagged(tag).await? {
            Some(held) => {
                // Only for a tag that cannot move does it matter what else names its image.
                let frozen = repository.frozen.holds(tag);
                let tags = if frozen { ecr.tags_of(&held.digest).await? } else { Vec::new() };
                Some(Holds { digest: held.digest, tags })
            }
            None => None,
        };
        Ok(Named { tag: tag.clone(), holds })
    }))
    .await
}

fn build(
    inputs: &Inputs,
    platforms: Vec<Platform>,
    local: Local,
    docker: &Docker,
    pull: bool,
) -> Result<Build, Error> {
    let mut labels = local.source.labels();
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
    })
}
