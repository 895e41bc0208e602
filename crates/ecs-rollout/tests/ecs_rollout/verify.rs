//! Whether the new version answers, asked after ECS is done.

use scripted_aws::{RUNNING_IMAGE, ScriptedAws};

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

#[test]
fn what_runs_already_has_to_answer_well_too() {
    let run = |scenario| {
        let aws = ScriptedAws::play(scenario);
        let run = deploy(&aws)
            .input("image", RUNNING_IMAGE)
            .input("verify-url", aws.app_url())
            .input("verify-for", "300ms")
            .run();
        assert_eq!(aws.writes(), [""; 0]);
        run
    };
    check(&run("verify-flapping"), 0, "unchanged", &["already runs `todo-api:41`"]);
    check(
        &run("verify-bad"),
        1,
        "failed",
        &["already runs `todo-api:41`", "answered badly 3 times in a row", "nothing to roll back"],
    );
}

#[test]
fn who_does_not_wait_is_told_that_nobody_asked() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).input("wait", "false").input("verify-url", aws.app_url()).run();
    check(&run, 0, "deployed", &["its end was not awaited, and http://", "was not asked"]);
}
