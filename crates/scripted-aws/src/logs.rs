//! `CloudWatch` Logs: groups, streams, and reading a stream to its end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::refusal::{Answer, page, refuse, required, text};
use crate::world::{World, arn};

/// What one `GetLogEvents` gives at most: bytes, 26 of them for each event beside its text.
const PAGE: usize = 1024 * 1024;

pub(crate) fn call(world: &mut World, operation: &str, body: &Value) -> Answer {
    match operation {
        "GetLogEvents" => get_events(world, body),
        "DescribeLogGroups" => {
            let prefix = text(body, "logGroupNamePrefix").unwrap_or_default();
            let groups: Vec<Value> = world
                .logs
                .keys()
                .filter(|name| name.starts_with(prefix))
                .map(|name| group_json(name))
                .collect();
            Ok(page(body, "logGroups", &groups, 50))
        }
        "DescribeLogStreams" => {
            let Some(streams) = world.logs.get(group(body)?) else { return no_group() };
            let prefix = text(body, "logStreamNamePrefix").unwrap_or_default();
            let streams: Vec<Value> = streams
                .keys()
                .filter(|name| name.starts_with(prefix))
                .map(|name| json!({"logStreamName": name}))
                .collect();
            Ok(page(body, "logStreams", &streams, 50))
        }
        "CreateLogGroup" => {
            let name = required(body, "logGroupName")?;
            if world.logs.contains_key(name) {
                return refuse(
                    "ResourceAlreadyExistsException",
                    "The specified log group already exists",
                );
            }
            world.logs.insert(name.into(), BTreeMap::new());
            Ok(json!({}))
        }
        "PutRetentionPolicy" | "TagResource" => Ok(json!({})),
        _ => refuse(
            "UnknownOperationException",
            format!("the scripted AWS has no CloudWatch Logs operation {operation}"),
        ),
    }
}

fn group_json(name: &str) -> Value {
    json!({"logGroupName": name, "arn": arn("logs", &format!("log-group:{name}:*")), "logGroupArn": arn("logs", &format!("log-group:{name}")), "creationTime": 0, "storedBytes": 0})
}

fn no_group() -> Answer {
    refuse("ResourceNotFoundException", "The specified log group does not exist.")
}

/// A group by name or, as an identifier, by ARN.
fn group(body: &Value) -> Result<&str, crate::refusal::Refusal> {
    match text(body, "logGroupIdentifier") {
        Some(identifier) => {
            Ok(identifier.split(":log-group:").last().unwrap_or(identifier).trim_end_matches(":*"))
        }
        None => required(body, "logGroupName"),
    }
}

fn get_events(world: &World, body: &Value) -> Answer {
    let Some(streams) = world.logs.get(group(body)?) else { return no_group() };
    let Some(lines) = streams.get(required(body, "logStreamName")?) else {
        return refuse("ResourceNotFoundException", "The specified log stream does not exist.");
    };
    let limit = body
        .get("limit")
        .and_then(Value::as_u64)
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(10_000)
        .clamp(1, 10_000);
    let size = |at: &usize| lines[*at].text.len() + 26;
    let fill = |order: &mut dyn Iterator<Item = usize>| {
        let mut bytes = 0;
        order
            .take(limit)
            .take_while(|at| {
                bytes += size(at);
                bytes <= PAGE
            })
            .count()
    };
    let token = text(body, "nextToken");
    let position = |prefix: &str| {
        token
            .and_then(|token| token.strip_prefix(prefix)?.parse::<usize>().ok())
            .map(|at| at.min(lines.len()))
    };
    let (from, to) = if let Some(from) = position("f/") {
        (from, from + fill(&mut (from..lines.len())))
    } else if let Some(to) = position("b/") {
        (to - fill(&mut (0..to).rev()), to)
    } else if token.is_some() {
        return refuse("InvalidParameterException", "The specified nextToken is invalid.");
    } else if body.get("startFromHead") == Some(&Value::Bool(true)) {
        (0, fill(&mut (0..lines.len())))
    } else {
        (lines.len() - fill(&mut (0..lines.len()).rev()), lines.len())
    };
    let events: Vec<Value> = lines[from..to]
        .iter()
        .map(|line| json!({"timestamp": world.clock.millis(line.at), "message": line.text, "ingestionTime": world.clock.millis(line.arrived)}))
        .collect();
    // At the end the forward token is the one that was given: so a reader knows.
    Ok(
        json!({"events": events, "nextForwardToken": format!("f/{to:056}"), "nextBackwardToken": format!("b/{from:056}")}),
    )
}
