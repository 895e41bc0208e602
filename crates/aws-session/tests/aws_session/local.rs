//! The job's token at an AWS that enforces IAM: the trust policy decides who becomes the role, its policy what the role may.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use local_aws::{LocalAws, Needs};
use serde_json::json;

use crate::{
    aws::{Answer, Aws},
    run::{Ended, Probe},
};

const SUBJECT: &str = "repo:octo-org/todo-app:environment:prod";
const PROVIDER: &str = "token.actions.githubusercontent.com";

/// GitHub's token endpoint, for a job that is `subject`.
fn github(subject: &str) -> Aws {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"sub": subject, "aud": "sts.amazonaws.com", "iss": format!("https://{PROVIDER}"), "exp": 4_102_444_800_u32});
    let token = format!("{}.{}.c2lnbmVk", part(json!({"alg": "RS256"})), part(claims));
    let answer = json!({ "value": token }).to_string();
    Aws::start(move |_, _| Answer::json(&answer))
}

fn run(scenario: &str, aws: &LocalAws, github: &Aws) -> Ended {
    Probe::new(scenario)
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_ENDPOINT_URL", aws.endpoint())
        .env("INPUT_ROLE_TO_ASSUME", format!("arn:aws:iam::{}:role/deploy", local_aws::ACCOUNT))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_REPOSITORY", "octo-org/todo-app")
        .env("GITHUB_RUN_ID", "42")
        .env("GITHUB_RUN_ATTEMPT", "1")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/token", github.url))
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the-runner-s-own-request-token")
        .run()
}

#[test]
fn the_trust_policy_decides_on_the_subject_and_the_role_s_policy_on_the_rest() {
    let aws = LocalAws::start(Needs { auth: true, ..Needs::default() }).unwrap();
    let provider = format!("arn:aws:iam::{}:oidc-provider/{PROVIDER}", local_aws::ACCOUNT);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{PROVIDER}:aud"): "sts.amazonaws.com",
            format!("{PROVIDER}:sub"): SUBJECT,
        }},
    }]});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:DescribeServices", "Resource": "*"},
    ]});
    aws.call(
        "iam",
        "create_open_id_connect_provider",
        &json!({"Url": format!("https://{PROVIDER}"), "ClientIDList": ["sts.amazonaws.com"]}),
    )
    .unwrap();
    aws.call(
        "iam",
        "create_role",
        &json!({"RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string()}),
    )
    .unwrap();
    aws.call(
        "iam",
        "put_role_policy",
        &json!({"RoleName": "deploy", "PolicyName": "deploy", "PolicyDocument": policy.to_string()}),
    )
    .unwrap();
    aws.call("ecs", "create_cluster", &json!({"clusterName": "todo"})).unwrap();

    let ours = github(SUBJECT);
    let ended = run("read", &aws, &ours);
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let ended = run("write", &aws, &ours);
    assert_eq!(ended.output("verdict"), "denied", "{}", ended.text);
    ended.says("help: allow `ecs:UpdateService` on `todo-api` for the role `deploy`");

    let ended = run("read", &aws, &github("repo:octo-org/todo-app:pull_request"));
    assert_eq!(ended.code, 1, "{}", ended.text);
    ended.says("for the subject `repo:octo-org/todo-app:pull_request`");
}
