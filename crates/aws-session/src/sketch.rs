//! What the request of each protocol shows: the operation's name and what it is about.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// What a request shows of itself.
pub(crate) struct Sketch<'a> {
    request: &'a HttpRequest,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    pub(crate) json: Value,
}

impl<'a> Sketch<'a> {
    pub(crate) fn of(request: &'a HttpRequest) -> Self {
        let uri = request.uri();
        let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let (host, path_and_query) = match after_scheme.find(['/', '?']) {
            Some(end) => after_scheme.split_at(end),
            None => (after_scheme, "/"),
        };
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        // Not just any JSON: an object that is put may be a large one, and says nothing of the operation.
        let protocol = request.headers().get("content-type").unwrap_or_default();
        let json = match request.body().bytes() {
            Some(bytes) if protocol.starts_with("application/x-amz-json") => {
                serde_json::from_slice(bytes).unwrap_or_default()
            }
            _ => Value::Null,
        };
        Self { request, host, path, query, json }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)
    }

    /// From the signature's scope (`Credential=AKIA…/20261124/eu-west-1/ecs/aws4_request`); what signs in is unsigned.
    pub(crate) fn service(&self) -> String {
        let signed = self.header("authorization").and_then(|value| {
            let (_, credential) = value.split_once("Credential=")?;
            credential.split(',').next()?.split('/').nth_back(1)
        });
        match signed {
            Some("s3express") => "s3".to_owned(),
            Some(service) => service.to_owned(),
            None if self.path.starts_with("/federation/") => "sso".to_owned(),
            None if self.path == "/token" => "sso-oauth".to_owned(),
            None if self.form("Action").is_some() => "sts".to_owned(),
            None => self.host.split(['.', ':']).next().unwrap_or_default().to_owned(),
        }
    }

    fn query_value(&self, name: &str) -> Option<&'a str> {
        pairs(self.query).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A member of a form body: the protocol of STS.
    fn form(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(self.request.body().bytes()?).ok()?;
        pairs(body).find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    }

    pub(crate) fn general(&self) -> (String, String) {
        if let Some(target) = self.header("x-amz-target") {
            let action = target.rsplit('.').next().unwrap_or(target);
            return (action.to_owned(), json_resource(&self.json));
        }
        if let Some(action) = self.form("Action") {
            let resource = self.form("RoleArn").unwrap_or_default();
            return (action, resource);
        }
        (format!("{} {}", self.request.method(), self.path), String::new())
    }

    fn segments(&self) -> Vec<&'a str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The member that says most about what a request is about comes first.
fn json_resource(body: &Value) -> String {
    const TELLING: &[&str] = &[
        "service",
        "services",
        "serviceName",
        "serviceDeploymentArn",
        "serviceDeploymentArns",
        "serviceRevisionArns",
        "taskDefinition",
        "family",
        "familyPrefix",
        "task",
        "tasks",
        "resourceArn",
        "cluster",
        "clusters",
        "logGroupName",
        "repositoryName",
        "repositoryNames",
        "SecretId",
        "SecretIdList",
        "Name",
        "name",
    ];
    for name in TELLING {
        match &body[*name] {
            Value::String(text) => return text.clone(),
            Value::Array(items) => {
                let Some(first) = items.first().and_then(Value::as_str) else { continue };
                return match items.len() {
                    1 => first.to_owned(),
                    more => format!("{first} and {} more", more - 1),
                };
            }
            _ => {}
        }
    }
    String::new()
}

/// S3 says neither operation nor bucket in one place: a bucket stands in the host or in the path, an operation in the
/// method, a sub-resource or `x-id`.
pub(crate) fn s3(sketch: &Sketch<'_>) -> (String, String) {
    let in_host = sketch
        .host
        .split_once(".s3")
        .map(|(bucket, _)| bucket)
        .filter(|bucket| !bucket.is_empty() && !bucket.contains(':'));
    let path = sketch.path.trim_start_matches('/');
    let (bucket, key) = match in_host {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let has = |name| sketch.query_value(name).is_some();
    let action = if let Some(named) = sketch.query_value("x-id") {
        named
    } else {
        match (sketch.request.method(), bucket.is_empty(), key.is_empty()) {
            ("HEAD", _, false) => "HeadObject",
            ("HEAD", _, true) => "HeadBucket",
            ("GET", true, _) => "ListBuckets",
            ("GET", _, false) if has("tagging") => "GetObjectTagging",
            ("GET", _, false) if has("uploadId") => "ListParts",
            ("GET", _, false) if has("attributes") => "GetObjectAttributes",
            ("GET", _, false) => "GetObject",
            ("GET", _, true) if has("list-type") => "ListObjectsV2",
            ("GET", _, true) if has("versions") => "ListObjectVersions",
            ("GET", _, true) if has("uploads") => "ListMultipartUploads",
            ("GET", _, true) if has("location") => "GetBucketLocation",
            ("GET", _, true) if has("versioning") => "GetBucketVersioning",
            ("GET", _, true) if has("website") => "GetBucketWebsite",
            ("GET", _, true) if has("policy") => "GetBucketPolicy",
            ("GET", _, true) if has("publicAccessBlock") => "GetPublicAccessBlock",
            ("GET", _, true) => "ListObjects",
            ("POST", _, true) if has("delete") => "DeleteObjects",
            ("POST", _, false) if has("uploads") => "CreateMultipartUpload",
            ("POST", _, false) if has("uploadId") => "CompleteMultipartUpload",
            ("PUT", _, false) if has("tagging") => "PutObjectTagging",
            ("PUT", _, false) if sketch.header("x-amz-copy-source").is_some() => "CopyObject",
            ("PUT", _, false) => "PutObject",
            ("PUT", _, true) if sketch.query.is_empty() => "CreateBucket",
            ("DELETE", _, false) if has("tagging") => "DeleteObjectTagging",
            ("DELETE", _, false) => "DeleteObject",
            ("DELETE", _, true) => "DeleteBucket",
            _ => "PutBucketConfiguration",
        }
    };
    let resource =
        if key.is_empty() { bucket.to_owned() } else { format!("{bucket}/{}", decoded(key)) };
    (action.to_owned(), resource)
}

/// `/2020-05-31/distribution/{id}/invalidation/{id}`.
pub(crate) fn cloudfront(sketch: &Sketch<'_>) -> (String, String) {
    let segments = sketch.segments();
    let method = sketch.request.method();
    match (method, segments.get(1..).unwrap_or_default()) {
        ("GET", ["distribution"]) => ("ListDistributions".to_owned(), String::new()),
        (_, ["distribution", id, rest @ ..]) => {
            let action = match (method, rest) {
                ("GET", []) => "GetDistribution",
                ("GET", ["config"]) => "GetDistributionConfig",
                ("PUT", ["config"]) => "UpdateDistribution",
                ("DELETE", []) => "DeleteDistribution",
                ("GET", ["invalidation"]) => "ListInvalidations",
                ("POST", ["invalidation"]) => "CreateInvalidation",
                ("GET", ["invalidation", _]) => "GetInvalidation",
                _ => return sketch.general(),
            };
            (action.to_owned(), (*id).to_owned())
        }
        ("GET", ["function", name]) => ("GetFunction".to_owned(), (*name).to_owned()),
        ("GET", ["function", name, "describe"]) => {
            ("DescribeFunction".to_owned(), (*name).to_owned())
        }
        _ => sketch.general(),
    }
}
