//! Elastic Load Balancing, as far as a deployer asks it: how a target group checks its targets, and what came of it.
//!
//! The targets of a group are the RUNNING tasks of the services that name it.

use serde_json::{Value, json};

use crate::query::members;
use crate::refusal::{Answer, Refusal, refuse, required};
use crate::world::{Task, World, arn};

pub(crate) fn call(world: &World, operation: &str, fields: &Value) -> Answer {
    match operation {
        "DescribeTargetGroups" => {
            let arns = members(fields, "TargetGroupArns");
            let groups =
                arns.iter().map(|arn| describe(world, arn)).collect::<Result<Vec<_>, _>>()?;
            Ok(json!({"TargetGroups": groups}))
        }
        "DescribeTargetGroupAttributes" => {
            let (_, given) = find(world, required(fields, "TargetGroupArn")?)?;
            let delay = given["deregistration-delay"].as_u64().unwrap_or(300).to_string();
            Ok(json!({"Attributes": [
                {"Key": "deregistration_delay.timeout_seconds", "Value": delay},
                {"Key": "slow_start.duration_seconds", "Value": "0"},
            ]}))
        }
        "DescribeTargetHealth" => {
            let arn = required(fields, "TargetGroupArn")?;
            let (_, given) = find(world, arn)?;
            let usual = json!({"State": "healthy"});
            let health = given.get("health").unwrap_or(&usual);
            let targets: Vec<Value> = targets(world, arn)
                .map(|task| {
                    json!({
                        "Target": {"Id": task.address(), "Port": 8080},
                        "HealthCheckPort": "8080",
                        "TargetHealth": health,
                    })
                })
                .collect();
            Ok(json!({"TargetHealthDescriptions": targets}))
        }
        _ => refuse("InvalidAction", format!("Could not find operation {operation}")),
    }
}

fn find<'a>(world: &'a World, arn: &str) -> Result<(&'a String, &'a Value), Refusal> {
    match world.target_groups.iter().find(|(name, _)| arn == group_arn(name)) {
        Some(found) => Ok(found),
        None => refuse("TargetGroupNotFound", format!("Target groups '{arn}' not found")),
    }
}

pub(crate) fn group_arn(name: &str) -> String {
    arn("elasticloadbalancing", &format!("targetgroup/{name}/0123456789abcdef"))
}

fn describe(world: &World, arn: &str) -> Answer {
    let (name, given) = find(world, arn)?;
    let set = |key: &str, usual: u64| given[key].as_u64().unwrap_or(usual);
    Ok(json!({
        "TargetGroupArn": arn,
        "TargetGroupName": name,
        "Protocol": "HTTP",
        "Port": 8080,
        "TargetType": "ip",
        "HealthCheckEnabled": true,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": set("interval", 30),
        "HealthCheckTimeoutSeconds": set("timeout", 5),
        "HealthyThresholdCount": set("healthy-threshold", 5),
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
    }))
}

fn targets<'a>(world: &'a World, arn: &'a str) -> impl Iterator<Item = &'a Task> {
    let behind = move |task: &&Task| {
        let mut services = world.services.iter();
        services.any(|service| {
            task.group == format!("service:{}", service.name)
                && task.cluster == service.cluster
                && service.settings["loadBalancers"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|it| it["targetGroupArn"] == arn))
        })
    };
    world.tasks.iter().filter(|task| task.status == "RUNNING").filter(behind)
}
