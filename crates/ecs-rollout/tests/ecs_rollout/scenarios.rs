//! Every scenario of rollouts: how it ends, what was written, and the words of its cause.

use scripted_aws::{NEXT_IMAGE, RUNNING_IMAGE, ScriptedAws};

use crate::{check, deploy};

/// `name: "scenario" {input: value …} => exit code, verdict, [writing calls done], [words of the reason];`
macro_rules! scenarios {
    ($($(#[$about:meta])* $test:ident: $scenario:literal {$($input:literal: $value:expr),*} => $code:literal, $verdict:literal, $writes:expr, [$($words:literal),*];)*) => {$(
        $(#[$about])*
        #[test]
        fn $test() {
            let aws = ScriptedAws::play($scenario);
            let run = deploy(&aws)$(.input($input, $value))*.run();
            check(&run, $code, $verdict, &[$($words),*]);
            let writes: Vec<&str> = $writes.to_vec();
            assert_eq!(aws.writes(), writes, "{}", run.log);
        }
    )*};
}

const REGISTER: &str = "RegisterTaskDefinition";
const UPDATE: &str = "UpdateService";
const STOP: &str = "StopServiceDeployment";

scenarios! {
    autoscaling_in_between: "autoscaling-midway" {} => 0, "deployed", [REGISTER, UPDATE], ["with 3 tasks"];
    blue_green_ends_with_its_record: "blue-green" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_canary_is_taken_back_for_an_alarm: "canary-alarm" {} => 3, "rolled-back", [REGISTER, UPDATE], ["todo-api-5xx"];
    a_crash_loop_without_a_breaker: "crash-loop-without-breaker" {} => 3, "rolled-back", [REGISTER, UPDATE, STOP], ["exited with 127", "/bin/todo-api: not found"];
    nothing_runs_where_nothing_is_wanted: "desired-zero" {} => 0, "deployed", [REGISTER, UPDATE], ["which wants 0 tasks"];
    done_though_old_tasks_drain: "done-while-old-tasks-drain" {} => 0, "deployed", [REGISTER, UPDATE], [];
    taken_back_by_an_update_where_records_are_denied: "failed-and-records-denied" {} => 3, "rolled-back", [REGISTER, UPDATE, UPDATE], ["no such table: todos"];
    nothing_to_go_back_to: "first-deploy-fails" {} => 1, "failed", [REGISTER, UPDATE], ["password authentication failed", "nothing to go back to"];
    the_first_deployment_ever: "first-deploy" {} => 0, "deployed", [REGISTER, UPDATE], [];
    the_same_revision_forced_and_rolled_back: "forced-and-rolled-back" {"image": RUNNING_IMAGE, "force-new-deployment": "true"} => 3, "rolled-back", [UPDATE], ["the certificate has expired"];
    more_than_a_hundred_tasks: "many-tasks" {"max-failed-tasks": "9"} => 0, "deployed", [REGISTER, UPDATE], ["with 120 tasks"];
    pending_for_a_while: "pending-at-first" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_lost_answer_of_a_registration: "register-answer-lost" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_rerun_after_a_failure_deploys_again: "rerun-after-failure" {} => 0, "deployed", [UPDATE], ["`todo-api:42` serves"];
    a_rerun_when_short_of_tasks_deploys_again: "rerun-short-of-tasks" {"image": RUNNING_IMAGE} => 0, "deployed", [UPDATE], ["`todo-api:41` serves"];
    a_rerun_while_under_way_watches_on: "rerun-while-in-progress" {} => 0, "deployed", [""; 0], ["`todo-api:42` serves"];
    even_the_rollback_fails: "rollback-fails" {} => 1, "failed", [REGISTER, UPDATE], ["no such table: todos", "ROLLBACK FAILED TOO"];
    a_rollback_with_a_new_id: "rollback-with-new-id" {} => 3, "rolled-back", [REGISTER, UPDATE], ["`todo-api:41` is back"];
    a_rollback_that_no_record_tells: "rolled-back-and-records-denied" {} => 3, "rolled-back", [REGISTER, UPDATE], ["no such table: todos"];
    stale_answers_after_the_update: "stale-after-update" {} => 3, "rolled-back", [REGISTER, UPDATE], ["no such table: todos"];
    superseded_and_gone: "superseded-and-gone" {} => 4, "superseded", [REGISTER, UPDATE], ["`todo-api:43`"];
    superseded_before_it_was_seen: "superseded-before-seen" {} => 4, "superseded", [REGISTER, UPDATE], ["`todo-api:43`"];
    words_that_nobody_knows: "unknown-words" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_503_after_the_work_was_done: "update-503-after-work" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_503_and_nothing_was_done: "update-503" {} => 1, "failed", [REGISTER], ["no deployment of `todo-api:42`"];
    half_an_answer: "update-answer-cut" {} => 0, "deployed", [REGISTER, UPDATE], [];
    a_lost_request: "update-request-lost" {} => 1, "failed", [REGISTER], ["no deployment of `todo-api:42`"];
    credentials_that_expire: "token-expires" {} => 1, "failed", [REGISTER, UPDATE], ["lost sight of deployment ecs-svc/"];
}

#[test]
fn an_unknown_member_survives() {
    let aws = ScriptedAws::play("unknown-field");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &[]);
    let registered = aws.task_definition("todo-api:42");
    assert_eq!(registered["quantumPlacement"]["entangled"], true, "{registered}");
    assert_eq!(registered["containerDefinitions"][0]["wormhole"]["to"][0], "Andromeda");
    assert_eq!(registered["containerDefinitions"][0]["image"], NEXT_IMAGE);
}

#[test]
fn controllers_of_another_kind_are_refused_before_anything_changes() {
    for (scenario, words) in [
        ("code-deploy-controller", "`service`: is deployed by CodeDeploy"),
        ("external-controller", "`service`: has an EXTERNAL deployment controller"),
        ("inactive-service", "`service`: the service `todo-api` is INACTIVE"),
    ] {
        let aws = ScriptedAws::play(scenario);
        let run = deploy(&aws).run();
        assert_eq!(run.code, 2, "{}", run.log);
        assert!(run.log.contains(words), "{words}\n{}", run.log);
        assert_eq!(aws.writes(), [""; 0]);
    }
}

#[test]
fn a_daemon_has_no_count() {
    let aws = ScriptedAws::play("daemon-service");
    let run = deploy(&aws).input("desired-count", "3").run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(run.log.contains("`desired-count`: the service is a DAEMON"), "{}", run.log);
}

#[test]
fn a_newer_revision_is_named_and_base_decides() {
    for (base, memory) in [("running", "512"), ("newest", "1024")] {
        let aws = ScriptedAws::play("newer-revision-than-running");
        let run = deploy(&aws).input("base", base).run();
        check(&run, 0, "deployed", &[]);
        assert!(
            run.log
                .contains("`todo-api:42` is newer than `todo-api:41`, which runs, and differs in"),
            "{}",
            run.log
        );
        assert_eq!(aws.task_definition("todo-api:43")["memory"], memory);
    }
}

#[test]
fn records_that_may_not_be_read_are_a_note() {
    let aws = ScriptedAws::play("rolled-back-and-records-denied");
    let run = deploy(&aws).run();
    assert_eq!(run.log.matches("may not read service deployments").count(), 1, "{}", run.log);
}

#[test]
fn stages_and_unknown_words_are_told_once() {
    let aws = ScriptedAws::play("blue-green");
    let run = deploy(&aws).run();
    for stage in ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"] {
        assert!(run.log.contains(&format!("stage {stage}")), "{stage}\n{}", run.log);
    }
    let aws = ScriptedAws::play("unknown-words");
    let run = deploy(&aws).run();
    assert_eq!(run.log.matches("the state CALIBRATING").count(), 1, "{}", run.log);
}

