//! Secrets of a local AWS: by name, by ARN, of an earlier stage, as text and as bytes, and shown nowhere.

use std::{fs, sync::OnceLock};

use local_aws::{LocalAws, Needs};
use serde_json::{Value, json};
use step_harness::{Step, step};
use tempfile::TempDir;

use crate::files::{folder, render};

fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| LocalAws::start(Needs::default()).unwrap())
}

/// Makes a secret and returns its ARN.
fn secret(name: &str, value: &Value) -> String {
    let mut wanted = value.clone();
    wanted["Name"] = json!(name);
    let made = aws().call("secretsmanager", "create_secret", &wanted).unwrap();
    made["ARN"].as_str().unwrap().to_owned()
}

fn with_secrets(folder: &TempDir, ids: &str) -> Step {
    let step = render(folder.path()).input("secret-ids", ids);
    aws().environment().into_iter().fold(step, |step, (name, value)| step.env(name, value))
}

fn written(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join(".env")).unwrap()
}

#[test]
fn a_password_goes_into_a_url_and_nowhere_else() {
    let password = "p@ss/w0rd #1$'x";
    let text = json!({"username": "todo", "password": password, "port": 5432}).to_string();
    let arn = secret("url/db", &json!({ "SecretString": text }));
    let folder = folder(
        "DATABASE_URL=postgresql://{{ secrets.db.username }}:{{ secrets[\"db\"].password | urlencode }}@\
         {{ outputs.aurora_endpoint }}:{{ secrets.db.port }}/todo\nDB_PASSWORD={{ secrets.db.password }}\n",
    );
    for id in ["db,url/db".to_owned(), format!("db,{arn}"), format!("db,{arn}::AWSCURRENT:")] {
        let run = with_secrets(&folder, &id).run();
        assert_eq!(run.code, 0, "{id}: {run:#?}");
        assert_eq!(
            written(&folder),
            "DATABASE_URL=postgresql://todo:p%40ss%2Fw0rd%20%231%24%27x@todo.cluster.example:5432/todo\n\
             DB_PASSWORD=`p@ss/w0rd #1$'x`\n"
        );
        let masks: Vec<&str> =
            run.log.lines().filter_map(|line| line.strip_prefix("::add-mask::")).collect();
        assert!(masks.contains(&password), "{masks:?}");
        assert!(
            masks.contains(&"p%2540ss%252Fw0rd%2520%25231%2524%2527x"),
            "URL-encoded: {masks:?}"
        );
        let readable: Vec<&str> =
            run.log.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        let text = format!("{readable:?}{}{:?}", run.summary, run.outputs);
        assert!(!text.contains("w0rd"), "{text}");
        assert!(text.contains("secret `db`"), "{text}");
    }
}

#[test]
fn a_stage_is_written_as_ecs_writes_it() {
    let arn = secret("stage/token", &json!({"SecretString": "the-old-token"}));
    let new = json!({"SecretId": arn, "SecretString": "the-new-token"});
    aws().call("secretsmanager", "put_secret_value", &new).unwrap();
    let folder = folder("NEW={{ secrets.new }}\nOLD={{ secrets.old }}\n");
    let ids = format!("new,{arn}\nold,{arn}::AWSPREVIOUS:");
    assert_eq!(with_secrets(&folder, &ids).run().code, 0);
    assert_eq!(written(&folder), "NEW=the-new-token\nOLD=the-old-token\n");
}

#[test]
fn what_a_secret_contains_is_never_evaluated() {
    secret("evil/text", &json!({"SecretString": "{{ outputs.aurora_endpoint }}${HOME}"}));
    let folder = folder("TEXT={{ secrets[\"evil/text\"] }}\n");
    let run = with_secrets(&folder, "evil/text").input("format", "vite").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(written(&folder), "TEXT='{{ outputs.aurora_endpoint }}\\${HOME}'\n");
}

