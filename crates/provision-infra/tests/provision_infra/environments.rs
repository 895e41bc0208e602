//! `terraform/envs/dev` and `envs/prod`, whole: planned, applied, looked at for drift, destroyed, by real Terraform on the AWS
//! provider's schema. Their backend is a local one and what AWS would answer is made up.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use step_harness::{Step, step};
use terraform_schema_provider::SchemaProvider;

use crate::root::readable;

const TOKEN: &str = "a-token-for-machines-that-nobody-may-find-again";

/// The root as it stands, in a place of its own where a file of ours replaces the backend.
fn copy(terraform: &Path, environment: &str, to: &Path) {
    symlink(terraform.join("modules"), to.join("modules")).unwrap();
    let root = to.join("envs").join(environment);
    fs::create_dir_all(&root).unwrap();
    for file in fs::read_dir(terraform.join("envs").join(environment)).unwrap() {
        let file = file.unwrap().path();
        if file.is_file() {
            fs::copy(&file, root.join(file.file_name().unwrap())).unwrap();
        }
    }
    fs::write(root.join("backend_override.tf"), "terraform {\n  backend \"local\" {}\n}\n")
        .unwrap();
}

#[test]
fn the_environments_live_from_plan_to_destroy() {
    let terraform =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform").canonicalize().unwrap();
    // The folders that terraform-schema-provider's own tests name: one schema is read for both.
    let folders =
        ["modules", "bootstrap", "envs/dev", "envs/prod"].map(|folder| terraform.join(folder));
    let provider = SchemaProvider::for_folders(&folders.each_ref().map(PathBuf::as_path)).unwrap();
    for environment in ["dev", "prod"] {
        life(&terraform, environment, &provider);
    }
}

fn life(terraform: &Path, environment: &str, provider: &SchemaProvider) {
    let place = tempfile::tempdir().unwrap();
    copy(terraform, environment, place.path());
    let step = |command: &str| -> Step {
        step!("provision-infra")
            .current_dir(place.path())
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("TF_REATTACH_PROVIDERS", provider.reattach())
            // An ephemeral variable is in no plan: it is there for the plan and for the apply, or for neither.
            .env("TF_VAR_bearer_token", TOKEN)
            .input("command", command)
            .input("working-directory", format!("envs/{environment}"))
    };
    let asking = |command: &str| -> Step {
        step(command)
            .input("variables", "allowed_account_ids=[\"123456789012\"]\nbearer_token_version=1")
    };

    let plan = asking("plan").input("plan-file", "plan").run();
    assert_eq!((plan.code, plan.output("verdict")), (0, "changes"), "{plan:#?}");
    assert!(plan.output("to-add").parse::<u32>().unwrap() > 100, "{}", plan.output("to-add"));
    assert_eq!((plan.output("to-destroy"), plan.output("to-replace")), ("0", "0"));
    assert!(!readable(&plan).contains(TOKEN), "the plan shows the token");

    let applied = step("apply").input("plan-file", "plan").run();
    assert_eq!((applied.code, applied.output("verdict")), (0, "applied"), "{applied:#?}");
    assert!(!readable(&applied).contains(TOKEN), "the apply shows the token");
    let outputs = fs::read_to_string(place.path().join("outputs.json")).unwrap();
    assert!(outputs.contains("\"api_env_config\"") && !outputs.contains(TOKEN), "{outputs}");

    let quiet = asking("plan").run();
    assert_eq!((quiet.code, quiet.output("verdict")), (0, "no-changes"), "{quiet:#?}");
    let quiet = asking("drift").run();
    assert_eq!((quiet.code, quiet.output("verdict")), (0, "no-changes"), "{quiet:#?}");

    // Somebody changed it in the console.
    provider.change("aws_rds_cluster", "backup_retention_period", &serde_json::json!(35));
    let drifted = asking("drift").run();
    assert_eq!((drifted.code, drifted.output("verdict")), (6, "drifted"), "{drifted:#?}");
    assert!(drifted.log.contains("backup_retention_period"), "{}", drifted.log);
    provider.change_nothing();

    let refused = asking("destroy").run();
    assert_eq!((refused.code, refused.output("verdict")), (3, "refused"), "{refused:#?}");
    assert!(
        refused.log.contains("module.stack.module.database.aws_rds_cluster.this"),
        "{}",
        refused.log
    );

    let gone = asking("destroy").input("allow-destroy", "*").run();
    assert_eq!((gone.code, gone.output("verdict")), (0, "applied"), "{gone:#?}");
    let state =
        fs::read_to_string(place.path().join("envs").join(environment).join("terraform.tfstate"))
            .unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["resources"], serde_json::json!([]));
}
