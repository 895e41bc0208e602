//! The protocol of STS, IAM and the load balancers: forms in, XML out.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The fields of a request (`Action=GetRole&RoleName=…`), each a text.
pub(crate) fn fields(body: &str) -> Value {
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let fields = body.split('&').filter_map(|field| field.split_once('='));
    let fields: Map<String, Value> =
        fields.map(|(key, value)| (decode(key), decode(value).into())).collect();
    fields.into()
}

/// A list among the fields: `Names.member.1`, `Names.member.2`, …
pub(crate) fn members(fields: &Value, name: &str) -> Vec<String> {
    let member = |number: usize| fields[format!("{name}.member.{number}")].as_str();
    (1..).map_while(member).map(str::to_owned).collect()
}

pub(crate) fn answer(operation: &str, result: &Value) -> String {
    format!(
        "<{operation}Response><{operation}Result>{}</{operation}Result>\
         <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{operation}Response>",
        xml(result)
    )
}

pub(crate) fn error(refusal: &Refusal) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>",
        refusal.code,
        escaped(&refusal.message)
    )
}

/// Members are elements, and the items of a list are each a `member`.
fn xml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let _infallible = write!(text, "<{name}>{}</{name}>", xml(value));
            }
        }
        Value::Array(items) => {
            for item in items {
                let _infallible = write!(text, "<member>{}</member>", xml(item));
            }
        }
        Value::String(said) => text = escaped(said),
        Value::Null => {}
        other => text = other.to_string(),
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_becomes_fields_and_json_becomes_xml() {
        let fields = fields("Action=X&Names.member.1=a%20b&Names.member.2=c");
        assert_eq!(members(&fields, "Names"), ["a b", "c"]);
        assert_eq!(
            xml(&json!({"Roles": [{"Name": "a<b"}, {"Port": 80}]})),
            "<Roles><member><Name>a&lt;b</Name></member><member><Port>80</Port></member></Roles>"
        );
    }
}
