//! Where layers are kept for the next builder: one that starts empty builds all of them again without.

use aws_session::AwsError;

use crate::{
    docker::Builder,
    ecr::{Ecr, Settings},
    inputs::Inputs,
    reference::Tag,
};

/// A cache lives in a repository of its own: its tag moves with each build, and an image's repository may forbid that.
const SUFFIX: &str = "-cache";
/// Without these two ECR refuses a cache's manifest (buildx: "Registry cache").
const AS_AN_IMAGE: &str = "image-manifest=true,oci-mediatypes=true";

/// What buildx is told of caches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cache {
    pub(crate) from: Vec<String>,
    pub(crate) to: Vec<String>,
    /// Its repository has to be created first.
    pub(crate) create: bool,
    /// Why there is none by default.
    pub(crate) note: Option<String>,
}

/// The repository beside the image's that holds the cache.
pub(crate) fn repository(ecr: &Ecr) -> Ecr {
    ecr.beside(SUFFIX)
}

/// What was asked for, else what the builder can do.
pub(crate) async fn look(
    inputs: &Inputs,
    builder: &Builder,
    ecr: &Ecr,
    uri: &str,
) -> Result<Cache, AwsError> {
    let (from, to) = (given(&inputs.cache_from), given(&inputs.cache_to));
    if from.is_some() && to.is_some() {
        return Ok(with(from, to, Cache::default()));
    }
    if builder.is_engine() {
        let note = "the engine keeps its layers itself and hands none on: a runner that starts empty builds all of them; docker/setup-buildx-action makes a builder whose layers are kept in ECR";
        return Ok(with(from, to, Cache { note: Some(note.to_owned()), ..Cache::default() }));
    }
    let repository = repository(ecr);
    let found = match repository.settings().await {
        Err(error) if error.is_access_denied() => {
            let note = format!("no cache: {error}");
            return Ok(with(from, to, Cache { note: Some(note), ..Cache::default() }));
        }
        found => found?,
    };
    let place = format!("{uri}{SUFFIX}");
    Ok(with(from, to, usual(inputs, repository.name(), &place, found.as_ref())))
}

/// One entry for each target: the layers of one are not those of another.
fn usual(inputs: &Inputs, name: &str, place: &str, found: Option<&Settings>) -> Cache {
    let tag = inputs.target.as_deref().unwrap_or("cache");
    let Ok(tag) = tag.parse::<Tag>() else { return Cache::default() };
    let without = |note: String| Cache { note: Some(note), ..Cache::default() };
    match found {
        Some(settings) if settings.frozen.holds(&tag) => {
            without(format!("no cache: the tag `{tag}` of `{name}` may not move"))
        }
        None if !inputs.create_repository => without(format!(
            "no cache: there is no repository `{name}`; `create-repository` makes it"
        )),
        found => Cache {
            from: vec![format!("type=registry,ref={place}:{tag}")],
            to: vec![format!("type=registry,ref={place}:{tag},mode=max,{AS_AN_IMAGE}")],
            create: found.is_none(),
            note: None,
        },
    }
}

/// `usual` wherever nothing was asked for.
fn with(from: Option<Vec<String>>, to: Option<Vec<String>>, usual: Cache) -> Cache {
    Cache {
        create: usual.create && to.is_none(),
        from: from.unwrap_or(usual.from),
        to: to.unwrap_or(usual.to),
        note: usual.note,
    }
}

/// `none` asks for nothing, which is not the same as not asking.
fn given(lines: &[String]) -> Option<Vec<String>> {
    let some = lines.iter().filter(|line| *line != "none").cloned();
    (!lines.is_empty()).then(|| some.collect())
}
