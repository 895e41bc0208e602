//! What no emulator can stage: each scenario is a file in `crates/scripted-aws/scenarios/`.

use scripted_aws::ScriptedAws;
use serde_json::json;
use step_harness::{Run, Step, step};

const IMAGE: &str = concat!(
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api",
    "@sha256:2222222222222222222222222222222222222222222222222222222222222222"
);

pub(crate) fn migrate(aws: &ScriptedAws) -> Step {
    step!("migrate")
        .endpoint(aws.endpoint())
        .input("cluster", scripted_aws::CLUSTER)
        .input("service", scripted_aws::SERVICE)
        .input("container-name", "api")
        .input("image", IMAGE)
        .input("command", "todo-api migrate")
        .input("poll-interval", "100ms")
}

/// Plays a scenario and expects an end.
#[track_caller]
fn check(scenario: &str, verdict: &str, code: i32, reason: &str) -> (ScriptedAws, Run) {
    let aws = ScriptedAws::play(scenario);
    let run = migrate(&aws).run();
    assert_end(&run, verdict, code, reason);
    (aws, run)
}

#[track_caller]
pub(crate) fn assert_end(run: &Run, verdict: &str, code: i32, reason: &str) {
    assert_eq!((run.output("verdict"), run.code), (verdict, code), "{run:#?}");
    assert!(run.output("reason").contains(reason), "{run:#?}");
    assert!(!run.summary.is_empty(), "{run:#?}");
}

/// The lines of the container, as they were shown.
fn shown(run: &Run) -> Vec<&str> {
    run.log.lines().filter_map(|line| line.strip_prefix("│ ")).collect()
}

#[track_caller]
fn assert_shown_in_order(run: &Run, lines: &[&str]) {
    let shown = shown(run);
    let ours: Vec<&str> = shown.iter().copied().filter(|line| lines.contains(line)).collect();
    assert_eq!(ours, lines, "{run:#?}");
}

#[test]
fn a_migration_that_goes_well_to_its_very_last_line() {
    let (aws, run) = check("migrate-exits-0", "migrated", 0, "`api` ended with 0");
    assert_shown_in_order(
        &run,
        &["2 migrations to run", "0001_todos.sql", "0002_due_dates.sql", "done"],
    );
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "RunTask"]);
    assert_eq!(run.output("exit-code"), "0");
    assert_eq!(run.output("log-group"), "/ecs/todo-api");
    assert!(run.output("log-stream").starts_with("api/api/"), "{run:#?}");
    assert!(run.output("task-arn").contains(":task/todo/"), "{run:#?}");

    let definition = aws.task_definition("todo-api-migrate");
    assert_eq!(definition["containerDefinitions"][0]["image"], IMAGE);
    assert_eq!(definition["containerDefinitions"][0]["command"][1], "migrate");
    let asked = aws.calls().into_iter().find(|call| call.operation == "RunTask").unwrap().body;
    assert_eq!(asked["startedBy"], "migrate/4711");
    assert!(asked["clientToken"].as_str().unwrap().starts_with("4711-1-"), "{asked}");
    assert!(asked["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0].is_string());
    // The service propagates its own tags, which RunTask cannot.
    assert!(asked.get("propagateTags").is_none(), "{asked}");

    for part in ["### Migrated", "todo-api", "/ecs/todo-api", "done", "calls"] {
        assert!(run.summary.contains(part), "{part}: {}", run.summary);
    }
}

#[test]
fn a_second_run_registers_nothing_anew() {
    let aws = ScriptedAws::play("migrate-exits-0");
    for _ in 0..2 {
        let run = migrate(&aws).shell().run();
        assert_eq!(run.code, 0, "{run:#?}");
    }
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "RunTask", "RunTask"]);
}

#[test]
fn the_containers_code_is_the_steps_code() {
    let (_, run) = check("migrate-exits-7", "failed", 7, "container `api` exited with 7");
    assert!(run.output("reason").contains("could not create unique index"), "{run:#?}");
    assert_eq!(run.output("exit-code"), "7");
    assert!(run.log.contains("the service still runs what it ran"), "{run:#?}");
    assert!(run.summary.contains("ERROR: could not create unique index"), "{}", run.summary);
}

#[test]
fn what_never_ran_has_no_code() {
    let (_, run) = check("migrate-cannot-pull", "did-not-start", 125, "CannotPullContainerError");
    assert_eq!(run.output("exit-code"), "");
    assert!(run.log.contains("check that the image exists"), "{run:#?}");
    check("migrate-bad-secret", "did-not-start", 125, "ResourceInitializationError");
}

