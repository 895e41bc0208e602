//! Values as Terraform sends them, walked along their schema: unknowns in a plan, made-up values after an apply.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rmpv::Value;
use serde_json::Value as Json;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

/// Calls `visit(name, schema, value)` for each attribute of a value, in nested blocks too.
fn each_attribute(
    schema: &Json,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &Json, &mut Value),
) {
    let Value::Map(fields) = value else { return };
    for (key, field) in fields {
        let name = key.as_str().unwrap_or_default();
        if let Some(attribute) = schema["attributes"].get(name) {
            visit(name, attribute, field);
        } else if let Some(nested) = schema["block_types"].get(name) {
            match field {
                Value::Array(items) => {
                    for item in items {
                        each_attribute(&nested["block"], item, visit);
                    }
                }
                single => each_attribute(&nested["block"], single, visit),
            }
        }
    }
}

/// What the configuration leaves to AWS is not known before the apply.
pub(crate) fn mark_unknown(schema: &Json, value: &mut Value) {
    each_attribute(schema, value, &mut |_, attribute, field| {
        if attribute["computed"] == true && field.is_nil() {
            *field = Value::Ext(0, vec![0]);
        }
    });
}

/// Replaces every unknown by a made-up value of its type.
pub(crate) fn fill(schema: &Json, value: &mut Value, kind: &str) {
    let seed = value.to_string();
    each_attribute(schema, value, &mut |name, attribute, field| {
        if field.is_ext() {
            *field = fake(&attribute["type"], kind, name, &seed);
        }
    });
}

/// A write-only argument is used and never stored: Terraform refuses a provider that hands one back.
pub(crate) fn forget_write_only(schema: &Json, value: &mut Value) {
    each_attribute(schema, value, &mut |_, attribute, field| {
        if attribute["write_only"] == true {
            *field = Value::Nil;
        }
    });
}

fn fake(ty: &Json, kind: &str, name: &str, seed: &str) -> Value {
    let mut hash = DefaultHasher::new();
    (kind, name, seed).hash(&mut hash);
    let tag = format!("{:08x}", hash.finish() >> 32);
    match (ty.as_str(), ty[0].as_str()) {
        (Some("string"), _) => match (kind, name) {
            ("aws_caller_identity", "account_id") => ACCOUNT.into(),
            ("aws_partition", "partition") => "aws".into(),
            ("aws_partition", "dns_suffix") => "amazonaws.com".into(),
            ("aws_region", "id" | "name") | (_, "region") => REGION.into(),
            // Read back as JSON by whoever uses them.
            (_, "json") => r#"{"Statement":[],"Version":"2012-10-17"}"#.into(),
            _ if name.ends_with("arn") => arn(kind, name, &tag).into(),
            ("aws_lb", "arn_suffix") => format!("app/{tag}/{tag}").into(),
            ("aws_lb_target_group", "arn_suffix") => format!("targetgroup/{tag}/{tag}").into(),
            ("aws_vpc" | "aws_subnet", "id") => format!("{}-{tag}", &kind[4..]).into(),
            ("aws_security_group", "id") => format!("sg-{tag}").into(),
            // Names in DNS have no underscore, and no id minds.
            _ => format!("{}-{tag}", name.replace('_', "-")).into(),
        },
        (Some("number"), _) => 0.into(),
        (Some("bool"), _) => false.into(),
        (_, Some("object")) => Value::Map(
            ty[1]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, of)| (key.as_str().into(), fake(of, kind, key, seed)))
                .collect(),
        ),
        (_, Some("map")) => Value::Map(vec![]),
        // One element, so that `x.list_of_objects[0].arn` has a value.
        (_, Some(_)) if ty[1][0] == "object" => Value::Array(vec![fake(&ty[1], kind, name, seed)]),
        (_, Some(_)) if (kind, name) == ("aws_availability_zones", "names") => {
            Value::Array(["a", "b", "c"].map(|zone| format!("{REGION}{zone}").into()).to_vec())
        }
        (_, Some(_)) => Value::Array(vec![]),
        _ => Value::Nil,
    }
}

/// An ARN that looks like one of its kind, because configurations take them apart and check them.
fn arn(kind: &str, name: &str, tag: &str) -> String {
    let (service, region, account, resource) = match kind {
        _ if name == "secret_arn" => {
            ("secretsmanager", REGION, ACCOUNT, format!("secret:rds!{tag}"))
        }
        "aws_cloudfront_distribution" => ("cloudfront", "", ACCOUNT, format!("distribution/{tag}")),
        "aws_cloudwatch_log_group" => ("logs", REGION, ACCOUNT, format!("log-group:{tag}")),
        "aws_ecr_repository" => ("ecr", REGION, ACCOUNT, format!("repository/{tag}")),
        "aws_ecs_cluster" => ("ecs", REGION, ACCOUNT, format!("cluster/{tag}")),
        "aws_iam_policy" => ("iam", "", ACCOUNT, format!("policy/{tag}")),
        "aws_iam_role" => ("iam", "", ACCOUNT, format!("role/{tag}")),
        "aws_kms_key" => ("kms", REGION, ACCOUNT, format!("key/{tag}")),
        "aws_lb" => {
            ("elasticloadbalancing", REGION, ACCOUNT, format!("loadbalancer/app/{tag}/{tag}"))
        }
        "aws_lb_target_group" => {
            ("elasticloadbalancing", REGION, ACCOUNT, format!("targetgroup/{tag}/{tag}"))
        }
        "aws_s3_bucket" => ("s3", "", "", tag.to_owned()),
        "aws_secretsmanager_secret" => {
            ("secretsmanager", REGION, ACCOUNT, format!("secret:{tag}-AbCdEf"))
        }
        _ => ("any", REGION, ACCOUNT, format!("{kind}/{tag}")),
    };
    format!("arn:aws:{service}:{region}:{account}:{resource}")
}

pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(bool) => (*bool).into(),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), Value::from)
        }
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(fields) => Value::Map(
            fields.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect(),
        ),
    }
}
