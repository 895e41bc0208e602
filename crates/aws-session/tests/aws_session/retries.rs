//! What is sent again, and what is not.

use crate::{
    aws::{Answer, Aws},
    run::Probe,
};

const SERVICES: &str = r#"{"services":[],"failures":[]}"#;
const SERVICE: &str = r#"{"service":{"serviceName":"todo-api"}}"#;

#[test]
fn a_read_is_repeated_until_it_is_answered() {
    let aws = Aws::start(|_, before| match before {
        0 => Answer::Dropped,
        1 => Answer::Cut(SERVICES.to_owned()),
        2 => Answer::html(),
        3..=7 => Answer::throttled(),
        _ => Answer::json(SERVICES),
    });
    let ended = Probe::new("read").at(&aws).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    assert_eq!(ended.output("calls"), "ecs:DescribeServices todo-api x9");
    assert_eq!(ended.output("sentence"), "1 call, none of them writing");
    assert_eq!(aws.asked().len(), 9);
}

#[test]
fn a_throttled_write_is_sent_again() {
    let aws = Aws::start(|_, before| match before {
        0..5 => Answer::throttled(),
        _ => Answer::json(SERVICE),
    });
    let ended = Probe::new("write").at(&aws).run();
    assert_eq!(ended.output("calls"), "ecs:UpdateService todo-api x6");
    assert_eq!(ended.output("writes"), "ecs:UpdateService");
}

#[test]
fn a_write_whose_end_is_unknown_is_not_sent_again() {
    for answer in [
        || Answer::Dropped,
        || Answer::Cut(SERVICE.to_owned()),
        Answer::html,
        || Answer::error(500, "ServerException", "internal"),
        || Answer::Whole(200, &[("content-type", "text/html")], "<html>a portal</html>".to_owned()),
    ] {
        let aws = Aws::start(move |_, _| answer());
        let ended = Probe::new("write").at(&aws).run();
        assert_eq!(ended.output("verdict"), "doubtful", "{}", ended.text);
        assert_eq!(aws.asked().len(), 1);
        ended.says("it is not known whether `ecs:UpdateService` on `todo-api` was done");
        ended.says("help: look at `todo-api` before doing it again");
        assert!(!ended.text.contains("malformed"), "{}", ended.text);
    }
}

#[test]
fn registering_survives_twenty_throttles_and_a_busy_family() {
    let aws = Aws::start(|_, before| {
        match before {
        0..20 => Answer::throttled(),
        20 => Answer::Whole(
            400,
            &[("x-amz-retry-after", "1")],
            r#"{"__type":"ClientException","message":"Too many concurrent attempts to create a new revision of the specified family."}"#
                .to_owned(),
        ),
        _ => Answer::json("{}"),
    }
    });
    let ended = Probe::new("register").at(&aws).run();
    assert_eq!(ended.output("calls"), "ecs:RegisterTaskDefinition todo-api x22");
}

#[test]
fn a_write_with_a_token_is_repeated_with_the_same_token() {
    let aws = Aws::start(|_, before| match before {
        0 => Answer::Dropped,
        _ => Answer::json(r#"{"tasks":[],"failures":[]}"#),
    });
    let ended = Probe::new("run-task").at(&aws).run();
    assert_eq!(ended.output("verdict"), "done", "{}", ended.text);
    let bodies: Vec<String> = aws.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn a_quota_is_not_waited_for() {
    let aws = Aws::start(|_, _| Answer::error(400, "LimitExceededException", "too many"));
    let ended = Probe::new("read").at(&aws).run();
    assert_eq!((ended.output("verdict").as_str(), aws.asked().len()), ("service", 1));
}

#[test]
fn an_object_is_put_again_after_a_lost_answer() {
    let aws = Aws::start(|_, before| {
        match before {
        0 => Answer::Dropped,
        1 => Answer::Whole(
            503,
            &[("retry-after", "0")],
            "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>".to_owned(),
        ),
        _ => Answer::xml(""),
    }
    });
    let ended = Probe::new("put-object").at(&aws).run();
    assert_eq!(ended.output("calls"), "s3:PutObject site/a b.js x3", "{}", ended.text);
    assert_eq!(aws.asked()[0].line, "PUT /site/a%20b.js?x-id=PutObject HTTP/1.1");
}

#[test]
fn a_file_is_put_again_whole() {
    let aws = Aws::start(|_, before| match before {
        0 => Answer::Dropped,
        _ => Answer::xml(""),
    });
    let ended = Probe::new("put-file").at(&aws).run();
    assert_eq!(ended.output("calls"), "s3:PutObject site/file x2", "{}", ended.text);
    let sizes: Vec<usize> = aws.asked().iter().map(|asked| asked.body.len()).collect();
    assert!(sizes[0] > 1_000_000 && sizes[0] == sizes[1], "{sizes:?}");
}

#[test]
fn a_small_object_that_breaks_off_is_got_again() {
    let aws = Aws::start(|_, before| match before {
        0 => Answer::Cut("the whole object".to_owned()),
        _ => Answer::Whole(200, &[], "the whole object".to_owned()),
    });
    let ended = Probe::new("get-object").at(&aws).run();
    ended.says("got: the whole object");
    assert_eq!(ended.output("calls"), "s3:GetObject site/file x2");
}

#[test]
fn a_dry_run_s_write_is_stopped_before_it_is_sent() {
    let aws = Aws::start(|_, _| Answer::json(SERVICE));
    let ended = Probe::new("dry-write").at(&aws).run();
    assert_eq!(ended.output("verdict"), "invalid", "{}", ended.text);
    ended.says("a dry run makes no writing call");
    assert!(aws.asked().is_empty());
}

#[test]
fn a_page_in_a_bucket_is_an_answer() {
    let aws =
        Aws::start(|_, _| Answer::Whole(200, &[("content-type", "text/html")], String::new()));
    let ended = Probe::new("head-object").at(&aws).run();
    assert_eq!(ended.output("calls"), "s3:HeadObject site/index.html x1", "{}", ended.text);
}
