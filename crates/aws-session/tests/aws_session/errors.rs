//! What a person reads when AWS says no.

use crate::{
    aws::{Answer, Aws},
    run::Probe,
};

#[test]
fn a_refusal_names_what_to_allow_and_for_whom() {
    let aws = Aws::start(|_, _| {
        Answer::error(
            400,
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/deploy/run is not authorized to perform: ecs:UpdateService on \
             resource: arn:aws:ecs:eu-west-1:123456789012:service/todo/todo-api because no identity-based policy allows \
             the ecs:UpdateService action",
        )
    });
    let ended = Probe::new("write").at(&aws).run();
    assert_eq!(ended.output("verdict"), "denied");
    ended.says("said: AWS refused `ecs:UpdateService` on `todo-api`");
    ended.says(
        "help: allow `ecs:UpdateService` on `arn:aws:ecs:eu-west-1:123456789012:service/todo/todo-api` for the \
         role `deploy`",
    );
    assert_eq!(aws.asked().len(), 1);
}

#[test]
fn a_refusal_without_a_body_is_one_too() {
    let aws = Aws::start(|_, _| Answer::Whole(403, &[], String::new()));
    let ended = Probe::new("head-object").at(&aws).run();
    assert_eq!(ended.output("verdict"), "denied", "{}", ended.text);
    ended.says("help: allow `s3:GetObject` on `site/index.html`");
}

#[test]
fn what_is_missing_is_not_found() {
    let aws =
        Aws::start(|_, _| Answer::error(400, "ClusterNotFoundException", "Cluster not found."));
    let ended = Probe::new("read").at(&aws).run();
    assert_eq!(ended.output("verdict"), "not-found");
    assert_eq!(ended.output("code"), "ClusterNotFoundException");
    let aws = Aws::start(|_, _| Answer::Whole(404, &[], String::new()));
    assert_eq!(Probe::new("head-object").at(&aws).run().output("verdict"), "not-found");
}

#[test]
fn expired_and_unknown_credentials_say_how_to_get_new_ones() {
    let aws = Aws::start(|_, _| {
        Answer::error(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        )
    });
    let ended = Probe::new("read").at(&aws).run();
    assert_eq!(ended.output("verdict"), "expired");
    ended.says("the AWS credentials for `ecs:DescribeServices` on `todo-api` have expired");
    ended.says("aws sso login");
    let aws = Aws::start(|_, _| {
        Answer::error(
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    });
    assert_eq!(Probe::new("read").at(&aws).run().output("verdict"), "bad-credentials");
}

#[test]
fn without_credentials_the_ways_to_some_are_named() {
    let aws = Aws::start(|_, _| Answer::json("{}"));
    let ended =
        Probe::new("read").at(&aws).without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).run();
    assert_eq!(ended.output("verdict"), "no-credentials", "{}", ended.text);
    for way in [
        "role-to-assume",
        "id-token: write",
        "aws-actions/configure-aws-credentials",
        "aws sso login",
    ] {
        ended.says(way);
    }
    assert!(aws.asked().is_empty());
}

#[test]
fn a_profile_that_does_not_exist_is_asked_about() {
    let ended = Probe::new("read")
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_PROFILE", "nobody")
        .run();
    assert_eq!(ended.output("verdict"), "no-credentials", "{}", ended.text);
    ended.says("the profile `nobody` (is it defined?)");
}

#[test]
fn an_expired_sign_in_says_how_to_sign_in_again() {
    let ended = Probe::new("read")
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_PROFILE", "team")
        .file(
            ".aws/config",
            "[profile team]\nregion = eu-west-1\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = dev\n\
             [sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.test/start\n",
        )
        .run();
    assert_eq!(ended.output("verdict"), "expired", "{}", ended.text);
    ended.says("aws sso login --profile team");
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let ended = Probe::new("write").env("AWS_ENDPOINT_URL", &url).run();
    assert_eq!(ended.output("verdict"), "unreachable", "{}", ended.text);
    ended.says(&format!("no connection to `{url}`"));
    // A write that never left this machine is repeated as a read is.
    assert_eq!(ended.output("calls"), "ecs:UpdateService todo-api x6");
}

#[test]
fn a_bucket_elsewhere_names_its_region() {
    let aws = Aws::start(|_, _| {
        Answer::Whole(
            301,
            &[("x-amz-bucket-region", "us-west-2"), ("content-type", "application/xml")],
            "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>".to_owned(),
        )
    });
    let ended = Probe::new("put-object").at(&aws).run();
    assert_eq!(ended.output("verdict"), "wrong-region", "{}", ended.text);
    ended.says("set `aws-region: us-west-2`");
}

#[test]
fn a_throttle_that_never_ends_ends() {
    let aws = Aws::start(|_, _| Answer::throttled());
    let ended = Probe::new("read").at(&aws).run();
    assert_eq!((ended.output("verdict").as_str(), aws.asked().len()), ("throttled", 25));
}
