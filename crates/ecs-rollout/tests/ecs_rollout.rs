//! The program as a process, against an AWS that plays scenario files: verdict, exit code, outputs, the writing calls made,
//! the words of the cause.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]

use std::time::Duration;

use scripted_aws::{CLUSTER, NEXT_IMAGE, RUNNING_IMAGE, SERVICE, ScriptedAws};
use step_harness::{Run, Step, step};
use tokio::time::Instant;

#[path = "ecs_rollout/earlier.rs"]
mod earlier;
#[path = "ecs_rollout/faults.rs"]
mod faults;
#[path = "ecs_rollout/local.rs"]
mod local;
#[path = "ecs_rollout/neighbours.rs"]
mod neighbours;
#[path = "ecs_rollout/preflight.rs"]
mod preflight;
#[path = "ecs_rollout/scenarios.rs"]
mod scenarios;
#[path = "ecs_rollout/shapes.rs"]
mod shapes;
#[path = "ecs_rollout/signals.rs"]
mod signals;
#[path = "ecs_rollout/verify.rs"]
mod verify;

/// A deployment of the next image, looked at often.
fn deploy(aws: &ScriptedAws) -> Step {
    step!("ecs-rollout")
        .endpoint(aws.endpoint())
        .input("cluster", CLUSTER)
        .input("service", SERVICE)
        .input("image", NEXT_IMAGE)
        .input("poll-interval", "100ms")
}

#[track_caller]
fn check(run: &Run, code: i32, verdict: &str, words: &[&str]) {
    assert_eq!((run.code, run.output("verdict")), (code, verdict), "{}", run.log);
    for words in words {
        assert!(
            run.output("reason").contains(words),
            "`{words}` is not in the reason:\n{}\n{}",
            run.output("reason"),
            run.log
        );
    }
    assert!(!run.output("reason").contains('\n'));
    assert!(run.summary.to_lowercase().contains(verdict), "{}", run.summary);
}

const REGISTER_AND_UPDATE: [&str; 2] = ["RegisterTaskDefinition", "UpdateService"];

#[test]
fn a_good_image_is_deployed() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &["`todo-api:42` serves in `todo-api` with 2 tasks"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    assert!(run.output("deployment-id").starts_with("ecs-svc/"));
    assert!(run.output("task-definition-arn").ends_with("task-definition/todo-api:42"));
    assert!(run.output("previous-task-definition-arn").ends_with("task-definition/todo-api:41"));
    assert!(run.summary.contains("calls, 2 of them writing"), "{}", run.summary);
    for words in ["```mermaid", "registering (", "starting tasks ("] {
        assert!(run.summary.contains(words), "{words}\n{}", run.summary);
    }
    let registered = aws.task_definition("todo-api:42");
    assert_eq!(registered["containerDefinitions"][0]["image"], NEXT_IMAGE);
    assert!(
        registered["tags"].to_string().contains("0123456789abcdef0123456789abcdef01234567"),
        "{registered}"
    );
}

#[test]
fn a_breaker_that_rolls_back_between_two_looks_is_no_success() {
    let aws = ScriptedAws::play("breaker-rollback-between-polls");
    let run = deploy(&aws).run();
    check(
        &run,
        3,
        "rolled-back",
        &["`todo-api:42` failed and `todo-api:41` is back", "exited with 1", "DATABASE_URL"],
    );
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    assert!(run.log.contains("│ Error: DATABASE_URL: relative URL without a base"), "{}", run.log);
    assert!(run.summary.contains("Error: DATABASE_URL"), "{}", run.summary);
}

#[test]
fn a_failure_that_nobody_takes_back_is_taken_back_here() {
    let aws = ScriptedAws::play("failed-without-rollback");
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["`todo-api:41` is back", "no such table: todos"]);
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "UpdateService", "UpdateService"]);
}

