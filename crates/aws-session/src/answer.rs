//! What an answer means for whether it is asked again. Pure.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::ConnectorError},
    http::Headers,
};

use crate::{
    operation::Operation,
    retry::{self, End},
};

pub(crate) fn end(operation: &Operation, answer: &Result<HttpResponse, ConnectorError>) -> End {
    match answer {
        Err(error) if never_sent(error) => End::NeverSent,
        // A request that this machine could not even write is its own fault, and will be the next time.
        Err(error) if error.is_user() => End::Answered,
        Err(_) => End::Doubtful,
        Ok(response) => {
            let status = response.status().as_u16();
            let body = response.body().bytes().unwrap_or_default();
            if response.status().is_success() {
                let html = response
                    .headers()
                    .get("content-type")
                    .is_some_and(|kind| kind.starts_with("text/html"));
                // Something between here and AWS answered in its place: what AWS did is unknown. S3 alone has pages of its
                // own, and describes one to a HEAD in these words.
                if html && operation.service != "s3" {
                    return End::Doubtful;
                }
                // S3 says 200 before it copies, and may then find that it cannot.
                let late_error = operation.service == "s3" && is_error_document(body);
                if !late_error {
                    return End::Answered;
                }
                let body = String::from_utf8_lossy(body);
                return retry::end(500, error_code(response.headers(), &body).as_deref(), "", None);
            }
            let body = String::from_utf8_lossy(body);
            let code = error_code(response.headers(), &body);
            retry::end(status, code.as_deref(), &body, retry_after(response.headers()))
        }
    }
}

/// Whether `error` says that no connection came about.
pub(crate) fn never_sent(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // hyper-util's error for this can be told only by its text, and so can the SDK's time-out.
        let text = error.to_string();
        if text.contains("(Connect)") || text.contains("connect timeout occurred") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_error_document(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let root = match body.strip_prefix(b"<?xml") {
        Some(rest) => match rest.iter().position(|byte| *byte == b'>') {
            Some(end) => rest[end + 1..].trim_ascii_start(),
            None => return false,
        },
        None => body,
    };
    root.starts_with(b"<Error>")
}

/// The error code in any of the places where AWS's protocols put it.
fn error_code(headers: &Headers, body: &str) -> Option<String> {
    let bare = |code: &str| {
        let code = code.rsplit('#').next().unwrap_or(code);
        code.split([':', ';']).next().unwrap_or(code).trim().to_owned()
    };
    if let Some(code) = headers.get("x-amzn-errortype") {
        return Some(bare(code));
    }
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(body) {
        return json["__type"].as_str().or_else(|| json["code"].as_str()).map(bare);
    }
    let (_, code) = body.split_once("<Code>")?;
    code.split_once("</Code>").map(|(code, _)| bare(code))
}

fn retry_after(headers: &Headers) -> Option<Duration> {
    if let Some(milliseconds) = headers.get("x-amz-retry-after") {
        return milliseconds.trim().parse().ok().map(Duration::from_millis);
    }
    headers.get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn codes_are_found_wherever_they_stand() {
        let none = Headers::new();
        let code = |body| error_code(&none, body);
        assert_eq!(
            code(r#"{"__type":"com.amazonaws.ecs#ThrottlingException"}"#).as_deref(),
            Some("ThrottlingException")
        );
        assert_eq!(code("<Error><Code>SlowDown</Code></Error>").as_deref(), Some("SlowDown"));
        assert_eq!(code("<html>503</html>"), None);
        let mut headers = Headers::new();
        headers.insert("x-amzn-errortype", "AccessDeniedException:http://internal/");
        assert_eq!(error_code(&headers, "").as_deref(), Some("AccessDeniedException"));
    }

    #[test]
    fn a_late_error_of_s3_is_one() {
        let copy = Operation {
            service: "s3".to_owned(),
            action: "CopyObject".to_owned(),
            resource: String::new(),
            writing: true,
            repeatable: true,
            streaming: false,
        };
        let answered = |body: &'static str| {
            let ok = aws_smithy_runtime_api::http::StatusCode::try_from(200).unwrap();
            end(&copy, &Ok(HttpResponse::new(ok, SdkBody::from(body))))
        };
        let error = "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code></Error>";
        assert_eq!(answered(error), End::Doubtful);
        assert_eq!(
            answered("<Error><Code>SlowDown</Code></Error>"),
            End::Throttled { after: None }
        );
        assert_eq!(answered("<?xml?><CopyObjectResult/>"), End::Answered);
        assert_eq!(answered("<DeleteResult><Error></Error></DeleteResult>"), End::Answered);
    }
}
