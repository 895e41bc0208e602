//! Real containers on a local AWS: what a migration prints and how it ends, a time-out, a signal.

use std::sync::OnceLock;

use local_aws::{LocalAws, Needs};
use serde_json::{Value, json};
use step_harness::{Run, Step, step};

const CLUSTER: &str = "migrate";

/// One for all tests of this binary, with a service whose settings are copied.
fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| {
        // PostgreSQL's image is the one with a shell in it.
        let aws = LocalAws::start(Needs { engine: true, postgres: true, auth: false }).unwrap();
        let image = format!("postgres:{}-alpine", aws.postgres_major().unwrap());
        let call = |service: &str, call: &str, parameters| aws.call(service, call, &parameters).unwrap();
        call("ecs", "create_cluster", json!({ "clusterName": CLUSTER }));
        call("logs", "create_log_group", json!({ "logGroupName": "/ecs/todo-api" }));
        let log = json!({ "logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/todo-api", "awslogs-region": local_aws::REGION, "awslogs-stream-prefix": "todo"
        }});
        let container = json!({
            "name": "api", "image": image, "essential": true, "logConfiguration": log, "command": ["sleep", "600"],
        });
        call("ecs", "register_task_definition", json!({
            "family": "todo-api", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": [container],
        }));
        let subnets = call("ec2", "describe_subnets", json!({}));
        let subnet = subnets["Subnets"][0]["SubnetId"].clone();
        call("ecs", "create_service", json!({
            "cluster": CLUSTER, "serviceName": "todo-api", "taskDefinition": "todo-api",
            "desiredCount": 0, "launchType": "FARGATE",
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnet] } },
        }));
        aws
    })
}

/// Each test has a family of its own: migrations of one family wait for each other.
fn migrate(family: &str, script: &str) -> Step {
    migrate_with(family, script, json!([]))
}

fn migrate_with(family: &str, script: &str, secrets: Value) -> Step {
    let aws = aws();
    let from = aws
        .call("ecs", "describe_task_definition", &json!({ "taskDefinition": "todo-api" }))
        .unwrap();
    let mut containers = from["taskDefinition"]["containerDefinitions"].clone();
    containers[0]["secrets"] = secrets;
    aws.call(
        "ecs",
        "register_task_definition",
        &json!({
            "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": containers,
        }),
    )
    .unwrap();
    step!("migrate")
        .endpoint(&aws.endpoint())
        .input("cluster", CLUSTER)
        .input("service", "todo-api")
        .input("task-definition", family)
        .input("command", json!(["/bin/sh", "-c", script]).to_string())
        .input("poll-interval", "250ms")
}

#[track_caller]
fn assert_end(run: &Run, verdict: &str, code: i32) {
    assert_eq!((run.output("verdict"), run.code), (verdict, code), "{run:#?}");
}

#[test]
fn what_it_prints_is_shown_and_its_code_is_passed_on() {
    for (code, verdict) in [(0, "migrated"), (1, "failed"), (7, "failed")] {
        let script =
            format!("echo one $N; sleep 0.3; echo two >&2; sleep 0.3; echo three; exit {code}");
        let run =
            migrate(&format!("exits-{code}"), &script).input("environment-variables", "N=1").run();
        assert_end(&run, verdict, code);
        let shown: Vec<&str> = run
            .log
            .lines()
            .filter_map(|line| line.strip_prefix("│ "))
            .filter(|line| !line.contains(':'))
            .collect();
        let shown = shown[shown.len() - 3..].to_vec();
        assert_eq!(shown, ["one 1", "two", "three"], "{run:#?}");
        assert!(run.summary.contains("three"), "{}", run.summary);
        assert_eq!(run.output("exit-code"), code.to_string());
    }
}

#[test]
fn out_of_time_its_container_is_gone() {
    let run = migrate(
        "times-out",
        "trap 'echo asked; exit 3' TERM; echo begun; while :; do sleep 0.1; done",
    )
    .input("timeout-minutes", "0.1")
    .run();
    assert_end(&run, "timed-out", 124);
    assert!(run.log.contains("begun") && run.output("reason").contains("was stopped"), "{run:#?}");
    assert_gone(&run);
}

#[test]
fn a_signal_stops_its_container() {
    let running = migrate("is-cancelled", "echo begun; while :; do sleep 0.1; done").spawn();
    running.wait_for("│ begun");
    running.signal("INT");
    let run = running.finish();
    assert_end(&run, "cancelled", 130);
    assert_gone(&run);
}

#[test]
fn parameters_and_secrets_are_hidden_in_its_log() {
    let call =
        |service: &str, call: &str, parameters| aws().call(service, call, &parameters).unwrap();
    call(
        "ssm",
        "put_parameter",
        json!({ "Name": "/todo/url", "Type": "String", "Value": "postgres://hush@db" }),
    );
    let secret = call(
        "secretsmanager",
        "create_secret",
        json!({ "Name": "todo/key", "SecretString": "{\"key\":\"quiet-please\"}" }),
    );
    let secrets = json!([
        { "name": "URL", "valueFrom": "/todo/url" },
        { "name": "KEY", "valueFrom": format!("{}:key::", secret["ARN"].as_str().unwrap()) },
    ]);
    let script = "echo connecting to $URL with $KEY";
    let run = migrate_with("masks", script, secrets).input("mask-secrets", "true").run();
    assert_end(&run, "migrated", 0);
    assert!(run.log.contains("│ connecting to *** with ***"), "{run:#?}");
    let secrets = json!([{ "name": "URL", "valueFrom": "/todo/nothing" }]);
    let run = migrate_with("masks-not", script, secrets).input("mask-secrets", "true").run();
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("Parameter Store has no `/todo/nothing`"), "{run:#?}");
}

#[test]
fn an_image_that_is_not_there_never_ran() {
    let run = migrate("cannot-pull", "true").input("image", "127.0.0.1:1/nothing:here").run();
    assert_end(&run, "did-not-start", 125);
}

/// No container of the task runs any more.
#[track_caller]
fn assert_gone(run: &Run) {
    let id = run.output("task-arn").rsplit('/').next().unwrap();
    let tasks = aws()
        .call(
            "ecs",
            "describe_tasks",
            &json!({ "cluster": CLUSTER, "tasks": [run.output("task-arn")] }),
        )
        .unwrap();
    assert_eq!(tasks["tasks"][0]["lastStatus"], "STOPPED", "{run:#?}");
    let containers = aws().docker_output(&["ps", "--format", "{{.Names}}"]).unwrap();
    assert!(!containers.contains(&id[..8]), "{containers}");
}