#[test]
fn a_failure_stays_where_rollback_is_never() {
    let aws = ScriptedAws::play("failed-without-rollback");
    let run = deploy(&aws).input("rollback", "never").run();
    check(&run, 1, "failed", &["not rolled back", "no such table: todos"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn another_deployment_that_takes_over_is_neither_success_nor_failure() {
    let aws = ScriptedAws::play("superseded-midway");
    let run = deploy(&aws).run();
    check(&run, 4, "superseded", &["took over from `todo-api:42`", "`todo-api:43`"]);
    assert_eq!(aws.count("UpdateService"), 1);
}

#[test]
fn an_answer_that_got_lost_is_found_by_looking() {
    let aws = ScriptedAws::play("update-answer-lost");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &[]);
    assert_eq!(aws.count("UpdateService"), 1);
}

#[test]
fn an_update_that_was_never_done_is_told_so() {
    let aws = ScriptedAws::play_with("deployed", "- {on: UpdateService, does: lose-request}");
    let run = deploy(&aws).run();
    check(&run, 1, "failed", &["no deployment of `todo-api:42`"]);
    assert!(run.log.contains("running this again is safe"), "{}", run.log);
    assert_eq!(aws.count("UpdateService"), 1);
}

#[test]
fn throttling_only_takes_time() {
    let aws = ScriptedAws::play("throttled-everywhere");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &[]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn a_crash_loop_that_the_breaker_never_counts_is_given_up() {
    let aws = ScriptedAws::play("crash-loop-after-running");
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["exited with 137", "cache: 480 MB of 512 MB"]);
    assert!(run.log.contains("raise the task's or the container's `memory`"), "{}", run.log);
}

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    let aws = ScriptedAws::play("image-cannot-be-pulled");
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["CannotPullContainerError", "not found"]);
    assert_eq!(
        run.log.matches("failed: CannotPullContainerError").count(),
        1,
        "one line a cause:\n{}",
        run.log
    );
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn a_deployment_that_does_not_end_goes_on_after_the_time_out() {
    let aws = ScriptedAws::play("never-finishes");
    let run = deploy(&aws).input("wait-for-minutes", "0.03").run();
    check(&run, 5, "timed-out", &["0 of 2 tasks run"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    let last = run.log.lines().last().unwrap();
    assert!(last.contains("goes on") && last.contains("aws ecs update-service --cluster todo --service todo-api --task-definition todo-api:41"), "{last}");
}

#[test]
fn a_signal_ends_the_run_at_once_and_tells_what_goes_on() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let aws = ScriptedAws::play("long-rollout");
        let running = deploy(&aws).spawn();
        running.wait_for("pending");
        let signalled = Instant::now();
        running.signal(signal);
        let run = running.finish();
        assert!(signalled.elapsed() < Duration::from_millis(1500), "{:?}", signalled.elapsed());
        check(&run, code, "cancelled", &["cancelled while deployment ecs-svc/"]);
        assert!(run.log.lines().last().unwrap().contains("goes on"), "{}", run.log);
        assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    }
}

#[test]
fn a_cancelled_run_rolls_back_where_it_should() {
    let aws = ScriptedAws::play("long-rollout");
    let running = deploy(&aws).input("on-cancel", "rollback").spawn();
    running.wait_for("pending");
    let signalled = Instant::now();
    running.signal("INT");
    let run = running.finish();
    assert!(signalled.elapsed() < Duration::from_millis(1500), "{:?}", signalled.elapsed());
    check(&run, 130, "cancelled", &[]);
    assert!(
        run.log.lines().last().unwrap().contains("is being rolled back to `todo-api:41`"),
        "{}",
        run.log
    );
    assert_eq!(aws.writes().len(), 3, "{:?}", aws.writes());
}

#[test]
fn what_runs_already_costs_a_few_reads() {
    let aws = ScriptedAws::play("unchanged");
    let run = deploy(&aws).input("image", RUNNING_IMAGE).run();
    check(&run, 0, "unchanged", &["already runs `todo-api:41`, with all its 2 tasks"]);
    assert_eq!(aws.writes(), [""; 0]);
    assert!(aws.calls().len() <= 4, "{:?}", aws.calls());
}

#[test]
fn a_dry_run_makes_no_writing_call() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws)
        .input("dry-run", "true")
        .input("environment-variables", "LOG_LEVEL=debug")
        .run();
    assert_eq!((run.code, run.output("verdict")), (0, "planned"), "{}", run.log);
    assert_eq!(aws.writes(), [""; 0]);
    for words in [
        "+ containerDefinitions.api.environment.LOG_LEVEL: debug",
        "todo/api@sha256:111111111111… → ",
    ] {
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
    assert!(
        run.output("reason")
            .contains("register a new revision of `todo-api`; update `todo-api`, once"),
        "{}",
        run.output("reason")
    );
    assert!(
        run.log.contains("if it fails: ECS rolls back to `todo-api:41` by itself"),
        "{}",
        run.log
    );
}