#[test]
fn no_code_is_no_success() {
    // Each waits for the last lines of a failure.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (_, run) = check("migrate-no-exit-code", "failed", 125, "is not known");
            assert_eq!(run.output("exit-code"), "");
        });
        scope.spawn(|| check("migrate-spot-interrupted", "failed", 143, ""));
        scope.spawn(|| check("migrate-lost-from-sight", "failed", 125, "lost sight of the task"));
    });
}

#[test]
fn the_named_container_decides() {
    check("migrate-sidecar-killed", "migrated", 0, "");
    check("migrate-killed-beside-sidecar", "failed", 137, "more memory than it has");
}

#[test]
fn capacity_is_asked_for_again_with_a_fresh_token() {
    let (aws, run) = check("migrate-no-capacity-at-first", "migrated", 0, "");
    let tokens: std::collections::BTreeSet<String> = aws
        .calls()
        .iter()
        .filter(|call| call.operation == "RunTask")
        .map(|call| call.body["clientToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 3);
    assert!(run.log.contains("no capacity (Capacity is unavailable"), "{run:#?}");
}

#[test]
fn capacity_that_never_comes_is_named() {
    let aws = ScriptedAws::play("migrate-no-capacity");
    let run = migrate(&aws).input("timeout-minutes", "0.05").run();
    assert_end(&run, "did-not-start", 125, "RESOURCE:MEMORY");
    assert_eq!(run.output("task-arn"), "");
}

#[test]
fn a_lost_answer_starts_no_second_migration() {
    let (aws, run) = check("migrate-run-answer-lost", "migrated", 0, "");
    assert_shown_in_order(&run, &["0001_todos.sql", "done"]);
    let started = aws.happened().len();
    assert!(started > 0);
    let tokens: std::collections::BTreeSet<String> = aws
        .calls()
        .iter()
        .filter(|call| call.operation == "RunTask")
        .map(|call| call.body["clientToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 1, "another token would have started another migration");
}

#[test]
fn a_task_that_is_not_known_yet_is_waited_for() {
    check("migrate-missing-at-first", "migrated", 0, "");
}

#[test]
fn lines_come_once_in_order_and_to_the_last() {
    let (_, run) =
        check("migrate-very-late-lines", "failed", 1, "relation \"todos\" already exists");
    assert_shown_in_order(&run, &["0001_todos.sql", "ERROR: relation \"todos\" already exists"]);
    let (_, run) = check("migrate-exit-before-stream", "migrated", 0, "");
    assert_shown_in_order(&run, &["nothing to migrate"]);
    check("migrate-no-output", "migrated", 0, "");
}

#[test]
fn three_megabytes_of_log_arrive_whole() {
    let (_, run) = check("migrate-burst", "migrated", 0, "");
    let numbers: Vec<u32> = shown(&run)
        .iter()
        .filter_map(|line| line.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty()))
        .filter_map(|number| number.parse().ok())
        .collect();
    assert!(numbers.len() >= 3000, "{}", numbers.len());
    assert_eq!(shown(&run).last(), Some(&"done"));
}

#[test]
fn a_log_elsewhere_is_said_and_one_that_is_denied_too() {
    let (_, run) = check("migrate-firelens", "failed", 3, "exited with 3");
    assert!(run.log.contains("logs through `awsfirelens`"), "{run:#?}");
    assert_eq!(run.output("log-group"), "");
    let (_, run) = check("migrate-logs-denied", "failed", 4, "exited with 4");
    assert!(run.log.contains("logs:GetLogEvents"), "{run:#?}");
}

#[test]
fn a_log_commands_nothing() {
    let (_, run) = check("migrate-hostile-log", "migrated", 0, "");
    for line in run.log.lines().filter(|line| line.starts_with("::")) {
        let ours = [
            "::error title=migrate",
            "::notice title=migrate",
            "::warning title=migrate",
            "::group::",
            "::endgroup::",
        ];
        assert!(ours.iter().any(|head| line.starts_with(head)), "{line}");
    }
    assert!(!run.log.contains('\u{1b}'), "{run:#?}");
    // In the summary it stands in a fence, which no line of it can close.
    assert!(run.summary.contains("```"), "{}", run.summary);
}

#[test]
fn secrets_are_hidden_in_the_log_where_that_was_asked_for() {
    let aws = ScriptedAws::play("migrate-hostile-log");
    let run = migrate(&aws).input("mask-secrets", "true").run();
    assert_end(&run, "migrated", 0, "");
    let told: Vec<String> = run
        .everything()
        .lines()
        .filter(|line| !line.starts_with("::add-mask::"))
        .map(str::to_owned)
        .collect();
    for part in ["p%40ss::w0rd", "second-line"] {
        assert!(!told.iter().any(|line| line.contains(part)), "{part}: {told:#?}");
    }
    // One that cannot be read could not be hidden: nothing is started.
    let aws = ScriptedAws::play_with(
        "migrate-hostile-log",
        "- {on: GetSecretValue, times: always, does: deny}",
    );
    let run = migrate(&aws).input("mask-secrets", "true").run();
    assert_end(&run, "failed", 1, "secretsmanager:GetSecretValue");
    assert!(aws.writes().is_empty());
}

#[test]
fn a_log_that_would_go_elsewhere_goes_to_cloudwatch_when_asked_for() {
    let aws = ScriptedAws::play("migrate-firelens");
    let run = migrate(&aws).input("log-driver", "awslogs").run();
    assert_end(&run, "failed", 3, "exited with 3");
    assert_eq!(aws.writes(), ["CreateLogGroup", "RegisterTaskDefinition", "RunTask"]);
    assert_eq!(run.output("log-group"), "/ecs/todo-api-migrate");
    let definition = aws.task_definition("todo-api-migrate");
    assert_eq!(definition["containerDefinitions"][0]["logConfiguration"]["logDriver"], "awslogs");
    // One that is in CloudWatch already stays where it is.
    let aws = ScriptedAws::play("migrate-exits-0");
    let run = migrate(&aws).input("log-driver", "awslogs").run();
    assert_eq!(run.output("log-group"), "/ecs/todo-api");
}

#[test]
fn without_the_right_to_list_tasks_the_migration_runs_with_a_warning() {
    let aws =
        ScriptedAws::play_with("migrate-exits-0", "- {on: ListTasks, times: always, does: deny}");
    let run = migrate(&aws).run();
    assert_end(&run, "migrated", 0, "");
    assert!(run.log.contains("whether another migration runs is not known"), "{run:#?}");
}

#[test]
fn out_of_time_the_task_is_stopped_and_seen_to_stop() {
    let aws = ScriptedAws::play("migrate-never-ends");
    let run = migrate(&aws).input("timeout-minutes", "0.03").run();
    assert_end(&run, "timed-out", 124, "its task was stopped");
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "RunTask", "StopTask"]);
    assert_shown_in_order(&run, &["waiting for the advisory lock", "terminated"]);
    assert_eq!(run.output("exit-code"), "143");
}

#[test]
fn a_cancelled_run_stops_its_task() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let aws = ScriptedAws::play("migrate-never-ends");
        let running = migrate(&aws).spawn();
        running.wait_for("waiting for the advisory lock");
        running.signal(signal);
        let run = running.finish();
        assert_end(&run, "cancelled", code, "its task was stopped");
        assert_eq!(aws.writes().last().map(String::as_str), Some("StopTask"));
    }
}

