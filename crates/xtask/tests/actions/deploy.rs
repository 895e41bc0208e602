//! `deploy.yml`, whole, as a second repository calls it: every action of the release's tree, real containers, a local AWS.
//!
//! Staged: GitHub's own artifact actions and setup-terraform are stand-ins, credentials come from the environment and not
//! by OIDC, the Terraform root has outputs and no resource, and there is no CloudFront in front of the bucket.

use std::fs;

use local_aws::{LocalAws, Needs};
use serde_json::json;

use crate::{act::Repository, assets::Assets, release::root};

const SERVES: &str = "[ ! -e /app/broken ] || { echo no database; exit 3; }; trap 'exit 0' TERM; echo listening; while :; do sleep 0.1; done";

const CALLER: &str = r"
on: push
jobs:
  deploy:
    uses: ./.github/workflows/deploy.yml
    with:
      environment: dev
      prepare: date > api/built-at
      migration: sh -c 'echo three tables made'
";

const CI: &str = "
on: { workflow_call: }
jobs:
  test: { runs-on: ubuntu-24.04, steps: [{ run: echo tests }] }
";

#[test]
fn a_second_repository_deploys_and_a_failed_rollout_stops_the_site() {
    // PostgreSQL's image is the one with a shell in it.
    let aws = LocalAws::start(Needs { engine: true, postgres: true, auth: false }).unwrap();
    let base = format!("postgres:{}-alpine", aws.postgres_major().unwrap());
    stage(&aws, &base);
    let deploy = fs::read_to_string(root().join(".github/workflows/deploy.yml")).unwrap();
    let assets = Assets::serve(&[]);
    let mut repository = Repository::new(&[
        (".github/workflows/deploy.yml", &deploy),
        (".github/workflows/ci.yml", CI),
        (".github/workflows/caller.yml", CALLER),
        ("terraform/envs/dev/main.tf", &outputs()),
        ("api/Dockerfile", &format!("FROM {base}\nCOPY . /app\n")),
        (
            "web/package.json",
            r#"{"name":"web","version":"1.0.0","scripts":{"build":"node build.js"}}"#,
        ),
        (
            "web/package-lock.json",
            r#"{"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"web","version":"1.0.0"}}}"#,
        ),
        ("web/build.js", BUILD),
    ]);
    for (name, value) in aws.environment() {
        repository = repository.env(name, &value);
    }
    let state = format!("path={}", repository.path("terraform.tfstate").display());
    let repository = repository
        .env("DOCKER_HOST", aws.docker_host().unwrap())
        .env("DOCKER_CONFIG", &aws.docker_config().display().to_string())
        .env("TODO_ACTIONS_DOWNLOAD_URL", &assets.url())
        .var("TERRAFORM_BACKEND", &state)
        .var("AWS_REGION", local_aws::REGION)
        .var("AWS_ACCOUNT_ID", local_aws::ACCOUNT)
        .var("REGISTRY", &aws.registry());

    let ran = repository.act(".github/workflows/caller.yml");
    ran.assert_succeeded();
    ran.assert_said("three tables made");
    assert_eq!(assets.requests().len(), 6, "each program came once: {:#?}", assets.requests());

    for part in ["infra", "image", "page", "migrate", "rollout", "web"] {
        ran.assert_said(&format!("| {part} | success |"));
    }
    let (image, page) = live(&aws);
    assert!(image.contains("/todo/api@sha256:"), "{image}");
    assert!(page.contains("region eu-west-1"), "{page}");

    // The next commit's container crashes: the API goes back by itself, and the site is not touched.
    repository.commit("api/broken", "");
    let ran = repository.act(".github/workflows/caller.yml");
    ran.assert_said("no database");
    ran.assert_said("| rollout | failure |");
    ran.assert_said("| web | skipped |");
    assert_eq!(live(&aws), (image, page));
    assert_eq!(assets.requests().len(), 6, "the second run needs no network");
}

/// The service's image, and the page that visitors get.
fn live(aws: &LocalAws) -> (String, String) {
    let services = json!({ "cluster": "todo", "services": ["todo-api"] });
    let service = &aws.call("ecs", "describe_services", &services).unwrap()["services"][0];
    let revision = json!({ "taskDefinition": service["taskDefinition"] });
    let definition = aws.call("ecs", "describe_task_definition", &revision).unwrap();
    let image = &definition["taskDefinition"]["containerDefinitions"][0]["image"];
    let page = aws
        .script(
            "import boto3, json\n\
             page = boto3.client('s3').get_object(Bucket='todo-web', Key='index.html')['Body'].read()\n\
             print(json.dumps(page.decode()))",
            &[],
        )
        .unwrap();
    (image.as_str().unwrap().to_owned(), page.as_str().unwrap().to_owned())
}

const BUILD: &str = r#"
const fs = require("fs");
const region = /VITE_AWS_REGION="?([\w-]+)/.exec(fs.readFileSync(".env.production", "utf8"))[1];
fs.mkdirSync("dist");
fs.writeFileSync("dist/index.html", `<!doctype html><title>Todo</title><p>region ${region}, ${process.env.VITE_APP_VERSION}`);
"#;

/// What the deploy finds: a service that serves, a repository, a bucket.
fn stage(aws: &LocalAws, image: &str) {
    let call =
        |service: &str, call: &str, parameters| aws.call(service, call, &parameters).unwrap();
    call("ecs", "create_cluster", json!({ "clusterName": "todo" }));
    call("ecr", "create_repository", json!({ "repositoryName": "todo/api" }));
    let place = json!({ "LocationConstraint": local_aws::REGION });
    call(
        "s3",
        "create_bucket",
        json!({ "Bucket": "todo-web", "CreateBucketConfiguration": place }),
    );
    call("logs", "create_log_group", json!({ "logGroupName": "/ecs/todo-api" }));
    let log = json!({ "logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/todo-api", "awslogs-region": local_aws::REGION, "awslogs-stream-prefix": "todo"
    }});
    let container = json!({
        "name": "api", "image": image, "essential": true, "logConfiguration": log, "command": ["/bin/sh", "-c", SERVES],
    });
    call(
        "ecs",
        "register_task_definition",
        json!({
            "family": "todo-api", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": [container],
        }),
    );
    let subnet = call("ec2", "describe_subnets", json!({}))["Subnets"][0]["SubnetId"].clone();
    call(
        "ecs",
        "create_service",
        json!({
            "cluster": "todo", "serviceName": "todo-api", "taskDefinition": "todo-api",
            "desiredCount": 1, "launchType": "FARGATE",
            "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": [subnet] } },
        }),
    );
}

/// A Terraform root that knows the stage.
fn outputs() -> String {
    let names = [
        ("ecs_cluster_name", "todo"),
        ("ecs_service_name", "todo-api"),
        ("api_container_name", "api"),
        ("ecr_repository_name", "todo/api"),
        ("web_bucket_name", "todo-web"),
        ("cloudfront_distribution_id", ""),
        ("site_url", ""),
        ("web_env_config", "VITE_AWS_REGION=eu-west-1\\n"),
    ];
    let outputs =
        names.map(|(name, value)| format!("output \"{name}\" {{ value = \"{value}\" }}\n"));
    format!("terraform {{\n  backend \"local\" {{}}\n}}\n{}", outputs.concat())
}
