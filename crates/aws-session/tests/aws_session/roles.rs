//! Working as a role: by the job's token, or by the credentials at hand.

use crate::{
    aws::{Answer, Asked, Aws},
    run::{Ended, Probe},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";
/// `{"sub":"repo:octo-org/todo-app:ref:refs/heads/main"}` between a header and a signature.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZXBvOm9jdG8tb3JnL3RvZG8tYXBwOnJlZjpyZWZzL2hlYWRzL21haW4ifQ.c2lnbmF0dXJl";
const BEARER: &str = "the-runner-s-own-request-token";

fn assumed(action: &str, number: usize, expiration: &str) -> Answer {
    Answer::xml(&format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>ASIAROLE{number}</AccessKeyId><SecretAccessKey>the-secret-of-role-{number}</SecretAccessKey>\
         <SessionToken>the-session-token-of-role-{number}</SessionToken><Expiration>{expiration}</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    ))
}

/// GitHub's token endpoint, STS and ECS in one.
fn github_and_aws(expiration: &'static str) -> Aws {
    Aws::start(move |asked, before| match asked.operation() {
        "AssumeRoleWithWebIdentity" => assumed("AssumeRoleWithWebIdentity", before, expiration),
        "AssumeRole" => assumed("AssumeRole", before, expiration),
        "DescribeServices" => Answer::json(r#"{"services":[],"failures":[]}"#),
        line if line.starts_with("GET /token?") => {
            Answer::json(&format!(r#"{{"count":1,"value":"{TOKEN}"}}"#))
        }
        other => panic!("asked for {other}"),
    })
}

fn in_job(scenario: &str, aws: &Aws) -> Probe {
    Probe::new(scenario)
        .at(aws)
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("INPUT_ROLE_TO_ASSUME", ROLE)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_REPOSITORY", "octo-org/todo-app")
        .env("GITHUB_RUN_ID", "42")
        .env("GITHUB_RUN_ATTEMPT", "1")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/token?api-version=2.0", aws.url))
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)
}

/// Masks are commands to the runner; nothing else may hold a secret.
#[track_caller]
fn shows_no_secret(ended: &Ended) {
    let said: String = ended.text.lines().filter(|line| !line.contains("::add-mask::")).collect();
    for secret in [TOKEN, BEARER, "the-secret-of-role", "the-session-token-of-role", "c2lnbmF0dXJl"]
    {
        assert!(!said.contains(secret), "`{secret}` in:\n{}", ended.text);
    }
}

fn form<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked
        .body
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_default()
}

#[test]
fn the_job_s_token_becomes_the_role() {
    let aws = github_and_aws("2126-11-24T10:00:00Z");
    let ended = in_job("read-twice", &aws).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert_eq!(
        ended.output("calls"),
        format!(
            "github:GetIdToken  x1, sts:AssumeRoleWithWebIdentity {ROLE} x1, ecs:DescribeServices todo-api x1, \
             ecs:DescribeServices todo-api x1"
        )
    );
    let asked = aws.asked();
    assert_eq!(asked[0].line, "GET /token?api-version=2.0&audience=sts.amazonaws.com HTTP/1.1");
    assert_eq!(asked[0].header("authorization"), format!("Bearer {BEARER}"));
    assert_eq!(form(&asked[1], "WebIdentityToken"), TOKEN);
    assert_eq!(form(&asked[1], "RoleSessionName"), "octo-org%40todo-app-42-1");
    assert!(asked[3].header("authorization").contains("Credential=ASIAROLE0/"));
    assert_eq!(asked[3].header("x-amz-security-token"), "the-session-token-of-role-0");
    shows_no_secret(&ended);
    ended.says(&format!("::add-mask::{TOKEN}"));
    ended.says("::add-mask::the-session-token-of-role-0");
}

#[test]
fn an_expired_role_is_renewed_with_a_fresh_token() {
    let aws = github_and_aws("2026-01-01T00:00:00Z");
    let ended = in_job("read-twice", &aws).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let keys: Vec<bool> = aws
        .asked()
        .iter()
        .filter(|asked| asked.operation() == "DescribeServices")
        .map(|asked| asked.header("authorization").contains("Credential=ASIAROLE1/"))
        .collect();
    assert_eq!(keys, [false, true], "{:?}", aws.operations());
    assert_eq!(aws.operations().iter().filter(|line| line.starts_with("GET /token")).count(), 2);
    shows_no_secret(&ended);
}

#[test]
fn a_job_without_the_permission_is_told_which() {
    let aws = github_and_aws("2126-11-24T10:00:00Z");
    let ended = in_job("read", &aws)
        .without(&["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
        .run();
    assert_eq!(ended.code, 1);
    ended.says("this job may not ask for an OIDC token");
    ended.says("permissions: id-token: write");
    assert!(aws.asked().is_empty());
}

#[test]
fn a_role_that_does_not_trust_the_job_is_told_whom_to_trust() {
    let aws = Aws::start(|asked, _| {
        match asked.operation() {
        "AssumeRoleWithWebIdentity" => Answer::Whole(
            403,
            &[("content-type", "text/xml")],
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform \
             sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>"
                .to_owned(),
        ),
        _ => Answer::json(&format!(r#"{{"value":"{TOKEN}"}}"#)),
    }
    });
    let ended = in_job("read", &aws).run();
    assert_eq!(ended.code, 1);
    ended.says("`repo:octo-org/todo-app:ref:refs/heads/main`");
    ended.says(&format!("the trust policy of `{ROLE}`"));
    shows_no_secret(&ended);
}

#[test]
fn a_token_endpoint_that_refuses_is_told_without_its_answer() {
    let aws = Aws::start(|_, _| Answer::Whole(401, &[], format!("no {TOKEN}")));
    let ended = in_job("read", &aws).run();
    assert_eq!(ended.code, 1);
    ended.says("HTTP status 401");
    shows_no_secret(&ended);
}

#[test]
fn outside_a_job_the_credentials_at_hand_assume_the_role() {
    let aws = github_and_aws("2126-11-24T10:00:00Z");
    let ended = Probe::new("read").at(&aws).env("INPUT_ROLE_TO_ASSUME", ROLE).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert_eq!(aws.operations(), ["AssumeRole", "DescribeServices"]);
    assert!(aws.asked()[0].header("authorization").contains("Credential=AKIDEXAMPLE/"));
    assert!(aws.asked()[1].header("authorization").contains("Credential=ASIAROLE0/"));
    shows_no_secret(&ended);
}
