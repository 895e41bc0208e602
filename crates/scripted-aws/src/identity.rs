//! STS: who calls. IAM, as far as a deployer asks it: whether a role is there.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ACCOUNT;
use crate::refusal::{Answer, Refusal, refuse, required};
use crate::world::World;

pub(crate) fn call(world: &World, operation: &str, fields: &Value) -> Answer {
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"),
            "UserId": "AROAEXAMPLE:ci",
            "Account": ACCOUNT,
        })),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => {
            let role = fields["RoleArn"].as_str().unwrap_or_default();
            let name = role.rsplit('/').next().unwrap_or_default();
            let session = fields["RoleSessionName"].as_str().unwrap_or("session");
            let ends = iso(world.clock.millis(world.clock.now + Duration::from_hours(1)) / 1000);
            Ok(json!({
                "Credentials": {
                    "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": ends,
                },
                "AssumedRoleUser": {
                    "AssumedRoleId": format!("AROAEXAMPLE:{session}"),
                    "Arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"),
                },
            }))
        }
        "GetRole" => {
            let name = required(fields, "RoleName")?;
            let Some(trusts) = world.roles.get(name) else {
                let message = format!("The role with name {name} cannot be found.");
                return Err(Refusal { status: 404, code: "NoSuchEntity".into(), message });
            };
            // As IAM gives a policy: percent-encoded JSON, of which only what carries meaning stands here.
            let policy = format!(
                "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22{trusts}%22%7D%7D%5D%7D"
            );
            Ok(json!({"Role": {
                "Path": "/",
                "RoleName": name,
                "RoleId": "AROAEXAMPLE",
                "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
                "CreateDate": "2026-01-01T00:00:00Z",
                "AssumeRolePolicyDocument": policy,
            }}))
        }
        _ => refuse("InvalidAction", format!("Could not find operation {operation}")),
    }
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
