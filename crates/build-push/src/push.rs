//! Doing what was planned: build, push, read back, name. Nothing is decided here but what only the image's digest decides.

use std::{ffi::OsString, fs};

use actions_runtime::Step;

use crate::{
    content::Content,
    docker::{Docker, Ended, login},
    ecr::{Ecr, Held},
    error::Error,
    fit::Fit,
    look::Look,
    plan::Plan,
    reference::Tag,
};

/// Where buildx writes what it did.
const METADATA: &str = "metadata.json";

/// How it ended.
#[derive(Debug)]
pub(crate) enum Done {
    Built(Held),
    /// Nothing had to be built; or another run was faster.
    Exists(Held),
    Refused {
        tag: Tag,
        holds: String,
        /// What was built, and is in the repository under its fingerprint.
        built: Option<Held>,
    },
    /// It does not run where it is meant to.
    Misfit {
        image: Held,
        platforms: String,
        fit: Fit,
    },
    /// docker failed, and what it said.
    Failed(String),
    Cancelled {
        /// What may be in the repository now.
        left: Option<Tag>,
    },
}

pub(crate) struct Push<'a> {
    pub(crate) step: &'a Step,
    pub(crate) ecr: &'a Ecr,
    pub(crate) look: &'a Look,
    /// `registry/name`, without a tag.
    pub(crate) uri: &'a str,
    pub(crate) registry: &'a str,
}

