//! The file: its mode, its changes, dry runs, the contract, the text of an output.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use step_harness::step;
use tempfile::TempDir;

pub(crate) const OUTPUTS: &str = r#"{
  "aurora_endpoint": { "sensitive": false, "type": "string", "value": "todo.cluster.example" },
  "aurora_port": { "sensitive": false, "type": "number", "value": 5432 },
  "subnets": { "sensitive": false, "type": ["list", "string"], "value": ["subnet-a", "subnet-b"] },
  "api_token": { "sensitive": true, "type": "string", "value": "s3cr3t/token value" },
  "api_env_config": { "sensitive": false, "type": "string",
    "value": "PORT=3000\nDATABASE_URL=postgresql://todo:<DB_PASSWORD>@db:5432/todo\n" }
}"#;

/// A folder with `outputs.json` and a template.
pub(crate) fn folder(template: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("outputs.json"), OUTPUTS).unwrap();
    fs::write(folder.path().join("template"), template).unwrap();
    folder
}

pub(crate) fn render(folder: &Path) -> step_harness::Step {
    step!("render-env")
        .current_dir(folder)
        .input("template", "template")
        .input("output-file", ".env")
}

#[test]
fn terraform_itself_is_asked_for_its_outputs() {
    let folder = folder("A={{ outputs.greeting }}\nB={{ outputs.token }}\n");
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(
        root.join("terraform.tfstate"),
        r#"{"version": 4, "serial": 1, "lineage": "x", "resources": [], "outputs": {
            "greeting": {"value": "good day", "type": "string"},
            "token": {"value": "not to be seen", "type": "string", "sensitive": true}}}"#,
    )
    .unwrap();
    let run = render(folder.path()).input("working-directory", "root").run();
    assert_eq!(run.code, 0, "{run:#?}");
    let written = fs::read_to_string(folder.path().join(".env")).unwrap();
    assert_eq!(written, "A='good day'\nB='not to be seen'\n");
    assert!(run.output("reason").contains("1 of them secret"), "{run:#?}");

    fs::write(root.join("main.tf"), "output {").unwrap();
    let run = render(folder.path()).input("working-directory", "root").run();
    assert!(run.code == 2 && run.log.contains("`terraform output` failed"), "{run:#?}");
    let run = render(folder.path()).input("working-directory", "rot").run();
    assert!(run.code == 2 && run.log.contains("no directory `rot`"), "{run:#?}");
}

const TEMPLATE: &str = "# the API\nPORT=3000\nDB_HOST={{ outputs.aurora_endpoint }}\n\
    DB=\"{{ outputs.aurora_endpoint }}:{{ outputs.aurora_port }}\"\nCOMMIT={{ env.GITHUB_SHA }}\n\
    SUBNETS={{ outputs.subnets }}\nFIRST={{ outputs[\"subnets\"][0] | upper }}\n\
    TOKEN={{ outputs.api_token | urlencode }}\nREGION={{ env.GITHUB_REGION | default(\"eu\") }}\n";

