//! CloudFront: as much of its control plane as publishers use, and edges that really cache, so that a forgotten invalidation
//! shows.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    time::Duration,
};

use axum::http::Method;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use crate::{
    reply::{Reply, iso, now, reply, with, xml},
    store::{Object, Store},
    xml::{element, elements, unescape},
};

const NAMESPACE: &str = "xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"";

#[derive(Debug, Default)]
pub(crate) struct Cdn {
    distributions: BTreeMap<String, Distribution>,
    /// How often an invalidation is asked for before it is completed.
    pub(crate) polls: u32,
}

#[derive(Debug)]
struct Distribution {
    bucket: String,
    address: SocketAddr,
    broken: Option<(String, u16)>,
    caches: bool,
    cache: HashMap<String, Cached>,
    invalidations: Vec<Invalidation>,
}

#[derive(Debug)]
struct Cached {
    object: Object,
    until: Instant,
}

/// What a publisher asked the edges to forget.
#[derive(Debug, Clone)]
pub struct Invalidation {
    pub id: String,
    pub reference: String,
    /// As they were told, encoded.
    pub paths: Vec<String>,
    left: u32,
}

impl Invalidation {
    fn covers(&self, path: &str) -> bool {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        self.paths.iter().any(|told| match told.strip_suffix('*') {
            Some(front) => path.starts_with(&decoded(front)),
            None => path == decoded(told),
        })
    }
}

impl Cdn {
    pub(crate) fn add(&mut self, id: &str, bucket: &str, address: SocketAddr) {
        let distribution = Distribution {
            bucket: bucket.to_owned(),
            address,
            broken: None,
            caches: true,
            cache: HashMap::new(),
            invalidations: Vec::new(),
        };
        self.distributions.insert(id.to_owned(), distribution);
    }

    pub(crate) fn invalidations(&self, id: &str) -> Vec<Invalidation> {
        self.distributions.get(id).map(|one| one.invalidations.clone()).unwrap_or_default()
    }

    pub(crate) fn address(&self, id: &str) -> Option<SocketAddr> {
        self.distributions.get(id).map(|one| one.address)
    }

    pub(crate) fn never_cache(&mut self, id: &str) {
        if let Some(distribution) = self.distributions.get_mut(id) {
            distribution.caches = false;
        }
    }

    pub(crate) fn break_site(&mut self, id: &str, broken: Option<(String, u16)>) {
        if let Some(distribution) = self.distributions.get_mut(id) {
            distribution.broken = broken;
        }
    }

    /// What a visitor of the distribution `id` gets for `path`.
    pub(crate) fn visit(&mut self, store: &Store, id: &str, path: &str) -> Reply {
        let Some(distribution) = self.distributions.get_mut(id) else {
            return error(404, "NoSuchDistribution");
        };
        if let Some((part, status)) = &distribution.broken
            && path.contains(part.as_str())
        {
            return with(reply(*status, "<h1>oops</h1>"), "content-type", Some("text/html"));
        }
        if let Some(cached) = distribution.cache.get(path)
            && cached.until > Instant::now()
        {
            return with(page(&cached.object), "x-cache", Some("Hit from cloudfront"));
        }
        let key = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
        let bucket = store.buckets.get(&distribution.bucket);
        let found = bucket.and_then(|bucket| bucket.objects.get(key));
        // Our bucket policy: what is recorded beside the site is nobody's business.
        let Some(object) = found.filter(|_| !key.contains(".releases/")) else {
            return error(403, "AccessDenied");
        };
        if let Some(life) = lifetime(object).filter(|_| distribution.caches) {
            let cached = Cached { object: object.clone(), until: Instant::now() + life };
            distribution.cache.insert(path.to_owned(), cached);
        }
        with(page(object), "x-cache", Some("Miss from cloudfront"))
    }

