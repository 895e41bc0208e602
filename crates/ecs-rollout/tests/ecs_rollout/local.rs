//! Real containers on a local AWS: deployed, unchanged, crashing, an image that is not there, a signal.

use std::sync::OnceLock;

use local_aws::{LocalAws, Needs};
use serde_json::{Value, json};
use step_harness::{Run, Step, step};

const CLUSTER: &str = "rollout";
const SERVES: &str = "trap 'exit 0' TERM; echo listening; while :; do sleep 0.1; done";

/// One for all tests of this binary.
fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| {
        // PostgreSQL's image is the one with a shell in it.
        let aws = LocalAws::start(Needs { engine: true, postgres: true, auth: false }).unwrap();
        let call =
            |service: &str, call: &str, parameters| aws.call(service, call, &parameters).unwrap();
        call("ecs", "create_cluster", json!({ "clusterName": CLUSTER }));
        call("logs", "create_log_group", json!({ "logGroupName": "/ecs/todo-api" }));
        aws
    })
}

/// Each test has a service of its own, which serves when this returns.
fn service(name: &str) -> Step {
    service_behind(name, &json!([]))
}

fn service_behind(name: &str, load_balancers: &Value) -> Step {
    let aws = aws();
    let call =
        |service: &str, call: &str, parameters| aws.call(service, call, &parameters).unwrap();
    let image = format!("postgres:{}-alpine", aws.postgres_major().unwrap());
    let log = json!({ "logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/todo-api", "awslogs-region": local_aws::REGION, "awslogs-stream-prefix": "todo"
    }});
    let container = json!({
        "name": "api", "image": image, "essential": true, "logConfiguration": log, "command": ["/bin/sh", "-c", SERVES],
        "portMappings": [{ "containerPort": 8080 }],
    });
    call(
        "ecs",
        "register_task_definition",
        json!({
            "family": name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": [container],
        }),
    );
    let subnets = call("ec2", "describe_subnets", json!({}));
    let subnet = subnets["Subnets"][0]["SubnetId"].clone();
    call(
        "ecs",
        "create_service",
        json!({
            "cluster": CLUSTER, "serviceName": name, "taskDefinition": name,
            "desiredCount": 1, "launchType": "FARGATE", "loadBalancers": load_balancers,
            "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnet] } },
        }),
    );
    rollout(name)
}

fn rollout(service: &str) -> Step {
    step!("ecs-rollout")
        .endpoint(&aws().endpoint())
        .input("cluster", CLUSTER)
        .input("service", service)
        .input("poll-interval", "250ms")
}

#[track_caller]
fn assert_end(run: &Run, verdict: &str, code: i32) {
    assert_eq!((run.output("verdict"), run.code), (verdict, code), "{run:#?}");
}

#[test]
fn deployed_and_then_unchanged() {
    let first = service("good").input("environment-variables", "RELEASE=2");
    assert_end(&first.run(), "deployed", 0);
    let again = rollout("good").input("environment-variables", "RELEASE=2").run();
    assert_end(&again, "unchanged", 0);
}

#[test]
fn a_crashing_container_is_rolled_back_with_its_last_words() {
    let crash = json!(["/bin/sh", "-c", "echo starting; echo no database >&2; exit 3"]).to_string();
    let run = service("crashing").input("command", crash).run();
    assert_end(&run, "rolled-back", 3);
    let reason = run.output("reason");
    assert!(
        reason.contains("`crashing:1` is back") && reason.contains("exited with 3"),
        "{run:#?}"
    );
    assert!(run.log.contains("│ no database"), "{run:#?}");
}

#[test]
fn an_image_that_is_not_there_is_rolled_back() {
    let run = service("missing").input("image", "127.0.0.1:1/nothing:here").run();
    assert_end(&run, "rolled-back", 3);
    assert!(run.output("reason").contains("CannotPullContainerError"), "{run:#?}");
}

#[test]
fn a_tag_or_a_repository_that_the_registry_does_not_hold_is_refused_first() {
    let (service, registry) = (service("untagged"), aws().registry());
    let created = json!({ "repositoryName": "todo/api" });
    aws().call("ecr", "create_repository", &created).unwrap();
    let run = service.input("image", format!("{registry}/todo/api:absent")).run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`todo/api` holds no image with the tag `absent`"), "{run:#?}");
    let run = rollout("untagged").input("image", format!("{registry}/todo/apy:1")).run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("no repository `todo/apy`; did you mean `todo/api`?"), "{run:#?}");
}

#[test]
fn a_signal_leaves_the_deployment_and_the_next_run_adopts_it() {
    let running = service("cancelled").input("environment-variables", "RELEASE=2").spawn();
    running.wait_for("began");
    running.signal("TERM");
    let run = running.finish();
    assert_end(&run, "cancelled", 143);
    let next = rollout("cancelled").input("environment-variables", "RELEASE=2").run();
    assert!(["deployed", "unchanged"].contains(&next.output("verdict")), "{next:#?}");
    assert_eq!(next.output("task-definition-arn"), run.output("task-definition-arn"));
}

/// IAM, SSM and the load balancer of another make than the scripted ones.
#[test]
fn roles_parameters_and_targets_are_looked_at() {
    let aws = aws();
    let call =
        |service: &str, call: &str, parameters| aws.call(service, call, &parameters).unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
    }]});
    let role = json!({ "RoleName": "rollout-task", "AssumeRolePolicyDocument": trust.to_string() });
    let role = call("iam", "create_role", role)["Role"]["Arn"].as_str().unwrap().to_owned();
    call(
        "ssm",
        "put_parameter",
        json!({ "Name": "/rollout/flag", "Value": "on", "Type": "String" }),
    );
    let vpc = call("ec2", "describe_subnets", json!({}))["Subnets"][0]["VpcId"].clone();
    let group = call(
        "elbv2",
        "create_target_group",
        json!({ "Name": "checked", "Protocol": "HTTP", "Port": 8080, "VpcId": vpc, "TargetType": "ip" }),
    )["TargetGroups"][0]["TargetGroupArn"]
        .clone();
    service_behind(
        "checked",
        &json!([{ "targetGroupArn": group, "containerName": "api", "containerPort": 8080 }]),
    );
    let mut definition =
        call("ecs", "describe_task_definition", json!({ "taskDefinition": "checked" }));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checked.json");
    let mut deploy = |role: &str, secrets: &str| {
        definition["taskDefinition"]["taskRoleArn"] = role.into();
        std::fs::write(&file, definition.to_string()).unwrap();
        rollout("checked")
            .input("task-definition", file.as_os_str())
            .input("secrets", secrets)
            .run()
    };
    let run = deploy(&role, "FLAG=/rollout/flag");
    assert_end(&run, "deployed", 0);
    assert!(!run.log.contains("not checked") && !run.log.contains("healthy"), "{run:#?}");
    let run = deploy(&format!("{role}-gone"), "FLAG=/rollout/flga");
    assert_end(&run, "failed", 2);
    for words in [
        "the task role `rollout-task-gone` does not exist",
        "the SSM parameter `/rollout/flga`, which does not exist; did you mean `/rollout/flag`?",
    ] {
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
}
