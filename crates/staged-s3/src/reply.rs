//! Answers as S3 gives them.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode},
};

pub(crate) type Reply = Response<Body>;

pub(crate) fn reply(status: u16, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    reply
}

pub(crate) fn xml(status: u16, body: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    with(reply(status, text), "content-type", Some("application/xml"))
}

pub(crate) fn error(status: u16, code: &str) -> Reply {
    xml(status, &format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"))
}

pub(crate) fn with(mut reply: Reply, name: &str, value: Option<&str>) -> Reply {
    let name = HeaderName::from_bytes(name.as_bytes());
    let value = value.and_then(|value| HeaderValue::from_str(value).ok());
    if let (Ok(name), Some(value)) = (name, value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

pub(crate) fn iso(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

pub(crate) fn http_date(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// As `ETag`s are written.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
