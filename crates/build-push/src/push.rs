//! Doing what was planned: build, push, read back, name. Nothing is decided here but what only the image's digest decides.

use std::{cell::OnceCell, ffi::OsString, fs};

use actions_runtime::Step;
use secrecy::SecretString;

use crate::{
    content::{Content, Copied},
    docker::{Docker, Ended, login},
    ecr::{Ecr, Held},
    error::Error,
    fit::Fit,
    look::Look,
    plan::Plan,
    reference::{Registry, Tag},
    scan::{self, Finding, Gate, Scan, Waited},
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
    /// The scan found what keeps an image back, the worst first.
    Vulnerable {
        image: Held,
        findings: Vec<Finding>,
    },
    /// There is no scan to judge by, and why.
    Unscanned {
        image: Held,
        why: String,
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
    /// What a scan is held against; nothing where none is waited for.
    pub(crate) gate: Option<Gate>,
    pub(crate) scan: OnceCell<Scan>,
}

impl Push<'_> {
    pub(crate) async fn execute(&self, plan: Plan, docker: &mut Docker) -> miette::Result<Done> {
        match plan {
            Plan::Refuse { tag, holds } => Ok(Done::Refused { tag, holds, built: None }),
            Plan::Name { image, tags } => {
                if self.look.fit.is_some() || self.look.build.load {
                    self.log_in(docker).await?;
                }
                if let Some(kept) = self.kept_back(docker, &image, "").await? {
                    return Ok(kept);
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
            Plan::Copy { image, push_as } => self.copy(docker, &image, push_as).await,
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
            Ended::Badly(cause) => return self.not_pushed(docker, push_as, cause).await,
            Ended::Cancelled => return Ok(Done::Cancelled { left: Some(push_as) }),
        }
        let digest = self.told_digest(docker, &reference).await;
        self.hand_on(docker, (push_as, &reference), digest).await
    }

    /// Brings an image here as it is. The registries exchange it: nothing of it stays on this machine.
    async fn copy(
        &self,
        docker: &mut Docker,
        image: &Copied,
        push_as: Tag,
    ) -> miette::Result<Done> {
        self.log_in(docker).await?;
        let reference = format!("{}:{push_as}", self.uri);
        let mut words: Vec<String> =
            ["buildx", "imagetools", "create", "--tag", &reference].map(str::to_owned).into();
        // Newer ones would wrap an image in an index of its own, older ones always do: what is handed on is the
        // image inside, which keeps its digest.
        if docker.knows_prefer_index().await {
            words.push("--prefer-index=false".to_owned());
        }
        words.push(image.source());
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let ended = {
            let _group = self.step.group(format!("docker: copy {}", image.source()));
            docker.run(&words, &[]).await?
        };
        match ended {
            Ended::Well => {}
            // An older buildx pushes the image and then an index around it, for which a tag that may not move is taken
            // by then: the image itself is whole.
            Ended::Badly(cause) if self.ecr.held(&image.digest).await?.is_none() => {
                return Ok(Done::Failed(cause));
            }
            Ended::Badly(_) => self.step.say(format!("{} is here all the same", image.digest)),
            Ended::Cancelled => return Ok(Done::Cancelled { left: Some(push_as) }),
        }
        self.hand_on(docker, (push_as, &reference), Some(image.digest.clone())).await
    }

    /// What was pushed, read back, looked at, and named.
    async fn hand_on(
        &self,
        docker: &Docker,
        (push_as, reference): (Tag, &str),
        digest: Option<String>,
    ) -> miette::Result<Done> {
        let image = self.read_back(&push_as, digest).await?;
        if let Some(kept) = self.kept_back(docker, &image, reference).await? {
            return Ok(kept);
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
            None if matches!(self.look.seen.content, Content::Copied(_)) => Done::Exists(image),
            None => Done::Built(image),
        })
    }

    /// What a failed push means: a tag that may not move, another run that was faster, or a failure.
    async fn not_pushed(
        &self,
        docker: &Docker,
        push_as: Tag,
        cause: String,
    ) -> miette::Result<Done> {
        let frozen = self.look.seen.frozen.holds(&push_as);
        if frozen
            && cause.contains("immutable")
            && let Some(held) = self.ecr.tagged(&push_as).await?
        {
            if matches!(self.look.seen.content, Content::Known(_)) {
                self.step.say("another run pushed the same content meanwhile");
                if let Some(kept) = self.kept_back(docker, &held, "").await? {
                    return Ok(kept);
                }
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

    /// Why no tag may name `image`, if it must not be handed on.
    async fn kept_back(
        &self,
        docker: &Docker,
        image: &Held,
        local: &str,
    ) -> miette::Result<Option<Done>> {
        if let Some(misfit) = self.misfit(docker, image, local).await {
            return Ok(Some(misfit));
        }
        let Some(gate) = self.gate else { return Ok(None) };
        let scan = match scan::wait(self.step, self.ecr, image).await? {
            Waited::Scanned(scan) => self.scan.get_or_init(|| scan),
            Waited::Unknown(why) => return Ok(Some(Done::Unscanned { image: image.clone(), why })),
            Waited::Cancelled => return Ok(Some(Done::Cancelled { left: None })),
        };
        if gate.only_fixable && !scan.says_what_is_fixable() {
            self.step.notice("basic scanning does not say what can be fixed: every finding counts");
        }
        let findings: Vec<Finding> = scan.refusing(gate).into_iter().cloned().collect();
        Ok((!findings.is_empty()).then(|| Done::Vulnerable { image: image.clone(), findings }))
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
        self.mask(&token);
        docker.login.add(self.registry, &token)?;
        // One login is good for every registry of the region that this principal may read.
        for registry in self.look.base_registries.iter().filter(|it| *it != self.registry) {
            docker.login.add(registry, &token)?;
        }
        if let Content::Copied(image) = &self.look.seen.content
            && let Some(registry) = image.from.split('/').next()
            && let Some((_, region)) =
                registry.parse::<Registry>().ok().as_ref().and_then(Registry::account_and_region)
        {
            // A login is good for the registries of its region, of other accounts too.
            let token = self.ecr.token_in(region).await?.ok_or(Error::NoToken)?;
            self.mask(&token);
            docker.login.add(registry, &token)?;
        }
        Ok(())
    }

    fn mask(&self, token: &SecretString) {
        self.step.mask(token);
        if let Some(password) = login::password(token) {
            self.step.mask(&password);
        }
    }
}