#[test]
fn a_tag_becomes_a_digest() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws)
        .input("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api:v2")
        .run();
    check(&run, 0, "deployed", &[]);
    assert_eq!(aws.task_definition("todo-api:42")["containerDefinitions"][0]["image"], NEXT_IMAGE);
}

#[test]
fn faults_are_told_at_once_with_the_nearest_name() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws)
        .input("service", "todo-ap")
        .input("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api:v3")
        .input("task-definition", "todo-ap1")
        .input("environment-variables", "A=1\nKEY=2")
        .input("secrets", "KEY=/todo/key")
        .run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{}", run.log);
    for words in [
        "`service`: there is no service `todo-ap` in the cluster `todo`; did you mean `todo-api`?",
        "`image`: the repository `todo/api` holds no image with the tag `v3`; there is `v1`, `v2`",
        "`task-definition`: there is no task definition `todo-ap1`; did you mean `todo-api`?",
        "`secrets`: `KEY` is among `environment-variables` too: it is one or the other",
    ] {
        assert!(run.log.contains(words), "`{words}`\n{}", run.log);
    }
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn an_unknown_cluster_and_container_are_told_with_the_nearest_name() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).input("cluster", "tod").run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(
        run.log.contains("there is no cluster `tod` in eu-west-1; did you mean `todo`?"),
        "{}",
        run.log
    );
    let run = deploy(&aws).input("container-name", "apo").run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(run.log.contains("has no container `apo`; did you mean `api`?"), "{}", run.log);
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn inputs_that_cannot_be_read_are_all_told() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws)
        .input("image", "https://example.com/x")
        .input("poll-interval", "soon")
        .input("wait-for-minutes", "-3")
        .input("secrets", "NO_EQUALS")
        .run();
    assert_eq!(run.code, 2, "{}", run.log);
    for input in ["`image`", "`poll-interval`", "`wait-for-minutes`", "`secrets`"] {
        assert!(run.log.contains(input), "{input}\n{}", run.log);
    }
    assert_eq!(aws.calls().len(), 0);
}

#[test]
fn a_file_that_is_no_task_definition_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let aws = ScriptedAws::play("deployed");
    for (text, words) in [
        ("{\n  \"family\": \"x\",,\n}", "at line 2, column 17"),
        ("[1]", "a JSON object was expected at line 1, column 1"),
        ("{\"family\": \"x\"}", "it has no `containerDefinitions`"),
    ] {
        let file = folder.path().join("task.json");
        std::fs::write(&file, text).unwrap();
        let run = deploy(&aws).input("task-definition", file.as_os_str()).run();
        assert_eq!(run.code, 2, "{}", run.log);
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn an_export_of_what_runs_is_unchanged_and_an_edited_one_is_registered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.json");
    let aws = ScriptedAws::play("deployed");
    let mut export = aws.task_definition("todo-api:41");
    let run = |export: &serde_json::Value| {
        std::fs::write(&file, export.to_string()).unwrap();
        deploy(&aws).input("image", "").input("task-definition", file.as_os_str()).run()
    };
    check(&run(&export), 0, "unchanged", &["already runs `todo-api:41`"]);
    export["memory"] = "1024".into();
    check(&run(&export), 0, "deployed", &["`todo-api:42` serves"]);
    assert_eq!(aws.task_definition("todo-api:42")["memory"], "1024");
}

#[test]
fn a_plain_shell_needs_nothing_of_github() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).shell().run();
    assert_eq!(run.code, 0, "{}", run.log);
    assert!(!run.log.contains("::"), "no workflow command outside a job:\n{}", run.log);
    assert!(run.stdout.contains("deployed after"), "{}", run.stdout);
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).shell().arg("--json").run();
    let outputs: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(outputs["verdict"], "deployed");
}

#[test]
fn without_waiting_the_call_is_made_and_that_is_said() {
    let aws = ScriptedAws::play("never-finishes");
    let run = deploy(&aws).input("wait", "false").run();
    check(&run, 0, "deployed", &["its end was not awaited"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn without_a_service_the_revision_is_only_registered() {
    let aws = ScriptedAws::play("deployed");
    let run = deploy(&aws).input("service", "").input("task-definition", "todo-api").run();
    check(&run, 0, "deployed", &["`todo-api:42` is registered", "nothing was deployed"]);
    assert_eq!(aws.writes(), ["RegisterTaskDefinition"]);
}
