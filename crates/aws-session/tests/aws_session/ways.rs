//! Region, account, endpoints, proxies, profiles.

use crate::{
    aws::{Answer, Aws},
    run::Probe,
};

fn services() -> Aws {
    Aws::start(|asked, _| match asked.operation() {
        "GetCallerIdentity" => Answer::xml(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        line if line.starts_with("PUT ") => Answer::xml(""),
        _ => Answer::json(r#"{"services":[],"failures":[]}"#),
    })
}

#[test]
fn a_wrong_account_stops_before_anything_else() {
    let aws = services();
    let ended = Probe::new("write")
        .at(&aws)
        .env("INPUT_ALLOWED_ACCOUNT_IDS", "111111111111, 222222222222")
        .run();
    assert_eq!(ended.code, 2, "{}", ended.text);
    ended.says(
        "`allowed-account-ids`: these credentials belong to account `123456789012`, not to `111111111111` or `222222222222`",
    );
    assert_eq!(aws.operations(), ["GetCallerIdentity"]);
}

#[test]
fn an_allowed_account_is_asked_once() {
    let aws = services();
    let ended = Probe::new("account")
        .at(&aws)
        .env("INPUT_ALLOWED_ACCOUNT_IDS", "111111111111\n123456789012\n")
        .run();
    ended.says("account: 123456789012");
    assert_eq!(aws.operations(), ["GetCallerIdentity"]);
}

#[test]
fn opening_a_session_costs_no_call() {
    let aws = services();
    let ended = Probe::new("open").at(&aws).run();
    assert_eq!(ended.output("sentence"), "no calls");
    assert!(aws.asked().is_empty());
}

#[test]
fn without_a_region_the_input_is_named() {
    let ended = Probe::new("open").without(&["AWS_REGION"]).run();
    assert_eq!(ended.code, 2, "{}", ended.text);
    ended.says("`aws-region`: is needed");
}

#[test]
fn the_input_s_region_is_signed_for() {
    let aws = services();
    Probe::new("read").at(&aws).env("INPUT_AWS_REGION", "ap-south-1").run();
    assert!(aws.asked()[0].header("authorization").contains("/ap-south-1/ecs/"));
}

#[test]
fn a_service_can_have_an_endpoint_of_its_own() {
    let (all, s3) = (services(), services());
    let ended = Probe::new("put-object").at(&all).env("AWS_ENDPOINT_URL_S3", &s3.url).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert_eq!((all.asked().len(), s3.asked().len()), (0, 1));
}

#[test]
fn blank_variables_are_absent() {
    let aws = services();
    let ended = Probe::new("read")
        .at(&aws)
        .env("AWS_REGION", "")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL_ECS", "")
        .env("AWS_PROFILE", "")
        .env("AWS_CA_BUNDLE", "")
        .env("HTTP_PROXY", "")
        .run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let ended = Probe::new("open").env("AWS_ENDPOINT_URL", " ").run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
}

#[test]
fn endpoints_that_are_none_are_told_together() {
    let ended = Probe::new("open")
        .env("AWS_ENDPOINT_URL", "localhost:4566")
        .env("AWS_ENDPOINT_URL_S3", "s3")
        .run();
    assert_eq!(ended.code, 2);
    ended.says("`AWS_ENDPOINT_URL`: `localhost:4566` does not begin with `http://` or `https://`");
    ended.says("`AWS_ENDPOINT_URL_S3`: `s3`");
}

#[test]
fn a_page_of_a_proxy_is_not_taken_for_aws() {
    let proxy = Aws::start(|_, _| {
        Answer::Whole(403, &[("content-type", "text/html")], "<html>blocked</html>".to_owned())
    });
    let ended = Probe::new("write")
        .env("AWS_ENDPOINT_URL", "http://ecs.example.test")
        .env("HTTP_PROXY", &proxy.url)
        .run();
    assert_eq!(ended.output("verdict"), "unreachable", "{}", ended.text);
    ended.says("is there a proxy in between");
}

#[test]
fn proxies_are_used_and_exceptions_kept() {
    let (proxy, aws) = (services(), services());
    let ended = Probe::new("read")
        .env("AWS_ENDPOINT_URL", "http://ecs.eu-west-1.example.test")
        .env("HTTP_PROXY", &proxy.url)
        .run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert_eq!(proxy.asked()[0].line, "POST http://ecs.eu-west-1.example.test/ HTTP/1.1");
    Probe::new("read").at(&aws).env("HTTP_PROXY", &proxy.url).env("NO_PROXY", "127.0.0.1").run();
    assert_eq!((proxy.asked().len(), aws.asked().len()), (1, 1));
}

#[test]
fn https_goes_through_the_proxy_s_tunnel() {
    let proxy = Aws::start(|_, _| Answer::Whole(403, &[], String::new()));
    let ended = Probe::new("write").env("HTTPS_PROXY", &proxy.url).run();
    assert_eq!(proxy.asked()[0].line, "CONNECT ecs.eu-west-1.amazonaws.com:443 HTTP/1.1");
    assert_eq!(ended.output("verdict"), "unreachable", "{}", ended.text);
}

#[test]
fn a_profile_s_region_and_process_are_used() {
    let aws = services();
    let ended = Probe::new("read")
        .at(&aws)
        .without(&["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_PROFILE", "team")
        .env("PATH", "/usr/bin:/bin")
        .file(
            ".aws/config",
            "[profile team]\nregion = eu-north-1\ncredential_process = echo \
             '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\",\"SecretAccessKey\":\"of-a-process\"}'\n",
        )
        .run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert!(aws.asked()[0].header("authorization").contains("Credential=AKIDPROCESS/"));
    assert!(aws.asked()[0].header("authorization").contains("/eu-north-1/ecs/"));
}

#[test]
fn a_sign_in_through_sso_is_used() {
    let aws = Aws::start(|asked, _| {
        if asked.line.starts_with("GET /federation/credentials?") {
            return Answer::json(
                r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"of-sso","sessionToken":"t","expiration":4951108800000}}"#,
            );
        }
        Answer::json(r#"{"services":[],"failures":[]}"#)
    });
    let ended = Probe::new("read")
        .at(&aws)
        .without(&["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_PROFILE", "team")
        .file(
            ".aws/config",
            "[profile team]\nregion = eu-west-1\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = dev\n\
             [sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.test/start\n",
        )
        .file(
            // Named by the SHA-1 of the session's name.
            ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json",
            r#"{"accessToken":"signed-in","expiresAt":"2126-11-24T10:00:00Z","region":"eu-west-1","startUrl":"https://example.test/start"}"#,
        )
        .run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let asked = aws.asked();
    assert_eq!(asked[0].header("x-amz-sso_bearer_token"), "signed-in");
    assert!(asked[1].header("authorization").contains("Credential=ASIASSO/"));
}

const KEYS: &str = r#"{"Code":"Success","AccessKeyId":"ASIAMACHINE","SecretAccessKey":"of-the-machine","Token":"t","Expiration":"2126-11-24T10:00:00Z"}"#;

#[test]
fn a_container_s_credentials_are_used() {
    let container = Aws::start(|_, _| Answer::json(KEYS));
    let aws = services();
    let ended = Probe::new("read")
        .at(&aws)
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/keys", container.url))
        .run();
    assert!(aws.asked()[0].header("authorization").contains("Credential=ASIAMACHINE/"));
    assert_eq!(ended.output("sentence"), "1 call, none of them writing");
}

#[test]
fn an_instance_s_region_and_credentials_are_used_where_there_are_no_others() {
    let instance = Aws::start(|asked, _| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        match path {
            "/latest/api/token" => Answer::Whole(
                200,
                &[("x-aws-ec2-metadata-token-ttl-seconds", "21600")],
                "metadata-token".to_owned(),
            ),
            "/latest/meta-data/placement/region" => Answer::json("eu-south-2"),
            "/latest/meta-data/iam/security-credentials-extended/"
            | "/latest/meta-data/iam/security-credentials/" => Answer::json("runner"),
            "/latest/meta-data/iam/security-credentials-extended/runner"
            | "/latest/meta-data/iam/security-credentials/runner" => Answer::json(KEYS),
            other => panic!("asked for {other}"),
        }
    });
    let aws = services();
    let ended = Probe::new("read")
        .at(&aws)
        .without(&[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_REGION",
            "AWS_EC2_METADATA_DISABLED",
        ])
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.url)
        .run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let signed = aws.asked()[0].header("authorization").to_owned();
    assert!(
        signed.contains("Credential=ASIAMACHINE/") && signed.contains("/eu-south-2/"),
        "{signed}"
    );
}

#[test]
fn a_bundle_that_is_none_is_told() {
    for (path, problem) in
        [("/nowhere.pem", "cannot be read"), ("/etc/hostname", "holds no certificates in PEM form")]
    {
        let ended = Probe::new("open").env("AWS_CA_BUNDLE", path).run();
        assert_eq!(ended.code, 2, "{}", ended.text);
        ended.says(problem);
    }
}

#[test]
fn a_signal_ends_the_way_in() {
    let (asked, waiting) = std::sync::mpsc::channel();
    let aws = Aws::start(move |_, _| {
        asked.send(()).unwrap();
        loop {
            std::thread::park();
        }
    });
    let ended = Probe::new("open")
        .at(&aws)
        .env("INPUT_ALLOWED_ACCOUNT_IDS", "123456789012")
        .interrupt(&waiting);
    assert_eq!(ended.code, 130, "{}", ended.text);
    assert_eq!(ended.output("verdict"), "cancelled");
    assert_eq!(ended.output("reason"), "cancelled before anything was changed");
}
