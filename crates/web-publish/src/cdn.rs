//! CloudFront: which distribution serves the bucket, and telling it what to forget.

use std::time::Duration;

use actions_runtime::Step;
use aws_sdk_cloudfront::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::create_invalidation::CreateInvalidationError,
    types::{DistributionList, InvalidationBatch, Origin, Origins, Paths},
};
use aws_session::{AwsError, Session};
use tokio::time::{Instant, sleep};

use crate::manifest::Distribution;

/// CloudFront runs only so many invalidations at once; the others' end is waited for this long.
const BUSY_FOR: Duration = Duration::from_mins(15);
const BUSY_EVERY: Duration = Duration::from_secs(10);
/// Most are done within a minute or two.
const WAITED_FOR: Duration = Duration::from_mins(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Cdn {
    client: Client,
    session: Session,
    id: String,
}

/// Why a distribution cannot be meant.
#[derive(Debug)]
pub(crate) enum Wrong {
    Unknown,
    /// Its origins' names.
    OtherOrigin(Vec<String>),
}

impl Cdn {
    pub(crate) fn new(session: &Session, id: &str) -> Self {
        Self { client: Client::new(session.config()), session: session.clone(), id: id.to_owned() }
    }

    /// Whether the distribution serves `bucket`, and how.
    pub(crate) async fn check(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Result<Distribution, Wrong>, AwsError> {
        let answer = match self.client.get_distribution().id(&self.id).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = self.session.explain("cloudfront:GetDistribution", &self.id, error);
                return if error.is_not_found() { Ok(Err(Wrong::Unknown)) } else { Err(error) };
            }
        };
        let Some(distribution) = answer.distribution() else { return Ok(Err(Wrong::Unknown)) };
        let config = distribution.distribution_config();
        let origins = config.and_then(|config| config.origins()).map(Origins::items);
        let origins = origins.unwrap_or_default();
        let ours: Vec<_> =
            origins.iter().filter(|origin| is_bucket(origin.domain_name(), bucket)).collect();
        // Several origins may be one bucket: the one whose path leads to this site is meant.
        let path =
            |origin: &Origin| origin.origin_path().unwrap_or_default().trim_matches('/').to_owned();
        let found = ours
            .iter()
            .filter(|origin| {
                format!("{}/", path(origin)).trim_start_matches('/').len() <= prefix.len()
            })
            .filter(|origin| {
                path(origin).is_empty() || prefix.starts_with(&format!("{}/", path(origin)))
            })
            .max_by_key(|origin| path(origin).len());
        let Some(origin) = found.or(ours.first()) else {
            let names = origins.iter().map(|origin| origin.domain_name().to_owned()).collect();
            return Ok(Err(Wrong::OtherOrigin(names)));
        };
        let alias = config
            .and_then(|config| config.aliases())
            .and_then(|aliases| aliases.items().iter().find(|name| !name.starts_with('*')));
        Ok(Ok(Distribution {
            id: self.id.clone(),
            bucket: bucket.to_owned(),
            origin_path: path(origin),
            domain: alias.cloned().unwrap_or_else(|| distribution.domain_name().to_owned()),
        }))
    }

    /// The ids of distributions that serve `bucket`, where these credentials may ask.
    pub(crate) async fn serving(&self, bucket: &str) -> Vec<String> {
        let Ok(list) = self.client.list_distributions().send().await else { return Vec::new() };
        let all = list.distribution_list().map(DistributionList::items).unwrap_or_default();
        all.iter()
            .filter(|one| {
                one.origins().is_some_and(|origins| {
                    origins.items().iter().any(|origin| is_bucket(origin.domain_name(), bucket))
                })
            })
            .map(|one| one.id().to_owned())
            .collect()
    }

    /// Tells the CDN to forget `paths`, waiting while it is busy with others. Returns the invalidation's id.
    pub(crate) async fn invalidate(
        &self,
        step: &Step,
        paths: &[String],
        reference: &str,
    ) -> Result<String, AwsError> {
        let since = Instant::now();
        let mut said = false;
        loop {
            let error = match self.create(paths, reference).await {
                Ok(id) => return Ok(id),
                Err(error) => error,
            };
            let busy = error.code() == Some("TooManyInvalidationsInProgress");
            let explained = self.session.explain("cloudfront:CreateInvalidation", &self.id, error);
            if !busy || since.elapsed() > BUSY_FOR {
                return Err(explained);
            }
            if !said {
                step.say("CloudFront is busy with other invalidations: waiting for them");
                said = true;
            }
            sleep(BUSY_EVERY).await;
        }
    }

    async fn create(
        &self,
        paths: &[String],
        reference: &str,
    ) -> Result<String, SdkError<CreateInvalidationError>> {
        let paths = Paths::builder()
            .quantity(i32::try_from(paths.len()).unwrap_or(i32::MAX))
            .set_items(Some(paths.to_vec()))
            .build()
            .map_err(SdkError::construction_failure)?;
        // The same reference twice is one invalidation, so a lost answer does no harm.
        let batch = InvalidationBatch::builder()
            .paths(paths)
            .caller_reference(reference)
            .build()
            .map_err(SdkError::construction_failure)?;
        let answer = self
            .client
            .create_invalidation()
            .distribution_id(&self.id)
            .invalidation_batch(batch)
            .send()
            .await?;
        Ok(answer.invalidation().map(|one| one.id().to_owned()).unwrap_or_default())
    }

    /// Waits until the invalidation is completed. False: it was not, in the time that we give it.
    pub(crate) async fn completed(&self, id: &str) -> Result<bool, AwsError> {
        let since = Instant::now();
        let mut pause = Duration::from_millis(500);
        loop {
            let answer = self
                .client
                .get_invalidation()
                .distribution_id(&self.id)
                .id(id)
                .send()
                .await
                .map_err(|error| self.session.explain("cloudfront:GetInvalidation", id, error))?;
            if answer.invalidation().is_some_and(|one| one.status() == "Completed") {
                return Ok(true);
            }
            if since.elapsed() > WAITED_FOR {
                return Ok(false);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Whether `domain` is the bucket's own name at S3, as REST or as website endpoint.
fn is_bucket(domain: &str, bucket: &str) -> bool {
    domain
        .strip_prefix(bucket)
        .is_some_and(|rest| rest.starts_with(".s3.") || rest.starts_with(".s3-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_known_by_its_names() {
        for domain in [
            "site.s3.eu-west-1.amazonaws.com",
            "site.s3.amazonaws.com",
            "site.s3-website-eu-west-1.amazonaws.com",
            "site.s3-eu-west-1.amazonaws.com",
        ] {
            assert!(is_bucket(domain, "site"), "{domain}");
        }
        assert!(!is_bucket("site2.s3.amazonaws.com", "site"));
        assert!(!is_bucket("todo-alb.eu-west-1.elb.amazonaws.com", "todo-alb"));
    }
}