    /// The control plane; None where it is not what was asked.
    pub(crate) fn answer(
        &mut self,
        method: &Method,
        path: &str,
        body: &str,
    ) -> (&'static str, Reply) {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(2).collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", []) => ("ListDistributions", self.list()),
            ("GET", [id]) => ("GetDistribution", self.get(id)),
            ("POST", [id, "invalidation"]) => ("CreateInvalidation", self.create(id, body)),
            ("GET", [id, "invalidation", one]) => ("GetInvalidation", self.poll(id, one)),
            _ => ("Other", error(501, "NotImplemented")),
        }
    }

    fn get(&self, id: &str) -> Reply {
        let Some(distribution) = self.distributions.get(id) else {
            return missing("NoSuchDistribution");
        };
        let origin = origin(&distribution.bucket);
        let config = format!(
            "<DistributionConfig><CallerReference>x</CallerReference><Aliases><Quantity>0</Quantity></Aliases>\
             <DefaultRootObject>index.html</DefaultRootObject><Origins><Quantity>1</Quantity><Items>{origin}</Items></Origins>\
             <DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy>\
             </DefaultCacheBehavior><Comment></Comment><Enabled>true</Enabled></DistributionConfig>"
        );
        xml(
            200,
            &format!(
                "<Distribution {NAMESPACE}><Id>{id}</Id><ARN>arn:aws:cloudfront::000000000000:distribution/{id}</ARN><Status>Deployed</Status>\
                 <LastModifiedTime>{}</LastModifiedTime><InProgressInvalidationBatches>0</InProgressInvalidationBatches>\
                 <DomainName>{}.cloudfront.net</DomainName>{config}</Distribution>",
                iso(now()),
                id.to_lowercase()
            ),
        )
    }

    fn list(&self) -> Reply {
        let row = |(id, one): (&String, &Distribution)| {
            format!(
                "<DistributionSummary><Id>{id}</Id><ARN>arn:aws:cloudfront::000000000000:distribution/{id}</ARN><Status>Deployed</Status>\
                 <LastModifiedTime>{}</LastModifiedTime><DomainName>{}.cloudfront.net</DomainName>\
                 <Origins><Quantity>1</Quantity><Items>{}</Items></Origins><Comment></Comment><Enabled>true</Enabled></DistributionSummary>",
                iso(now()),
                id.to_lowercase(),
                origin(&one.bucket)
            )
        };
        let rows: String = self.distributions.iter().map(row).collect();
        xml(
            200,
            &format!(
                "<DistributionList {NAMESPACE}><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>{}</Quantity>\
                 <Items>{rows}</Items></DistributionList>",
                self.distributions.len()
            ),
        )
    }

    fn create(&mut self, id: &str, body: &str) -> Reply {
        let polls = self.polls;
        let Some(distribution) = self.distributions.get_mut(id) else {
            return missing("NoSuchDistribution");
        };
        let reference = element(body, "CallerReference").unwrap_or_default();
        if let Some(same) = distribution.invalidations.iter().find(|one| one.reference == reference)
        {
            return shown(201, same);
        }
        let made = Invalidation {
            id: format!("I{}", distribution.invalidations.len() + 1),
            reference,
            paths: elements(body, "Path").iter().map(|path| unescape(path)).collect(),
            left: polls,
        };
        let answer = shown(201, &made);
        distribution.invalidations.push(made);
        distribution.purge();
        answer
    }

    fn poll(&mut self, id: &str, wanted: &str) -> Reply {
        let Some(distribution) = self.distributions.get_mut(id) else {
            return missing("NoSuchDistribution");
        };
        let Some(one) = distribution.invalidations.iter_mut().find(|one| one.id == wanted) else {
            return missing("NoSuchInvalidation");
        };
        one.left = one.left.saturating_sub(1);
        let answer = shown(200, one);
        distribution.purge();
        answer
    }
}

impl Distribution {
    /// The edges forget what completed invalidations name, once.
    fn purge(&mut self) {
        let Some(last) = self.invalidations.last().filter(|one| one.left == 0) else { return };
        self.cache.retain(|path, _| !last.covers(path));
    }
}

fn shown(status: u16, one: &Invalidation) -> Reply {
    let state = if one.left == 0 { "Completed" } else { "InProgress" };
    xml(
        status,
        &format!(
            "<Invalidation {NAMESPACE}><Id>{}</Id><Status>{state}</Status><CreateTime>{}</CreateTime><InvalidationBatch><Paths><Quantity>1</Quantity>\
             <Items><Path>/</Path></Items></Paths><CallerReference>{}</CallerReference></InvalidationBatch></Invalidation>",
            one.id,
            iso(now()),
            one.reference
        ),
    )
}

fn missing(code: &str) -> Reply {
    error(404, code)
}

pub(crate) fn error(status: u16, code: &str) -> Reply {
    let body = format!(
        "<ErrorResponse {NAMESPACE}><Error><Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
    );
    xml(status, &body)
}

fn origin(bucket: &str) -> String {
    format!(
        "<Origin><Id>site</Id><DomainName>{bucket}.s3.eu-west-1.amazonaws.com</DomainName><OriginPath></OriginPath>\
         <S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin>"
    )
}

fn page(object: &Object) -> Reply {
    let mut answer = reply(200, object.body.clone());
    for (name, value) in &object.headers {
        answer = with(answer, name, Some(value));
    }
    with(answer, "etag", Some(&format!("\"{}\"", object.etag)))
}

/// How long an edge keeps an object; None where it must ask each time.
fn lifetime(object: &Object) -> Option<Duration> {
    let rules = object.header("cache-control").unwrap_or_default();
    if rules.contains("no-cache") || rules.contains("no-store") {
        return None;
    }
    let age = rules.split(',').find_map(|rule| rule.trim().strip_prefix("max-age="));
    // CloudFront's default where the origin says nothing.
    let seconds = age.map_or(Some(24 * 60 * 60), |age| age.parse().ok())?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}