#[test]
fn unhealthy_behind_the_load_balancer() {
    let aws = ScriptedAws::play("unhealthy");
    let run = deploy(&aws).run();
    check(
        &run,
        3,
        "rolled-back",
        &["Task failed ELB health checks", "Health checks failed with these codes: [502]"],
    );
    assert!(
        run.log.contains("what to do: GET /health on its own port has to answer 200 within 5 s; the container answers with another code"),
        "{}",
        run.log
    );
    let denied = "- {on: [DescribeTargetHealth, DescribeTargetGroups], times: always, does: deny}";
    let aws = ScriptedAws::play_with("unhealthy", denied);
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["Task failed ELB health checks"]);
    assert!(run.log.contains("healthCheckGracePeriodSeconds"), "{}", run.log);
}

#[test]
fn deployed_with_no_healthy_target_is_a_warning() {
    let aws = ScriptedAws::play("no-healthy-target");
    let run = deploy(&aws).run();
    let words = "the target group `todo-api` has 2 and none is healthy: unhealthy, Request timed out, Target.Timeout";
    check(&run, 0, "deployed", &["`todo-api:42` is deployed to `todo-api`, but", words]);
    let warned = |line: &str| line.starts_with("::warning") && line.contains(words);
    assert!(run.log.lines().any(warned), "{}", run.log);
    let denied = "- {on: DescribeTargetHealth, times: always, does: deny}";
    let aws = ScriptedAws::play_with("no-healthy-target", denied);
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &["`todo-api:42` serves"]);
    assert!(run.log.contains("not checked: whether a target is healthy"), "{}", run.log);
}