#[test]
fn bytes_are_text_where_they_can_be_and_base64_else() {
    // boto3 takes bytes, and JSON has none: they are made there.
    let made = aws().script(
        "import boto3\nc = boto3.client('secretsmanager')\n\
         c.create_secret(Name='bytes/text', SecretBinary='caf\\u00e9'.encode())\n\
         c.create_secret(Name='bytes/raw', SecretBinary=bytes([0, 255, 1]))\nprint('{}')",
        &[],
    );
    made.unwrap();
    let folder = folder("TEXT={{ secrets.text }}\nRAW={{ secrets.raw }}\n");
    let run = with_secrets(&folder, "text,bytes/text\nraw,bytes/raw").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(written(&folder), "TEXT='caf\u{e9}'\nRAW=AP8B\n");
}

#[test]
fn unknown_secrets_and_keys_are_told_with_the_nearest_name() {
    secret("near/todo-db", &json!({"SecretString": "{\"password\": \"hidden-1\"}"}));
    let folder = folder(
        "P={{ secrets.db.pasword }}\nQ={{ secrets.bd.password }}\nR={{ secrets.db.user }}\n",
    );
    let run = with_secrets(&folder, "db,near/todo-bd\nother,nowhere-at-all").run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{run:#?}");
    for fault in [
        "there is no secret `near/todo-bd`; did you mean `near/todo-db`?",
        "there is no secret `nowhere-at-all`",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
    let run = with_secrets(&folder, "db,near/todo-db").run();
    assert_eq!(run.code, 2, "{run:#?}");
    for fault in [
        "line 1, `P`: the secret `db` has no key `pasword`; did you mean `password`?",
        "line 2, `Q`: `secret-ids` names no secret `bd`; there is `db`",
        "line 3, `R`: the secret `db` has no key `user`",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
    assert!(!folder.path().join(".env").exists());
}

#[test]
fn a_secret_is_refused_in_the_browser() {
    secret("public/token", &json!({"SecretString": "a-bearer-token"}));
    let folder = folder("VITE_AUTH_TOKEN=Bearer {{ secrets.token }}\n");
    let run = with_secrets(&folder, "token,public/token").input("format", "vite").run();
    assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{run:#?}");
    assert!(run.output("reason").contains("`VITE_AUTH_TOKEN` (secret `token`)"), "{run:#?}");
    assert!(!folder.path().join(".env").exists());
}

#[test]
fn a_rotation_changes_the_fingerprint_and_names_the_key() {
    let arn = secret("rotated/db", &json!({"SecretString": "{\"password\": \"before-1\"}"}));
    let folder = folder("PORT=3000\nDB_PASSWORD={{ secrets.db.password }}\n");
    let run =
        || with_secrets(&folder, "db,rotated/db").input("fingerprint-key", "a key of ours").run();
    let before = run();
    assert_eq!(run().output("fingerprint"), before.output("fingerprint"));
    let new = json!({"SecretId": arn, "SecretString": "{\"password\": \"after-22\"}"});
    aws().call("secretsmanager", "put_secret_value", &new).unwrap();
    let after = run();
    assert_eq!((after.output("verdict"), after.output("changed-keys")), ("written", "DB_PASSWORD"));
    assert_ne!(after.output("fingerprint"), before.output("fingerprint"));
}

#[test]
fn references_for_ecs_rollout_read_no_secret() {
    let arn = secret("refs/db", &json!({"SecretString": "{\"password\": \"never-read-1\"}"}));
    let folder = folder(
        "# the API's\nDB_PASSWORD={{ secrets.db.password }}\nTOKEN={{ secrets[\"old\"] }}\n",
    );
    let ids = format!("db,refs/db\nold,{arn}::AWSPREVIOUS:");
    let run = with_secrets(&folder, &ids).input("format", "ecs-secrets").run();
    assert_eq!((run.code, run.output("verdict")), (0, "written"), "{run:#?}");
    assert_eq!(
        written(&folder),
        format!("# the API's\nDB_PASSWORD={arn}:password::\nTOKEN={arn}::AWSPREVIOUS:\n")
    );
    assert!(
        !run.log.contains("add-mask"),
        "nothing was read that would have to be hidden: {}",
        run.log
    );

    fs::write(
        folder.path().join("template"),
        "PORT=3000\nURL=x{{ secrets.db.password }}\nQ={{ secrets.bd }}\n",
    )
    .unwrap();
    let run = with_secrets(&folder, &ids).input("format", "ecs-secrets").run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{run:#?}");
    for fault in [
        "line 1, `PORT`: only a bare secret",
        "line 2, `URL`: only a bare secret",
        "`secret-ids` names no secret `bd`",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
}

#[test]
fn all_secrets_with_a_prefix_are_within_reach() {
    secret("many/db", &json!({ "SecretString": "{\"password\": \"db-password\"}" }));
    secret("many/token", &json!({ "SecretString": "token-value" }));
    secret("not/many/x", &json!({ "SecretString": "another-value" }));
    let folder =
        folder("DB={{ secrets[\"many/db\"].password }}\nTOKEN={{ secrets[\"many/token\"] }}\n");
    let run = with_secrets(&folder, "many/*").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(written(&folder), "DB=db-password\nTOKEN=token-value\n");
    assert!(run.log.contains("3 calls, none of them writing"), "{run:#?}");
    let run = with_secrets(&folder, "mani/*").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("no secret whose name begins with `mani/`"), "{run:#?}");
    let run = with_secrets(&folder, "db,many/*").run();
    assert!(run.code == 2 && run.log.contains("cannot all be `db`"), "{run:#?}");
}

#[test]
fn without_a_template_the_secrets_are_the_file() {
    secret("whole/db", &json!({ "SecretString": "{\"user\": \"todo\", \"port\": 5432}" }));
    secret("whole/token", &json!({ "SecretString": "token-value" }));
    let folder = TempDir::new().unwrap();
    let render = |ids: &str| {
        let step = step!("render-env").current_dir(folder.path()).input("output-file", ".env");
        let step = step.input("secret-ids", ids);
        aws().environment().into_iter().fold(step, |step, (name, value)| step.env(name, value))
    };
    let run = render("whole/*").run();
    assert_eq!(run.code, 0, "{run:#?}");
    let whole = "WHOLE_DB='{\"user\": \"todo\", \"port\": 5432}'\nWHOLE_TOKEN=token-value\n";
    assert_eq!(written(&folder), whole);
    let run = render("DB,whole/db\nwhole/token").input("parse-json-secrets", "true").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(written(&folder), "DB_PORT=5432\nDB_USER=todo\nWHOLE_TOKEN=token-value\n");
    let run = render(",whole/db").input("parse-json-secrets", "true").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(written(&folder), "PORT=5432\nUSER=todo\n");
}

#[test]
fn the_runner_s_own_file_is_added_to_and_later_steps_see_it() {
    let token = "line one\nline two";
    secret("runner/token", &json!({ "SecretString": token }));
    let folder = folder("TOKEN={{ secrets.token }}\nPORT=3000\n");
    let runner = folder.path().join("github_env");
    fs::write(&runner, "OTHER=stays").unwrap();
    let render = || {
        let step = step!("render-env").current_dir(folder.path()).input("template", "template");
        let step = step.input("secret-ids", "token,runner/token").input("format", "github-env");
        let step = step.env("GITHUB_ENV", runner.to_str().unwrap());
        aws().environment().into_iter().fold(step, |step, (name, value)| step.env(name, value))
    };
    let run = render().run();
    assert_eq!((run.output("verdict"), run.code), ("written", 0), "{run:#?}");
    assert!(run.log.contains("::add-mask::line two"), "{run:#?}");
    let text = fs::read_to_string(&runner).unwrap();
    let delimiter = text.split("TOKEN<<").nth(1).unwrap().lines().next().unwrap();
    assert!(text.starts_with("OTHER=stays\nTOKEN<<end-"), "{text}");
    assert!(text.contains(&format!("{delimiter}\n{token}\n{delimiter}\nPORT<<end-")), "{text}");
    assert_eq!(render().run().output("verdict"), "unchanged");

    fs::write(folder.path().join("template"), "NODE_OPTIONS=--require=x\nGITHUB_SHA=x\n").unwrap();
    let run = render().run();
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.log.contains("`NODE_OPTIONS` is a name that the runner keeps"), "{run:#?}");
}
