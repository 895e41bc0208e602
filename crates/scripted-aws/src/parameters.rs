//! SSM's Parameter Store, as far as a deployer asks it: which parameters are there, and what a migration must not show.

use serde_json::{Value, json};

use crate::refusal::{Answer, list, page, refuse};
use crate::world::{World, arn};

pub(crate) fn call(world: &World, operation: &str, body: &Value) -> Answer {
    match operation {
        "DescribeParameters" => Ok(describe(world, body)),
        "GetParameters" => Ok(get(world, body)),
        _ => refuse("InvalidAction", format!("the scripted AWS has no SSM operation {operation}")),
    }
}

/// A parameter's value is made of its name.
fn get(world: &World, body: &Value) -> Value {
    let (there, missing): (Vec<String>, Vec<String>) = list(body, "Names")
        .into_iter()
        .partition(|name| world.parameters.iter().any(|known| known == name));
    let found: Vec<Value> = there
        .iter()
        .map(|name| json!({"Name": name, "Type": "SecureString", "Value": format!("value of {name}")}))
        .collect();
    json!({"Parameters": found, "InvalidParameters": missing})
}

fn describe(world: &World, body: &Value) -> Value {
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
    page(body, "Parameters", &found, 50)
}