#[test]
fn a_slow_rollout_tells_what_its_time_was_made_of() {
    let aws = ScriptedAws::play("long-rollout");
    let run = deploy(&aws).input("poll-interval", "1s").run();
    check(&run, 0, "deployed", &[]);
    for part in ["waiting for a host", "pulling the image", "starting the container"] {
        assert!(run.summary.contains(part), "{part}\n{}", run.summary);
    }
    assert!(aws.count("DescribeServices") <= 40, "{}", aws.count("DescribeServices"));
}

#[test]
fn the_settings_that_made_it_slow_are_read_and_told_with_what_they_cost() {
    let aws = ScriptedAws::play("slow-checks");
    let run = deploy(&aws).input("poll-interval", "1s").run();
    check(&run, 0, "deployed", &[]);
    let words = "of which the target group `todo-api` costs 20 s: its interval of 10 s × its healthy threshold of 2; `HealthCheckIntervalSeconds` 5 and `HealthyThresholdCount` 2 cost 10 s";
    assert!(run.log.contains("what made it slow: health checks took"), "{}", run.log);
    assert!(run.log.contains(words), "{}", run.log);
    assert!(run.summary.contains("`HealthyThresholdCount` 2 cost 10 s"), "{}", run.summary);
}

#[test]
fn what_a_stage_waits_for_is_told_once_with_the_way_on() {
    let aws = ScriptedAws::play("paused-hook");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &[]);
    for words in [
        "POST_TEST_TRAFFIC_SHIFT waits for the hook `smoke-test`",
        "PRODUCTION_TRAFFIC_SHIFT waits for the hook `PAUSE`: aws ecs continue-service-deployment --service-deployment-arn arn:aws:ecs:",
        "--hook-id hook-2 --action CONTINUE (left alone, ECS does ROLLBACK at 2026-11-24T18:04:05Z)",
    ] {
        assert_eq!(run.log.matches(words).count(), 1, "{words}\n{}", run.log);
    }
    let aws = ScriptedAws::play("paused-for-good");
    let run = deploy(&aws).input("wait-for-minutes", "0.03").run();
    check(&run, 5, "timed-out", &["PRODUCTION_TRAFFIC_SHIFT waits for the hook `PAUSE`"]);
}
