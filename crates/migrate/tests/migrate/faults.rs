//! Faults on every operation in turn: the end is the same, and there is never a second migration.

use scripted_aws::ScriptedAws;
use step_harness::Run;

use super::scripted::{assert_end, migrate};

fn play(scenario: &str, operation: &str, times: u32, fault: &str) -> ScriptedAws {
    ScriptedAws::play_with(
        scenario,
        &format!("- {{on: {operation}, times: {times}, does: {fault}}}"),
    )
}

/// Plays all of `cases` at once.
fn all<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

#[track_caller]
fn assert_migrated_once(aws: &ScriptedAws, run: &Run) {
    assert_end(run, "migrated", 0, "");
    let mut writes = aws.writes();
    writes.dedup();
    assert_eq!(writes, ["RegisterTaskDefinition", "RunTask"], "{run:#?}");
    let tokens: std::collections::BTreeSet<String> = aws
        .calls()
        .iter()
        .filter(|call| call.operation == "RunTask")
        .map(|call| call.body["clientToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 1, "one token, one task");
    assert!(aws.task_definition("todo-api-migrate:2").is_null(), "one revision");
}

/// A migration that has every question: an image by its tag, secrets and a parameter to hide, a log that is to come.
fn ask_everything(faults: &str) -> (ScriptedAws, Run) {
    let aws = ScriptedAws::play_with("migrate-asks-everything", faults);
    let run = migrate(&aws)
        .input("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api:v2")
        .input("mask-secrets", "true")
        .input("log-driver", "awslogs")
        .run();
    assert_end(&run, "migrated", 0, "");
    let shown: Vec<&str> =
        run.log.lines().filter(|line| *line == "│ 0001_todos.sql" || *line == "│ done").collect();
    assert_eq!(shown, ["│ 0001_todos.sql", "│ done"], "{faults}: {run:#?}");
    assert!(run.log.contains("│ session ***"), "{faults}: {run:#?}");
    (aws, run)
}

#[test]
fn reads_are_repeated_until_they_have_an_answer() {
    // What a run without faults calls, so that no operation is forgotten when one is added.
    let (aws, run) = ask_everything("[]");
    let mut called: Vec<String> = aws.calls().into_iter().map(|call| call.operation).collect();
    called.sort();
    called.dedup();
    for operation in [
        "BatchGetImage",
        "CreateLogGroup",
        "DescribeImages",
        "DescribeServices",
        "DescribeTaskDefinition",
        "DescribeTasks",
        "GetDownloadUrlForLayer",
        "GetLogEvents",
        "GetParameters",
        "GetSecretValue",
        "ListTasks",
    ] {
        assert!(called.iter().any(|it| it == operation), "{operation}: {called:?}\n{run:#?}");
    }
    // These two are met below.
    called.retain(|it| it != "RegisterTaskDefinition" && it != "RunTask");
    for fault in [
        "times: 5, does: throttle",
        "times: 1, does: lose-answer",
        "times: 1, does: cut-answer",
        "times: 2, does: html-503",
    ] {
        all(&called, |operation| {
            ask_everything(&format!("- {{on: {operation}, {fault}}}"));
        });
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_done_once() {
    for fault in ["lose-answer", "cut-answer", "html-503-after-work"] {
        all(&["RegisterTaskDefinition", "RunTask"], |operation| {
            let aws = play("migrate-exits-0", operation, 1, fault);
            let run = migrate(&aws).run();
            assert_migrated_once(&aws, &run);
        });
    }
}

#[test]
fn throttled_writes_are_sent_again() {
    all(&[("RegisterTaskDefinition", 20), ("RunTask", 5)], |(operation, times)| {
        let aws = play("migrate-exits-0", operation, *times, "throttle");
        let run = migrate(&aws).run();
        assert_migrated_once(&aws, &run);
    });
}

#[test]
fn a_write_that_did_nothing_is_told_or_done() {
    // With its token RunTask may be sent again.
    let aws = play("migrate-exits-0", "RunTask", 1, "html-503");
    assert_migrated_once(&aws, &migrate(&aws).run());
    // RegisterTaskDefinition has none: nothing is there, and that is said.
    let aws = play("migrate-exits-0", "RegisterTaskDefinition", 1, "html-503");
    let run = migrate(&aws).run();
    assert_end(&run, "failed", 1, "no such revision is there");
    assert!(run.log.contains("running this again is safe"), "{run:#?}");
    assert!(aws.writes().is_empty());
}

#[test]
fn a_task_is_stopped_whatever_happens_to_the_call() {
    let faults = [
        (5, "throttle"),
        (1, "lose-answer"),
        (1, "cut-answer"),
        (1, "html-503"),
        (1, "lose-request"),
    ];
    all(&faults, |(times, fault)| {
        let aws = play("migrate-never-ends", "StopTask", *times, fault);
        let run = migrate(&aws).input("timeout-minutes", "0.03").run();
        assert_end(&run, "timed-out", 124, "its task was stopped");
    });
}

#[test]
fn what_may_not_be_done_is_named_with_the_action_that_is_missing() {
    for (operation, verdict, code, action) in [
        ("DescribeServices", "failed", 1, "ecs:DescribeServices"),
        ("RegisterTaskDefinition", "failed", 1, "ecs:RegisterTaskDefinition"),
        ("RunTask", "did-not-start", 125, "ecs:RunTask"),
        ("DescribeTasks", "failed", 125, "ecs:DescribeTasks"),
    ] {
        let aws = play("migrate-exits-0", operation, 1000, "deny");
        let run = migrate(&aws).run();
        assert_end(&run, verdict, code, action);
    }
    let aws = play("migrate-never-ends", "StopTask", 1000, "deny");
    let run = migrate(&aws).input("timeout-minutes", "0.03").run();
    assert_end(&run, "timed-out", 124, "could not be asked to stop");
    assert!(run.log.contains("ecs:StopTask"), "{run:#?}");
}
