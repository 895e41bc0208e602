//! Where a publish takes place: the bucket, what is live in it, the distribution. Whatever is wrong with these is told
//! together with the other inputs.

use actions_runtime::{Faults, Step, did_you_mean};
use aws_session::{AwsError, Session};
use miette::Diagnostic as _;

use crate::{
    bucket::{Bucket, Head},
    cdn::{Cdn, Wrong},
    claim::Known,
    error::PublishError,
    inputs::Inputs,
    look::{INDEX, Record, manifest},
    manifest::{CURRENT, Distribution},
};

/// None: it was not there.
type Glance = Option<Head>;

pub(crate) struct Ground {
    pub(crate) bucket: Bucket,
    pub(crate) known: Known,
    pub(crate) cdn: Option<(Cdn, Distribution)>,
    /// The page that people change by hand, as it was before anybody knew what it should be. None: nobody could tell.
    glance: Option<Glance>,
}

impl Ground {
    /// What was written down of the live release. `listed`: everything will be listed, so the page need not be asked for.
    pub(crate) async fn record(&self, listed: bool) -> Result<Record, PublishError> {
        let Some(live) = self.known.current.live() else { return Ok(Record::default()) };
        let manifest = manifest(&self.bucket, &live.release).await?;
        let etag = |head: &Option<Head>| head.as_ref().and_then(|head| head.content.etag.clone());
        let recorded = manifest
            .iter()
            .flat_map(|manifest| &manifest.files)
            .find(|entry| entry.path == INDEX)
            .and_then(|entry| entry.content.etag.clone());
        let index = match &self.glance {
            _ if listed => None,
            Some(head) if etag(head) == recorded => head.clone(),
            // Another release may have become live since then.
            _ => self.bucket.head(INDEX).await?,
        };
        Ok(Record { manifest, index })
    }
}

/// Opens the bucket and looks at the distribution. Nothing: a fault was added.
pub(crate) async fn open(
    step: &Step,
    session: &Session,
    inputs: &Inputs,
    faults: &mut Faults,
) -> miette::Result<Option<Ground>> {
    let name = &inputs.bucket;
    let here = Bucket::new(session, name, &inputs.prefix);
    // A glance at the page on the way: whatever is wrong with it will be asked for again.
    let glance = async { if inputs.verify_remote { None } else { here.head(INDEX).await.ok() } };
    let (opened, glance) = futures_util::join!(here.clone().open(step, CURRENT), glance);
    let (bucket, fetched) = match opened {
        Ok((bucket, fetched)) => (Some(bucket), fetched),
        Err(error) if error.code() == Some("NoSuchBucket") => {
            // Whoever may not list buckets is told no name, and nothing else about it.
            let hint = match Bucket::names(session).await {
                Ok(names) => did_you_mean(name, &names),
                Err(_) => String::new(),
            };
            faults.add("bucket", format!("there is no bucket `{name}`{hint}"));
            (None, None)
        }
        Err(error) => {
            fault_or_error("bucket", error, faults)?;
            (None, None)
        }
    };
    let known = match &bucket {
        Some(bucket) => Known::read(bucket, fetched)?,
        None => Known::default(),
    };
    let cdn = match &inputs.distribution_id {
        Some(id) => {
            let cdn = Cdn::new(session, id);
            let seen = known.current.distribution.clone();
            // A distribution that a publish has seen to serve this bucket is not asked again.
            match seen.filter(|seen| seen.id == *id && seen.bucket == *name) {
                Some(seen) => Some((cdn, seen)),
                None => check(&cdn, id, inputs, faults).await?.map(|seen| (cdn, seen)),
            }
        }
        None => None,
    };
    Ok(bucket.map(|bucket| Ground { bucket, known, cdn, glance }))
}

async fn check(
    cdn: &Cdn,
    id: &str,
    inputs: &Inputs,
    faults: &mut Faults,
) -> miette::Result<Option<Distribution>> {
    let bucket = &inputs.bucket;
    let wrong = match cdn.check(bucket, &inputs.prefix).await {
        Ok(Ok(distribution)) => return Ok(Some(distribution)),
        Ok(Err(wrong)) => wrong,
        Err(error) => {
            fault_or_error("distribution-id", error, faults)?;
            return Ok(None);
        }
    };
    let serving = cdn.serving(bucket).await;
    let hint = match serving.as_slice() {
        [] => String::new(),
        [id] => format!("; `{id}` serves that bucket"),
        ids => format!("; {} serve that bucket", crate::report::named(ids)),
    };
    let message = match wrong {
        Wrong::Unknown => format!("there is no distribution `{id}`{hint}"),
        Wrong::OtherOrigin(origins) => format!(
            "no origin of the distribution `{id}` is the bucket `{bucket}`: {}{hint}",
            if origins.is_empty() {
                "it has none".to_owned()
            } else {
                crate::report::named(&origins)
            }
        ),
    };
    faults.add("distribution-id", message);
    Ok(None)
}

/// Missing rights are a fault of the inputs' surroundings, told with the others; everything else ends the run.
fn fault_or_error(input: &str, error: AwsError, faults: &mut Faults) -> miette::Result<()> {
    if !error.is_access_denied() {
        return Err(error.into());
    }
    let mut help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    if error.operation() == "s3:GetObject" {
        // Whoever may not list is not told that an object is missing.
        help.push_str("; `s3:ListBucket` on the bucket is needed too");
    }
    faults.add(input, format!("{error}: {}{help}", error.message()));
    Ok(())
}