#[test]
fn a_task_that_does_not_stop_is_not_said_to_have_stopped() {
    let aws = ScriptedAws::play("migrate-never-stops");
    let running = migrate(&aws).spawn();
    running.wait_for("waiting for the advisory lock");
    running.signal("TERM");
    let run = running.finish();
    assert_end(&run, "cancelled", 143, "asked to stop, and has not stopped yet");
    assert!(run.outputs["seconds"].parse::<f64>().unwrap() < 11.0, "{run:#?}");
}

#[test]
fn cancelled_before_the_start_nothing_is_left() {
    let aws = ScriptedAws::play("migrate-no-capacity");
    let running = migrate(&aws).spawn();
    running.wait_for("asking again");
    running.signal("INT");
    assert_end(&running.finish(), "cancelled", 130, "no task had been started");
}

#[test]
fn another_migration_is_waited_for() {
    let (aws, run) = check("migrate-another-runs", "migrated", 0, "");
    assert!(run.log.contains("started by migrate/1111, is still there: waiting"), "{run:#?}");
    assert_eq!(aws.count("RunTask"), 1);
}

#[test]
fn another_migration_is_a_reason_to_fail_where_that_was_asked_for() {
    let aws = ScriptedAws::play("migrate-another-runs");
    let run = migrate(&aws).input("if-running", "fail").run();
    assert_end(&run, "did-not-start", 125, "started by migrate/1111");
    assert!(aws.writes().is_empty());
}

