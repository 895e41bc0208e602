//! Which operation a request is, read off the request itself: what it is about, whether it writes, whether doing it twice
//! is doing it once.
//!
//! Read here and not asked of the SDK, because what the SDK lets every client share ([`aws_types::SdkConfig`]) holds an
//! HTTP client but no interceptor: here a program cannot forget it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// One operation on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// The prefix of its IAM actions: `ecs`, `s3`, `secretsmanager`.
    pub(crate) service: String,
    /// `UpdateService`.
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) writing: bool,
    /// A write that may be sent twice: it carries a token, or its second effect is its first.
    pub(crate) repeatable: bool,
    /// Its answer is handed on while it still arrives.
    pub(crate) streaming: bool,
}

impl Operation {
    /// `ecs:UpdateService`.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }

    pub(crate) fn of(request: &HttpRequest) -> Self {
        let sketch = Sketch::of(request);
        let service = sketch.service();
        let (action, resource) = match service.as_str() {
            "s3" => s3(&sketch),
            "cloudfront" => cloudfront(&sketch),
            _ => sketch.general(),
        };
        let writing = is_writing(&service, &action);
        let repeatable = writing && is_repeatable(&service, &action, &sketch);
        let streaming = service == "s3" && action == "GetObject";
        Self { service, action, resource, writing, repeatable, streaming }
    }
}

/// By name, for AWS names what only looks in a handful of ways.
pub(crate) fn is_writing(service: &str, action: &str) -> bool {
    const LOOKING: &[&str] = &[
        "Assume", "Batch", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Search",
        "Select", "Simulate", "Test",
    ];
    const BATCHES_THAT_WRITE: &[&str] = &["BatchDelete", "BatchPut", "BatchUpdate", "BatchCreate"];
    // Signing in is no change to anybody's account.
    let signing_in = matches!(service, "sso" | "sso-oauth" | "signin" | "sts" | "github");
    let looking = LOOKING.iter().any(|verb| action.starts_with(verb))
        && !BATCHES_THAT_WRITE.iter().any(|verb| action.starts_with(verb));
    !(signing_in || looking)
}

fn is_repeatable(service: &str, action: &str, sketch: &Sketch) -> bool {
    const TOKENS: &[&str] =
        &["clientToken", "ClientToken", "ClientRequestToken", "idempotencyToken"];
    let has_token = TOKENS
        .iter()
        .any(|name| sketch.json[*name].as_str().is_some_and(|token| !token.is_empty()));
    // A condition holds once: the second time the first one's own effect breaks it.
    let conditional =
        sketch.header("if-match").is_some() || sketch.header("if-none-match").is_some();
    has_token
        || match (service, action) {
            ("s3", "CompleteMultipartUpload" | "CreateBucket" | "DeleteBucket") => false,
            ("s3", _) => !conditional,
            // Its CallerReference is its token.
            ("cloudfront", "CreateInvalidation")
            | ("ecs", "DeregisterTaskDefinition")
            | ("logs", "PutRetentionPolicy")
            | (_, "TagResource" | "UntagResource") => true,
            _ => false,
        }
}

/// What a request shows of itself.
struct Sketch<'a> {
    request: &'a HttpRequest,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    json: Value,
}