impl Push<'_> {
    pub(crate) async fn execute(&self, plan: Plan, docker: &mut Docker) -> miette::Result<Done> {
        match plan {
            Plan::Refuse { tag, holds } => Ok(Done::Refused { tag, holds, built: None }),
            Plan::Name { image, tags } => {
                if self.look.fit.is_some() || self.look.build.load {
                    self.log_in(docker).await?;
                }
                if let Some(misfit) = self.misfit(docker, &image, "").await {
                    return Ok(misfit);
                }
                if let Some(refused) = self.name(&image, tags).await? {
                    return Ok(refused);
                }
                if self.look.build.load
                    && let Some(ended) = self.fetch(docker, &image).await?
                {
                    return Ok(ended);
                }
                Ok(Done::Exists(image))
            }
            Plan::Build { push_as, .. } => self.build(docker, push_as).await,
        }
    }

    async fn build(&self, docker: &mut Docker, push_as: Tag) -> miette::Result<Done> {
        // As late as possible: a login lasts twelve hours, and is worth more to a thief the younger it is.
        self.log_in(docker).await?;
        let reference = format!("{}:{push_as}", self.uri);
        let ended = {
            let _group = self.step.group(format!("docker: {reference}"));
            if docker.builder().await?.is_buildx() {
                self.buildx(docker, &reference).await?
            } else {
                self.classic(docker, &reference).await?
            }
        };
        match ended {
            Ended::Well => {}
            Ended::Badly(cause) => return self.not_pushed(push_as, cause).await,
            Ended::Cancelled => return Ok(Done::Cancelled { left: Some(push_as) }),
        }
        let digest = self.told_digest(docker, &reference).await;
        let image = self.read_back(&push_as, digest).await?;
        if let Some(misfit) = self.misfit(docker, &image, &reference).await {
            return Ok(misfit);
        }
        // What was asked for by name and is there already needs nothing; what may not move ends the run.
        let mut tags = self.look.seen.to_name(&image.digest);
        tags.retain(|tag| *tag != push_as);
        for tag in &tags {
            if let Some(holds) = self.look.seen.keeps_from(tag, &image.digest) {
                return Ok(Done::Refused { tag: tag.clone(), holds, built: Some(image) });
            }
        }
        Ok(match self.name(&image, tags).await? {
            Some(ended) => ended,
            None => Done::Built(image),
        })
    }

    /// What a failed push means: a tag that may not move, another run that was faster, or a failure.
    async fn not_pushed(&self, push_as: Tag, cause: String) -> miette::Result<Done> {
        let frozen = self.look.seen.frozen.holds(&push_as);
        if frozen
            && cause.contains("immutable")
            && let Some(held) = self.ecr.tagged(&push_as).await?
        {
            if matches!(self.look.seen.content, Content::Known(_)) {
                self.step.say("another run pushed the same content meanwhile");
                let tags = self.look.seen.to_name(&held.digest);
                return Ok(self.name(&held, tags).await?.unwrap_or(Done::Exists(held)));
            }
            return Ok(Done::Refused { tag: push_as, holds: held.digest, built: None });
        }
        Ok(Done::Failed(cause))
    }

    async fn buildx(&self, docker: &Docker, reference: &str) -> miette::Result<Ended> {
        let words = self.look.build.with_buildx(reference, docker.login.path(METADATA));
        Ok(docker.run(&words, &self.environment(&[])).await?)
    }

    async fn classic(&self, docker: &Docker, reference: &str) -> miette::Result<Ended> {
        let without_buildkit = self.environment(&[("DOCKER_BUILDKIT", "0")]);
        let built = docker.run(&self.look.build.with_classic(reference), &without_buildkit).await?;
        if built != Ended::Well {
            return Ok(built);
        }
        Ok(docker.run(&["push", reference].map(OsString::from), &without_buildkit).await?)
    }

    /// The digest of what was pushed, as docker tells it.
    async fn told_digest(&self, docker: &Docker, reference: &str) -> Option<String> {
        if !docker.builder().await.ok()?.is_buildx() {
            return docker.pushed_digest(reference).await;
        }
        let metadata = fs::read(docker.login.path(METADATA)).ok()?;
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).ok()?;
        Some(metadata.get("containerimage.digest")?.as_str()?.to_owned())
    }

    /// The time that `BuildKit` writes into the image.
    fn environment(&self, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let epoch = self.look.epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch.to_string()));
        epoch.into_iter().chain(more.iter().map(|(k, v)| (*k, (*v).to_owned()))).collect()
    }

    /// The image as ECR has it. Its digest, told by the builder, finds it even if the tag has moved on meanwhile.
    async fn read_back(&self, push_as: &Tag, digest: Option<String>) -> miette::Result<Held> {
        let held = match &digest {
            Some(digest) => self.ecr.held(digest).await?,
            None => self.ecr.tagged(push_as).await?,
        };
        let missing = || Error::NotThere {
            image: digest.unwrap_or_else(|| push_as.to_string()),
            repository: self.ecr.name().to_owned(),
            registry: self.registry.to_owned(),
        };
        Ok(held.ok_or_else(missing)?)
    }

    /// Whether `image` runs where it is meant to. What cannot be found out is said, and trusted to the builder.
    async fn misfit(&self, docker: &Docker, image: &Held, local: &str) -> Option<Done> {
        let fit = self.look.fit.as_ref()?;
        let mut platforms: Vec<String> =
            image.members().into_iter().map(|(name, _)| name).collect();
        if platforms.is_empty() {
            let pinned = format!("{}@{}", self.uri, image.digest);
            platforms.extend(docker.platform_of(&pinned, local).await);
        }
        if platforms.is_empty() {
            self.step.notice("the platform of the image could not be read back");
            return None;
        }
        let fits = platforms.iter().any(|platform| platform == fit.platform.as_str());
        (!fits).then(|| Done::Misfit {
            image: image.clone(),
            platforms: platforms.join(", "),
            fit: fit.clone(),
        })
    }

    /// Lets `tags` name `image`. Something where one of them may not.
    async fn name(&self, image: &Held, tags: Vec<Tag>) -> miette::Result<Option<Done>> {
        for tag in tags {
            if self.step.cancelled().is_cancelled() {
                return Ok(Some(Done::Cancelled { left: None }));
            }
            if !self.ecr.tag(image, &tag).await? {
                let holds = self.ecr.tagged(&tag).await?.map(|held| held.digest);
                let holds = holds.unwrap_or_else(|| "another image".to_owned());
                return Ok(Some(Done::Refused { tag, holds, built: Some(image.clone()) }));
            }
        }
        Ok(None)
    }

    /// Brings an image into the local engine, under the tags that were asked for.
    async fn fetch(&self, docker: &Docker, image: &Held) -> miette::Result<Option<Done>> {
        let pinned = format!("{}@{}", self.uri, image.digest);
        let mut commands = vec![vec!["pull".to_owned(), pinned.clone()]];
        for named in &self.look.seen.tags {
            commands.push(vec![
                "tag".to_owned(),
                pinned.clone(),
                format!("{}:{}", self.uri, named.tag),
            ]);
        }
        let _group = self.step.group(format!("docker pull {pinned}"));
        for command in commands {
            let words: Vec<OsString> = command.into_iter().map(OsString::from).collect();
            match docker.run(&words, &[]).await? {
                Ended::Well => {}
                Ended::Badly(cause) => return Ok(Some(Done::Failed(cause))),
                Ended::Cancelled => return Ok(Some(Done::Cancelled { left: None })),
            }
        }
        Ok(None)
    }

    async fn log_in(&self, docker: &mut Docker) -> miette::Result<()> {
        let token = self.ecr.token().await?.ok_or(Error::NoToken)?;
        self.step.mask(&token);
        if let Some(password) = login::password(&token) {
            self.step.mask(&password);
        }
        docker.login.add(self.registry, &token)?;
        // One login is good for every registry of the region that this principal may read.
        for registry in self.look.base_registries.iter().filter(|it| *it != self.registry) {
            docker.login.add(registry, &token)?;
        }
        Ok(())
    }
}