#[test]
fn the_migration_of_an_earlier_attempt_is_watched_on() {
    let aws = ScriptedAws::play("migrate-another-runs");
    let run = migrate(&aws).input("if-running", "adopt").env("GITHUB_RUN_ID", "1111").run();
    assert_end(&run, "migrated", 0, "");
    assert!(aws.writes().is_empty(), "{:?}", aws.writes());
    assert_shown_in_order(&run, &["0001_todos.sql"]);
}

#[test]
fn an_earlier_attempt_of_this_run_is_adopted_and_its_code_passed_on() {
    let aws = ScriptedAws::play("migrate-own-earlier-attempt");
    let run = migrate(&aws).input("if-running", "adopt").env("GITHUB_RUN_ID", "4711").run();
    assert_end(&run, "failed", 5, "exited with 5");
    assert!(aws.writes().is_empty(), "{:?}", aws.writes());
    assert_shown_in_order(&run, &["0001_todos.sql", "ERROR: division by zero"]);
}

#[test]
fn a_dry_run_writes_nothing_and_shows_what_would_run() {
    let aws = ScriptedAws::play("migrate-exits-0");
    let run = migrate(&aws).arg("--dry-run").run();
    assert_end(&run, "planned", 0, "todo-api-migrate");
    assert!(aws.writes().is_empty(), "{:?}", aws.writes());
    for part in [r#"["todo-api","migrate"]"#, "sha256:2222", "subnet", "none of them writing"] {
        assert!(run.log.contains(part), "{part}: {run:#?}");
    }
}

#[test]
fn an_image_for_another_cpu_is_told_with_the_other_faults() {
    let aws = ScriptedAws::play("image-for-another-cpu");
    let run = migrate(&aws).run();
    assert_end(&run, "failed", 2, "is built for arm64, and the tasks of `api` run on amd64");
    let run = migrate(&aws).input("task-definition", "todo-apy").run();
    assert_end(&run, "failed", 2, "there is no task definition `todo-apy`");
    assert!(aws.writes().is_empty());
    // What may not be asked is a note.
    let denied = "- {on: BatchGetImage, times: always, does: deny}";
    let run = migrate(&ScriptedAws::play_with("migrate-exits-0", denied)).run();
    assert_end(&run, "migrated", 0, "");
    assert!(run.log.contains("not checked: the CPU architecture of"), "{run:#?}");
}

#[test]
fn a_volume_that_the_service_configures_is_configured_for_the_task() {
    let (aws, _) = check("migrate-volume-at-launch", "migrated", 0, "");
    let asked = aws.calls().into_iter().find(|call| call.operation == "RunTask").unwrap().body;
    let volume = &asked["volumeConfigurations"][0];
    assert_eq!(
        (&volume["name"], &volume["managedEBSVolume"]["sizeInGiB"]),
        (&json!("data"), &json!(20))
    );
    assert_eq!(
        volume["managedEBSVolume"]["tagSpecifications"],
        json!([{ "resourceType": "volume" }])
    );
    // Nobody says how: refused in words, before anything is written.
    let run = migrate(&aws)
        .input("service", "")
        .input("task-definition", "todo-api")
        .input("subnets", "subnet-1")
        .run();
    assert_end(&run, "failed", 2, "leaves `data` to be configured at launch");
    assert_eq!(aws.writes().len(), 2, "{:?}", aws.writes());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let aws = ScriptedAws::play("migrate-exits-0");
    let run = migrate(&aws).input("container-name", "apo").run();
    assert_end(&run, "failed", 2, "did you mean `api`?");
    let run = migrate(&aws)
        .input("service", "todo-apo")
        .input("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api:nope")
        .run();
    assert_end(&run, "failed", 2, "did you mean `todo-api`?");
    assert!(run.output("reason").contains("no image with the tag `nope`"), "{run:#?}");
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/apo:v1";
    let run = migrate(&aws).input("image", image).run();
    assert_end(&run, "failed", 2, "there is no repository `todo/apo`");
    let run = migrate(&aws).input("cluster", "tode").run();
    assert_end(&run, "failed", 2, "did you mean `todo`?");
    let run = migrate(&aws).input("task-definition", "todo-apy").run();
    assert_end(&run, "failed", 2, "there is no task definition `todo-apy`");
    let run = migrate(&aws)
        .input("launch-type", "FARGATE")
        .input("capacity-provider-strategy", "FARGATE_SPOT")
        .input("timeout-minutes", "0")
        .input("command", "sh -c 'x")
        .run();
    assert_eq!(run.code, 2);
    for input in ["launch-type", "timeout-minutes", "command"] {
        assert!(run.output("reason").contains(&format!("`{input}`")), "{input}: {run:#?}");
    }
    assert!(aws.writes().is_empty());
}