impl<'a> Sketch<'a> {
    fn of(request: &'a HttpRequest) -> Self {
        let uri = request.uri();
        let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let (host, path_and_query) = match after_scheme.find(['/', '?']) {
            Some(end) => after_scheme.split_at(end),
            None => (after_scheme, "/"),
        };
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let is_json =
            request.headers().get("content-type").is_some_and(|kind| kind.contains("json"));
        let json = match request.body().bytes() {
            Some(bytes) if is_json => serde_json::from_slice(bytes).unwrap_or_default(),
            _ => Value::Null,
        };
        Self { request, host, path, query, json }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)
    }

    /// From the signature's scope (`Credential=AKIA…/20261124/eu-west-1/ecs/aws4_request`); what signs in is unsigned.
    fn service(&self) -> String {
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

    fn general(&self) -> (String, String) {
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
fn s3(sketch: &Sketch<'_>) -> (String, String) {
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
fn cloudfront(sketch: &Sketch<'_>) -> (String, String) {
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
        ("GET", ["function", name, ..]) => ("DescribeFunction".to_owned(), (*name).to_owned()),
        _ => sketch.general(),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn request(
        method: &str,
        uri: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).unwrap();
        request.set_uri(uri).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, (*value).to_owned());
        }
        request
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/{service}/aws4_request, SignedHeaders=host"
        )
    }

    fn json_call(service: &str, target: &str, body: &str) -> Operation {
        Operation::of(&request(
            "POST",
            "http://127.0.0.1:4566/",
            &[
                ("authorization", &signed(service)),
                ("x-amz-target", target),
                ("content-type", "application/x-amz-json-1.1"),
            ],
            body,
        ))
    }

    #[test]
    fn json_services_name_their_operation() {
        let update = json_call(
            "ecs",
            "AmazonEC2ContainerServiceV20141113.UpdateService",
            r#"{"cluster":"todo","service":"todo-api"}"#,
        );
        assert_eq!(
            (update.name().as_str(), update.resource.as_str()),
            ("ecs:UpdateService", "todo-api")
        );
        assert!(update.writing && !update.repeatable);
        let describe = json_call(
            "ecs",
            "AmazonEC2ContainerServiceV20141113.DescribeTasks",
            r#"{"cluster":"todo","tasks":["a","b","c"]}"#,
        );
        assert_eq!(describe.resource, "a and 2 more");
        assert!(!describe.writing);
    }

    #[test]
    fn a_token_makes_a_write_repeatable() {
        let run = |body| json_call("ecs", "AmazonEC2ContainerServiceV20141113.RunTask", body);
        assert!(!run(r#"{"taskDefinition":"x:1"}"#).repeatable);
        assert!(!run(r#"{"taskDefinition":"x:1","clientToken":""}"#).repeatable);
        assert!(run(r#"{"taskDefinition":"x:1","clientToken":"t"}"#).repeatable);
    }

    #[test]
    fn s3_is_read_off_hosts_paths_and_queries() {
        let scope = signed("s3");
        for (method, uri, name, resource, writing) in [
            (
                "PUT",
                "https://site.s3.eu-west-1.amazonaws.com/a/b%20c.js?x-id=PutObject",
                "s3:PutObject",
                "site/a/b c.js",
                true,
            ),
            (
                "GET",
                "http://127.0.0.1:4566/site/?list-type=2&prefix=a",
                "s3:ListObjectsV2",
                "site",
                false,
            ),
            ("GET", "http://127.0.0.1:4566/site?location", "s3:GetBucketLocation", "site", false),
            ("HEAD", "http://127.0.0.1:4566/site", "s3:HeadBucket", "site", false),
            (
                "HEAD",
                "http://127.0.0.1:4566/site/index.html",
                "s3:HeadObject",
                "site/index.html",
                false,
            ),
            ("POST", "http://127.0.0.1:4566/site/?delete", "s3:DeleteObjects", "site", true),
            (
                "DELETE",
                "http://127.0.0.1:4566/site/x?x-id=DeleteObject",
                "s3:DeleteObject",
                "site/x",
                true,
            ),
            ("GET", "http://127.0.0.1:4566/?x-id=ListBuckets", "s3:ListBuckets", "", false),
        ] {
            let operation = Operation::of(&request(method, uri, &[("authorization", &scope)], ""));
            assert_eq!(
                (operation.name().as_str(), operation.resource.as_str()),
                (name, resource),
                "{uri}"
            );
            assert_eq!(operation.writing, writing, "{uri}");
            assert_eq!(operation.repeatable, writing, "{uri}");
        }
    }

    #[test]
    fn a_conditional_put_is_not_repeated() {
        let scope = signed("s3");
        let put = Operation::of(&request(
            "PUT",
            "http://127.0.0.1:4566/site/lock?x-id=PutObject",
            &[("authorization", &scope), ("if-none-match", "*")],
            "",
        ));
        assert!(put.writing && !put.repeatable);
    }

    #[test]
    fn cloudfront_is_read_off_the_path() {
        let scope = signed("cloudfront");
        let of = |method, path: &str| {
            let uri = format!("https://cloudfront.amazonaws.com/2020-05-31/{path}");
            let operation = Operation::of(&request(method, &uri, &[("authorization", &scope)], ""));
            (operation.name(), operation.resource, operation.writing, operation.repeatable)
        };
        let expected =
            |name: &str, id: &str, writing| (name.to_owned(), id.to_owned(), writing, writing);
        assert_eq!(
            of("POST", "distribution/E1/invalidation"),
            expected("cloudfront:CreateInvalidation", "E1", true)
        );
        assert_eq!(
            of("GET", "distribution/E1/invalidation/I1"),
            expected("cloudfront:GetInvalidation", "E1", false)
        );
        assert_eq!(
            of("GET", "distribution/E1"),
            expected("cloudfront:GetDistribution", "E1", false)
        );
    }

    #[test]
    fn sts_is_read_off_the_form() {
        let operation = Operation::of(&request(
            "POST",
            "http://127.0.0.1:4566/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy&WebIdentityToken=secret",
        ));
        assert_eq!(operation.name(), "sts:AssumeRoleWithWebIdentity");
        assert_eq!(operation.resource, "arn:aws:iam::123456789012:role/deploy");
        assert!(!operation.writing);
    }
}
