//! What follows once a release is live: the CDN forgets, what nobody needs is deleted, the claim is given back.

use crate::{
    claim::Wrote,
    error::PublishError,
    manifest::Phase,
    plan::Stage,
    publish::{End, Publish, told},
};

impl Publish<'_> {
    pub(crate) async fn invalidate(
        &mut self,
        files: &[String],
    ) -> Result<Option<End>, PublishError> {
        let id = self.tell_cdn(files).await?;
        let deletes = self.has(|stage| matches!(stage, Stage::Delete(_) | Stage::Prune(_)));
        let forgets = self.has(|stage| matches!(stage, Stage::Forget(_)));
        let Some(id) = id else { return Ok(None) };
        self.state.done.invalidation = Some(id.clone());
        if !deletes && !self.wait {
            return Ok(None);
        }
        if !deletes && !forgets {
            // Nothing is left to be done by anybody: others need not know that we wait.
            self.settle().await?;
        }
        let Some((cdn, _)) = &self.cdn else { return Ok(None) };
        self.step.live("waiting for CloudFront to forget what changed");
        if cdn.completed(&id).await? {
            self.state.done.completed = true;
            return Ok(None);
        }
        let why = format!("the invalidation `{id}` is not completed yet");
        Ok(Some(End::DoneButNotDeleted(why)))
    }

    async fn tell_cdn(&mut self, files: &[String]) -> Result<Option<String>, PublishError> {
        let Some((cdn, distribution)) = &self.cdn else { return Ok(None) };
        let paths =
            told(&self.invalidation, files, self.bucket.prefix.trim_end_matches('/'), distribution);
        let reference =
            format!("{}-{}-{}", self.me.release, self.me.token, self.state.done.told.len());
        let id = cdn.invalidate(self.step, &paths, &reference).await?;
        self.state.done.told.extend(paths);
        Ok(Some(id))
    }

    /// Deletes under a claim of its own: a publisher that began meanwhile may need what this one would delete.
    pub(crate) async fn delete(&mut self, paths: &[String]) -> Result<Option<End>, PublishError> {
        if self.state.renewal.is_none() {
            let mut claim = self.settling().unwrap_or_else(|| self.me.nothing_left());
            claim.phase = Phase::Deleting;
            claim.invalidate = self.deleted_files();
            let held = self.hold.write(|current| current.claim = Some(claim)).await?;
            if let Wrote::Lost(winner) = held {
                let other = winner.release;
                let why = format!("`{other}` is being published: it takes over the deletion");
                self.state.claimed = false;
                return Ok(Some(End::DoneButNotDeleted(why)));
            }
            self.state.renewal = Some(self.hold.renewed());
        }
        self.hold.sure().await?;
        self.bucket.delete(paths).await?;
        self.state.done.deleted += paths.len();
        if self.state.done.deleted == self.plan.doomed.len() {
            let manifest = self.manifest(false);
            self.put_manifest(&manifest).await?;
        }
        Ok(None)
    }

    /// Files whose cached copies are told to go once they are deleted.
    fn deleted_files(&self) -> Vec<String> {
        let told = |stage: &Stage| match stage {
            Stage::InvalidateDeleted(files) => Some(files.clone()),
            _ => None,
        };
        self.plan.stages.iter().find_map(told).unwrap_or_default()
    }

    pub(crate) async fn invalidate_deleted(
        &mut self,
        files: &[String],
    ) -> Result<Option<End>, PublishError> {
        let id = self.tell_cdn(files).await?;
        let prunes = self.has(|stage| matches!(stage, Stage::Prune(_)));
        if let (Some((cdn, _)), Some(id), true) = (&self.cdn, id, prunes)
            && !cdn.completed(&id).await?
        {
            let why = format!("the invalidation `{id}` is not completed yet");
            return Ok(Some(End::DoneButNotDeleted(why)));
        }
        Ok(None)
    }

    fn has(&self, wanted: fn(&Stage) -> bool) -> bool {
        self.plan.stages.iter().any(wanted)
    }

    /// Gives the claim back, if there still is one.
    pub(crate) async fn settle(&mut self) -> Result<(), PublishError> {
        if let Some(winner) = self.stop_renewal().await {
            self.step.say(format!("`{}` is being published meanwhile", winner.release));
            return Ok(());
        }
        if !self.state.finished || !self.state.claimed {
            return Ok(());
        }
        self.state.claimed = false;
        // Whoever claimed meanwhile has read what was left to do.
        let _taken_over = self
            .hold
            .write_if(|current| current.claim.is_some(), |current| current.claim = None)
            .await?;
        Ok(())
    }
}
