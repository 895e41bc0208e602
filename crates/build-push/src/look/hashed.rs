//! The fingerprint of what would be built, or why there is none.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use actions_runtime::Step;
use aws_session::Session;
use futures_util::future::join_all;

use super::local::{self, Local};
use crate::{
    content::{
        self, Content, Ingredients,
        context::{self, Context, Unhashable},
        ignored::Ignored,
    },
    docker::{Builder, Docker},
    ecr::{Ecr, Settings},
    error::Error,
    inputs::Inputs,
    reference::{Platform, Registry},
};

/// Whom to ask about images that a Dockerfile names.
pub(super) struct Bases<'a> {
    builder: &'a Builder,
    docker: &'a Docker,
    ecr: &'a Ecr,
    /// Where we push to.
    ours: Option<String>,
    region: String,
}

/// An image that ECR can be asked about.
pub(super) struct Base<'a> {
    pub(super) host: &'a str,
    account: Option<&'a str>,
    name: &'a str,
    tag: &'a str,
}

impl<'s> Bases<'s> {
    pub(super) fn new(
        (builder, docker, ecr): (&'s Builder, &'s Docker, &'s Ecr),
        inputs: &Inputs,
        session: &Session,
        repository: Option<&Settings>,
    ) -> Self {
        let named = inputs.registry.as_ref().or(inputs.repository.registry.as_ref());
        let ours = named.map(|it| it.host().to_owned()).or_else(|| {
            repository.and_then(|it| it.uri.split_once('/')).map(|(host, _)| host.to_owned())
        });
        Self { builder, docker, ecr, ours, region: session.region().to_owned() }
    }

    pub(super) fn in_ecr<'a>(&self, image: &'a str) -> Option<Base<'a>> {
        let image = image.split_once('@').map_or(image, |(image, _)| image);
        let (host, path) = image.split_once('/')?;
        let (name, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        let registry: Registry = host.parse().ok()?;
        let account = match registry.account_and_region() {
            Some((account, region)) if region == self.region => {
                Some(host.get(..account.len()).unwrap_or(host))
            }
            None if self.ours.as_deref() == Some(host) => None,
            _ => return None,
        };
        Some(Base { host, account, name, tag })
    }

    /// The digest that `image` stands for now.
    async fn digest(&self, image: &str) -> Option<String> {
        if let Some((_, digest)) = image.split_once('@') {
            return Some(digest.to_owned());
        }
        if let Some(base) = self.in_ecr(image)
            && let Ok(Some(digest)) = self.ecr.digest_of(base.account, base.name, base.tag).await
        {
            return Some(digest);
        }
        self.docker.digest_of(self.builder, image).await
    }
}

/// The fingerprint, or why there is none.
pub(super) async fn look(
    step: &Step,
    inputs: &Inputs,
    platforms: &[Platform],
    local: &Local,
    bases: &Bases<'_>,
) -> miette::Result<(Content, Option<Context>)> {
    let unknown = |why: String| Ok((Content::Unknown(why), None));
    if !inputs.skip_existing {
        return unknown("`skip-existing` is off".to_owned());
    }
    if local::is_remote(&inputs.context) {
        return unknown("the context comes from elsewhere".to_owned());
    }
    if let Some(doubt) = local.dockerfile.doubts.first() {
        return unknown(doubt.clone());
    }
    let mut platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    if platforms.is_empty() {
        match bases.builder.platforms.first() {
            Some(own) => platforms.push(own.clone()),
            None => {
                return unknown("the builder does not say what platform it builds for".to_owned());
            }
        }
    }
    platforms.sort();
    platforms.dedup();
    let ignored = match ignored(inputs, local, bases.builder)? {
        Ok(ignored) => ignored,
        Err(problem) => return unknown(format!(".dockerignore: {problem}")),
    };
    let (directory, cancelled) = (inputs.context.clone(), step.cancelled().clone());
    let hashing =
        tokio::task::spawn_blocking(move || context::hash(&directory, &ignored, &cancelled));
    let digests = join_all(local.dockerfile.images.iter().map(|image| bases.digest(image)));
    let (hashed, digests) = futures_util::join!(hashing, digests);
    let context = match hashed {
        Ok(Ok(context)) => context,
        Ok(Err(Unhashable::Io(path, error))) => return Err(Error::Unreadable(path, error).into()),
        Ok(Err(unhashable)) => return unknown(unhashable.to_string()),
        Err(panic) => return unknown(panic.to_string()),
    };
    let mut images = BTreeMap::new();
    for (image, digest) in local.dockerfile.images.iter().zip(digests) {
        match digest {
            Some(digest) => images.insert(image.clone(), digest),
            None => return unknown(format!("the digest of `{image}` cannot be looked up")),
        };
    }
    let mut secrets: Vec<String> = local.secrets.iter().map(|(id, _)| id.clone()).collect();
    secrets.sort();
    let fingerprint = content::fingerprint(
        &Ingredients {
            dockerfile: &local.dockerfile_text,
            target: inputs.target.as_deref(),
            build_args: &inputs.build_args,
            labels: &inputs.labels,
            platforms: &platforms,
            secrets: &secrets,
            images: &images,
        },
        &context.hash,
    );
    Ok((Content::Known(fingerprint), Some(context)))
}

/// `BuildKit` prefers a file beside the Dockerfile; the classic builder knows only the one in the context.
fn ignored(
    inputs: &Inputs,
    local: &Local,
    builder: &Builder,
) -> Result<Result<Ignored, String>, Error> {
    let mut candidates = Vec::new();
    if let Some(path) = local.dockerfile_path.as_ref().filter(|_| builder.is_buildx()) {
        let mut beside = path.clone().into_os_string();
        beside.push(".dockerignore");
        candidates.push(PathBuf::from(beside));
    }
    candidates.push(inputs.context.join(".dockerignore"));
    for path in candidates {
        match fs::read(&path) {
            Ok(text) => {
                return Ok(match String::from_utf8(text) {
                    Ok(text) => Ignored::read(&text),
                    Err(_) => Err("it is not UTF-8".to_owned()),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Unreadable(path, error)),
        }
    }
    Ok(Ok(Ignored::default()))
}
