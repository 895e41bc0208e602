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
    docker::Docker,
    ecr::{Ecr, Settings},
    error::Error,
    inputs::Inputs,
    reference::{Platform, Registry},
};

/// Whom to ask about images that a Dockerfile names.
pub(super) struct Bases<'a> {
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
        docker: &'s Docker,
        ecr: &'s Ecr,
        inputs: &Inputs,
        session: &Session,
        repository: Option<&Settings>,
    ) -> Self {
        let named = inputs.registry.as_ref().or(inputs.repository.registry.as_ref());
        let ours = named.map(|it| it.host().to_owned()).or_else(|| {
            repository.and_then(|it| it.uri.split_once('/')).map(|(host, _)| host.to_owned())
        });
        Self { docker, ecr, ours, region: session.region().to_owned() }
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
    pub(super) async fn digest(&self, image: &str) -> Option<String> {
        if let Some((_, digest)) = image.split_once('@') {
            return Some(digest.to_owned());
        }
        if let Some(base) = self.in_ecr(image)
            && let Ok(Some(digest)) = self.ecr.digest_of(base.account, base.name, base.tag).await
        {
            return Some(digest);
        }
        self.docker.digest_of(image).await
    }
}

/// The context, or why it has no hash.
pub(super) async fn context(
    step: &Step,
    inputs: &Inputs,
    local: &Local,
    docker: &Docker,
) -> Result<Result<Context, String>, Error> {
    if inputs.from_image.is_some() {
        return Ok(Err("nothing is built".to_owned()));
    }
    if !inputs.skip_existing {
        return Ok(Err("`skip-existing` is off".to_owned()));
    }
    if local::is_remote(&inputs.context) {
        return Ok(Err("the context comes from elsewhere".to_owned()));
    }
    if let Some(doubt) = local.dockerfile.doubts.first() {
        return Ok(Err(doubt.clone()));
    }
    let ignored = match ignored(inputs, local, docker).await? {
        Ok(ignored) => ignored,
        Err(problem) => return Ok(Err(format!(".dockerignore: {problem}"))),
    };
    let (directory, cancelled) = (inputs.context.clone(), step.cancelled().clone());
    let hashing =
        tokio::task::spawn_blocking(move || context::hash(&directory, &ignored, &cancelled));
    match hashing.await {
        Ok(Ok(context)) => Ok(Ok(context)),
        Ok(Err(Unhashable::Io(path, error))) => Err(Error::Unreadable(path, error)),
        Ok(Err(unhashable)) => Ok(Err(unhashable.to_string())),
        Err(panic) => Ok(Err(panic.to_string())),
    }
}

/// The fingerprint of `context` and all else that goes in, or why there is none.
pub(super) async fn content(
    inputs: &Inputs,
    platforms: &[Platform],
    local: &Local,
    context: &Result<Context, String>,
    bases: &Bases<'_>,
) -> Content {
    let context = match context {
        Ok(context) => context,
        Err(why) => return Content::Unknown(why.clone()),
    };
    if platforms.is_empty() {
        let why = "the builder does not say what platform it builds for";
        return Content::Unknown(why.to_owned());
    }
    let mut platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    platforms.sort();
    platforms.dedup();
    let digests = join_all(local.dockerfile.images.iter().map(|image| bases.digest(image))).await;
    let mut images = BTreeMap::new();
    for (image, digest) in local.dockerfile.images.iter().zip(digests) {
        match digest {
            Some(digest) => images.insert(image.clone(), digest),
            None => {
                return Content::Unknown(format!("the digest of `{image}` cannot be looked up"));
            }
        };
    }
    let mut secrets: Vec<String> = local.secrets.iter().map(|(id, _)| id.clone()).collect();
    secrets.sort();
    Content::Known(content::fingerprint(
        &Ingredients {
            dockerfile: &local.dockerfile_text,
            target: inputs.target.as_deref(),
            build_args: &inputs.build_args,
            labels: &inputs.labels,
            platforms: &platforms,
            secrets: &secrets,
            attestations: &inputs.attestations(),
            images: &images,
        },
        &context.hash,
    ))
}

/// `BuildKit` prefers a file beside the Dockerfile; the classic builder knows only the one in the context.
async fn ignored(
    inputs: &Inputs,
    local: &Local,
    docker: &Docker,
) -> Result<Result<Ignored, String>, Error> {
    let mut candidates = Vec::new();
    if let Some(path) = &local.dockerfile_path {
        let mut beside = path.clone().into_os_string();
        beside.push(".dockerignore");
        let beside = PathBuf::from(beside);
        if beside.exists() && docker.builder().await?.is_buildx() {
            candidates.push(beside);
        }
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
