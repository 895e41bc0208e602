//! The environments, whole: planned, applied, planned again, destroyed. Their backend is replaced by a local one, and what
//! AWS would answer is made up by the provider; all else is as in earnest.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::Value;

use crate::terraform::{home, name, roots, terraform, try_terraform};

const TOKEN: &str = "a-token-for-machines-that-nobody-may-find-again";

/// A copy of the root, where a file of ours can replace the backend; the modules and the programs' policies are the real
/// ones.
fn copy(root: &Path, to: &Path) -> std::path::PathBuf {
    let copy = to.join("terraform/envs").join(name(root));
    fs::create_dir_all(&copy).unwrap();
    symlink(home().join("modules"), to.join("terraform/modules")).unwrap();
    symlink(home().join("../actions"), to.join("actions")).unwrap();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    fs::write(copy.join("backend_override.tf"), "terraform {\n  backend \"local\" {}\n}\n")
        .unwrap();
    copy
}

#[test]
fn every_environment_lives_from_plan_to_destroy() {
    std::thread::scope(|scope| {
        for root in roots() {
            scope.spawn(move || life(&root));
        }
    });
}

fn life(root: &Path) {
    let place = tempfile::tempdir().unwrap();
    let folder = copy(root, place.path());
    let environment = name(root);
    let role = format!("-var=deploy_role_name=todo-ci-{environment}-deploy");
    let token = format!("-var=bearer_token={TOKEN}");
    let inputs = [
        "-var=allowed_account_ids=[\"123456789012\"]",
        &role,
        &token,
        "-var=bearer_token_version=1",
    ];
    let with = |command: &[&'static str]| -> Vec<String> {
        command
            .iter()
            .map(|word| (*word).to_owned())
            .chain(inputs.iter().map(|input| (*input).to_owned()))
            .collect()
    };
    let run = |command: &[&'static str]| {
        let words = with(command);
        terraform(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };

    terraform(&folder, &["init"]);
    terraform(&folder, &["validate"]);

    run(&["plan", "-out=plan"]);
    let plan: Value =
        serde_json::from_str(&terraform(&folder, &["show", "-json", "plan"])).unwrap();
    let changes = plan["resource_changes"].as_array().unwrap();
    let created = changes
        .iter()
        .filter(|change| change["change"]["actions"] == serde_json::json!(["create"]))
        .count();
    assert!(created > 100, "{environment}: only {created} resources are created");

    // An ephemeral variable is in no plan, so it is given again.
    terraform(&folder, &["apply", &token, "plan"]);

    let (quiet, text) = {
        let words = with(&["plan", "-detailed-exitcode"]);
        try_terraform(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(quiet, "{environment} is planned anew after it was applied:\n{text}");

    let outputs: Value = serde_json::from_str(&terraform(&folder, &["output", "-json"])).unwrap();
    for output in [
        "vpc_id",
        "alb_dns_name",
        "ecr_repository_url",
        "ecs_cluster_name",
        "ecs_service_name",
        "aurora_endpoint",
        "aurora_port",
        "db_secret_arn",
        "cognito_user_pool_id",
        "cognito_client_id",
        "web_bucket_name",
        "cloudfront_distribution_id",
        "api_env_config",
        "web_env_config",
        "db_password_retrieval_command",
    ] {
        assert!(!outputs[output]["value"].is_null(), "{environment} has no output `{output}`");
        assert_eq!(outputs[output]["sensitive"], false, "{environment}: `{output}`");
    }
    let api = outputs["api_env_config"]["value"].as_str().unwrap();
    assert!(api.contains("\nDB_PASSWORD=<DB_PASSWORD>\n"), "{api}");

    let state = fs::read_to_string(folder.join("terraform.tfstate")).unwrap();
    assert!(!state.contains(TOKEN), "{environment}: the bearer token is in the state");
    assert!(!plan.to_string().contains(TOKEN), "{environment}: the bearer token is in the plan");

    run(&["destroy", "-auto-approve"]);
    assert_eq!(terraform(&folder, &["state", "list"]).trim(), "", "{environment}");
}

/// People add numbers up in their heads; the page must have done it right.
#[test]
fn the_costs_add_up() {
    let page = fs::read_to_string(home().join("../docs/costs.md")).unwrap();
    let cents = |cell: &str| -> Option<i64> {
        let (whole, rest) = cell.trim().trim_matches('*').split_once('.')?;
        (rest.len() == 2)
            .then(|| Some(whole.parse::<i64>().ok()? * 100 + rest.parse::<i64>().ok()?))?
    };
    let (mut dev, mut prod, mut totals) = (0, 0, Vec::new());
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').collect();
        let [_, what, in_dev, in_prod, ..] = cells[..] else { continue };
        let (Some(in_dev), Some(in_prod)) = (cents(in_dev), cents(in_prod)) else { continue };
        if what.contains("together") {
            totals.push((in_dev, in_prod));
        } else {
            dev += in_dev;
            prod += in_prod;
        }
    }
    assert_eq!(totals, [(dev, prod)]);
}
