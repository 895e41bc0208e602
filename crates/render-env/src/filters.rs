//! The filters of expressions, and what counts as the text of a value.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{Environment, Error, ErrorKind, Value, value::ValueKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::expression::{Named, is_root};

pub(crate) const NAMES: &[&str] =
    &["urlencode", "default", "upper", "lower", "trim", "replace", "tojson", "b64encode"];

/// RFC 3986, section 2.3: everything but these is encoded, `/` too, so that a password cannot end a URL's authority.
const OUTSIDE_UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn add(engine: &mut Environment<'_>) {
    engine.add_filter("urlencode", |value: &Value| {
        text(value).map(|text| utf8_percent_encode(&text, OUTSIDE_UNRESERVED).to_string())
    });
    engine.add_filter("upper", |value: &Value| text(value).map(|text| text.to_uppercase()));
    engine.add_filter("lower", |value: &Value| text(value).map(|text| text.to_lowercase()));
    engine.add_filter("trim", |value: &Value| text(value).map(|text| text.trim().to_owned()));
    engine.add_filter("replace", |value: &Value, from: &str, to: &str| {
        text(value).map(|text| text.replace(from, to))
    });
    engine.add_filter("b64encode", |value: &Value| text(value).map(|text| STANDARD.encode(text)));
    engine.add_filter("tojson", |value: &Value| match value.downcast_object_ref::<Named>() {
        Some(secret) => json(&Value::from(secret.text())),
        None if is_root(value) => text(value),
        None => json(value),
    });
    engine.add_filter("default", minijinja::filters::default);
}

/// `value` as it stands in a file: texts, numbers and booleans as they are, lists and maps as JSON.
pub(crate) fn text(value: &Value) -> Result<String, Error> {
    if let Some(secret) = value.downcast_object_ref::<Named>() {
        return Ok(secret.text().to_owned());
    }
    if is_root(value) {
        return Err(Error::new(ErrorKind::InvalidOperation, "name one of its members"));
    }
    match value.kind() {
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => Err(Error::new(
            ErrorKind::InvalidOperation,
            "the value is null: say what stands for it with `| default(\"\", true)`",
        )),
        ValueKind::Map | ValueKind::Seq => json(value),
        ValueKind::String | ValueKind::Number | ValueKind::Bool => Ok(value.to_string()),
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} has no text"))),
    }
}

fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}
