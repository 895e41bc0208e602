//! STS: who calls.

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::ACCOUNT;
use crate::refusal::Refusal;
use crate::world::World;

/// The fields of a query request (`Action=GetCallerIdentity&Version=…`).
pub(crate) fn fields(body: &str) -> BTreeMap<String, String> {
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    body.split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

pub(crate) fn call(world: &World, operation: &str, fields: &Value) -> Result<String, Refusal> {
    let result = match operation {
        "GetCallerIdentity" => format!(
            "<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci</Arn><UserId>AROAEXAMPLE:ci</UserId><Account>{ACCOUNT}</Account>"
        ),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => {
            let role = fields["RoleArn"].as_str().unwrap_or_default();
            let name = role.rsplit('/').next().unwrap_or_default();
            let session = fields["RoleSessionName"].as_str().unwrap_or("session");
            let ends = iso(world.clock.millis(world.clock.now + Duration::from_hours(1)) / 1000);
            format!(
                "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
                 <Expiration>{ends}</Expiration></Credentials>\
                 <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}</Arn></AssumedRoleUser>"
            )
        }
        _ => {
            let message = format!("Could not find operation {operation} for version 2011-06-15");
            return Err(Refusal { status: 400, code: "InvalidAction".into(), message });
        }
    };
    Ok(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{operation}Response>"
    ))
}

pub(crate) fn error(refusal: &Refusal) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>",
        refusal.code,
        escape(&refusal.message)
    )
}

/// The body as `Call` shows it.
pub(crate) fn shown(fields: &BTreeMap<String, String>) -> Value {
    json!(fields)
}

/// Seconds since 1970 as `2026-11-24T18:00:00Z` (the civil calendar's arithmetic: no library is worth one stamp).
fn iso(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_a_date() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_795_543_445), "2026-11-24T18:04:05Z");
    }
}
