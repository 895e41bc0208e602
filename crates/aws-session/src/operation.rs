//! Which operation a request is, read off the request itself: what it is about, whether it writes, whether doing it twice
//! is doing it once.
//!
//! Read here and not asked of the SDK, because what the SDK lets every client share ([`aws_types::SdkConfig`]) holds an
//! HTTP client but no interceptor: here a program cannot forget it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::sketch::{Sketch, cloudfront, s3};

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
        // Whatever an operation without a known name does: these two methods change nothing.
        let looking = matches!(request.method(), "GET" | "HEAD");
        let writing = !looking && is_writing(&service, &action);
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
    let looking = LOOKING.iter().any(|verb| action.starts_with(verb))
        && !BATCHES_THAT_WRITE.iter().any(|verb| action.starts_with(verb));
    !(is_signing_in(service) || looking)
}

/// Signing in is no change to anybody's account, and no policy of the one who signs in allows it.
pub(crate) fn is_signing_in(service: &str) -> bool {
    matches!(service, "sso" | "sso-oauth" | "signin" | "sts" | "github")
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
            // Done a second time it finds what it wanted.
            | ("logs", "CreateLogGroup" | "PutRetentionPolicy")
            | (_, "TagResource" | "UntagResource") => true,
            _ => false,
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
