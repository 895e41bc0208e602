//! SSM's Parameter Store, as far as a deployer asks it: which parameters are there.

use serde_json::{Value, json};

use crate::refusal::{Answer, list, page, refuse};
use crate::world::{World, arn};

pub(crate) fn call(world: &World, operation: &str, body: &Value) -> Answer {
    if operation != "DescribeParameters" {
        return refuse(
            "InvalidAction",
            format!("the scripted AWS has no SSM operation {operation}"),
        );
    }
    let filters = body["ParameterFilters"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for name in &world.parameters {
        let fits =
            |filter: &Value| filter["Key"] != "Name" || list(filter, "Values").contains(name);
        if filters.iter().all(fits) {
            let place = name.strip_prefix('/').unwrap_or(name);
            found.push(json!({"Name": name, "ARN": arn("ssm", &format!("parameter/{place}")), "Type": "SecureString", "Version": 1}));
        }
    }
    Ok(page(body, "Parameters", &found, 50))
}
