//! An operation's own no, with AWS's code and words.

use serde_json::{Map, Value};

#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

pub(crate) type Answer = Result<Value, Refusal>;

pub(crate) fn refuse<T>(code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 400, code: code.into(), message: message.into() })
}

pub(crate) fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str().filter(|text| !text.is_empty())
}

pub(crate) fn required<'a>(body: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    match text(body, key) {
        Some(text) => Ok(text),
        None => refuse("InvalidParameterException", format!("{key} can not be blank.")),
    }
}

pub(crate) fn list(body: &Value, key: &str) -> Vec<String> {
    let items = body.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A page of `items` from `nextToken` on, at most `maxResults` or `limit`, with the token of the next.
pub(crate) fn page(body: &Value, key: &str, items: &[Value], limit: usize) -> Value {
    let from = text(body, "nextToken")
        .and_then(|token| token.strip_prefix("page-")?.parse().ok())
        .unwrap_or(0)
        .min(items.len());
    let wanted = body
        .get("maxResults")
        .and_then(Value::as_u64)
        .and_then(|wanted| usize::try_from(wanted).ok());
    let to = items.len().min(from + wanted.unwrap_or(limit).clamp(1, limit));
    let mut answer = Map::new();
    answer.insert(key.into(), items[from..to].to_vec().into());
    if to < items.len() {
        answer.insert("nextToken".into(), format!("page-{to}").into());
    }
    answer.into()
}