#[test]
fn a_template_is_filled_and_told_without_values() {
    let folder = folder(TEMPLATE);
    let run = render(folder.path()).run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(
        fs::read_to_string(folder.path().join(".env")).unwrap(),
        "# the API\nPORT=3000\nDB_HOST=todo.cluster.example\nDB=todo.cluster.example:5432\n\
         COMMIT=0123456789abcdef0123456789abcdef01234567\nSUBNETS='[\"subnet-a\",\"subnet-b\"]'\nFIRST=SUBNET-A\n\
         TOKEN=s3cr3t%2Ftoken%20value\nREGION=eu\n"
    );
    assert_eq!(run.output("verdict"), "written");
    assert_eq!(run.output("output-file"), ".env");
    assert_eq!(run.output("keys").lines().count(), 8);
    assert_eq!(run.output("changed-keys"), run.output("keys"));
    assert_eq!(run.output("reason"), ".env written: 8 keys, 1 of them secret");
    assert!(run.log.contains("+ TOKEN    sensitive output `api_token`"), "{}", run.log);
    // The masks themselves name the value; nothing else does.
    let readable: Vec<&str> =
        run.log.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let text = format!("{readable:?}{}{:?}", run.summary, run.outputs);
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[test]
fn the_file_is_for_its_owner_alone_and_stays_when_nothing_changed() {
    let folder = folder(TEMPLATE);
    let path = folder.path().join(".env");
    fs::write(&path, "PORT=3000\nOLD=1\nCOMMIT=x\n").unwrap();
    let run = render(folder.path()).run();
    assert_eq!(run.output("verdict"), "written");
    assert_eq!(
        run.output("changed-keys"),
        "DB_HOST\nDB\nCOMMIT\nSUBNETS\nFIRST\nTOKEN\nREGION\nOLD"
    );
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let written = fs::metadata(&path).unwrap().modified().unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let run = render(folder.path()).run();
    assert_eq!((run.code, run.output("verdict")), (0, "unchanged"));
    assert_eq!(run.output("changed-keys"), "");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file stays: {left:?}");
}

#[test]
fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let folder = folder(TEMPLATE);
    let run = render(folder.path()).arg("--dry-run").shell().env("GITHUB_SHA", "abc").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.log.contains("  + DB_HOST"), "{}", run.log);
    assert!(!folder.path().join(".env").exists());
    let run = render(folder.path()).input("dry-run", "true").run();
    assert_eq!(run.output("verdict"), "planned");
}

#[test]
fn an_output_that_holds_a_whole_file_is_filled_by_its_placeholders() {
    let folder = folder("");
    let run = step!("render-env")
        .current_dir(folder.path())
        .input("from-output", "api_env_config")
        .input("placeholders", "DB_PASSWORD={{ outputs.api_token | urlencode }}\n")
        .input("output-file", "api.env")
        .run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(
        fs::read_to_string(folder.path().join("api.env")).unwrap(),
        "PORT=3000\nDATABASE_URL=postgresql://todo:s3cr3t%2Ftoken%20value@db:5432/todo\n"
    );
    assert_eq!(run.output("reason"), "api.env written: 2 keys, 1 of them secret");
}

#[test]
fn a_placeholder_that_nothing_fills_and_one_that_fills_nothing_are_told() {
    let folder = folder("");
    let run = step!("render-env")
        .current_dir(folder.path())
        .input("from-output", "api_env_config")
        .input("placeholders", "DB_PASWORD=x")
        .input("output-file", "api.env")
        .run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("nothing fills `<DB_PASSWORD>` of `DATABASE_URL`"), "{}", run.log);
    assert!(run.log.contains("the output has no `<DB_PASWORD>`"), "{}", run.log);
}

#[test]
fn the_contract_is_checked_as_a_whole() {
    let folder = folder("PORT=many\nSITE=https://todo.example\nEXTRA=1\n");
    fs::write(
        folder.path().join(".env.example"),
        "PORT=1 # int\nSITE=https://x # url\nDEBUG= # optional bool\nDATABASE_URL=x\n",
    )
    .unwrap();
    let run = render(folder.path()).input("example", ".env.example").run();
    assert_eq!(run.code, 2, "{run:#?}");
    for fault in
        ["`PORT` is not a whole number", "`DATABASE_URL` is missing", "`EXTRA` is unknown to it"]
    {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
    assert!(!folder.path().join(".env").exists());
}

#[test]
fn a_fingerprint_needs_a_key_and_follows_the_values() {
    let folder = folder(TEMPLATE);
    let fingerprint = |key: &str, sha: &str| {
        let run = render(folder.path())
            .input("fingerprint-key", key)
            .env("GITHUB_SHA", sha)
            .input("dry-run", "true")
            .run();
        run.output("fingerprint").to_owned()
    };
    assert_eq!(fingerprint("", "a"), "");
    assert_eq!(fingerprint("a key of ours", "a"), fingerprint("a key of ours", "a"));
    assert_ne!(fingerprint("a key of ours", "a"), fingerprint("a key of ours", "b"));
    assert_ne!(fingerprint("a key of ours", "a"), fingerprint("another key", "a"));
}
