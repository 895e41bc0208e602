//! Whether the new version answers, asked after ECS is done.

use scripted_aws::ScriptedAws;

use crate::{REGISTER_AND_UPDATE, check, deploy};

#[test]
fn good_answers_that_last_make_it_deployed() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).input("verify-url", aws.app_url()).input("verify-for", "500ms").run();
    check(&run, 0, "deployed", &[]);
    assert!(run.log.contains("a good answer"), "{}", run.log);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn answers_that_flap_take_longer() {
    let aws = ScriptedAws::play("verify-flapping");
    let run = deploy(&aws)
        .input("verify-url", aws.app_url())
        .input("verify-for", "500ms")
        .input("verify-expect", "status: 200\njson $.status: ok")
        .run();
    check(&run, 0, "deployed", &[]);
    assert!(run.log.contains("a bad answer: expected status 200, got status 503"), "{}", run.log);
}

#[test]
fn bad_answers_are_rolled_back() {
    let aws = ScriptedAws::play("verify-bad");
    let run = deploy(&aws).input("verify-url", aws.app_url()).input("verify-for", "500ms").run();
    check(
        &run,
        3,
        "rolled-back",
        &[
            "`todo-api:41` is back",
            "answered badly 3 times in a row: status 500",
            "no such table: todos",
        ],
    );
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "UpdateService", "UpdateService"]);
}

#[test]
fn the_time_to_wait_bounds_the_answers_too() {
    let aws = ScriptedAws::play("verify-bad");
    let run = deploy(&aws)
        .input("verify-url", aws.app_url())
        .input("verify-failures", "1000")
        .input("wait-for-minutes", "0.03")
        .run();
    check(&run, 5, "timed-out", &["did not answer well"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}
