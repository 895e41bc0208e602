//! Faults on every operation in turn: the verdict is the same, but for a write that did nothing.

use std::collections::BTreeSet;

use scripted_aws::{NEXT_DIGEST, NEXT_IMAGE, ScriptedAws};
use step_harness::Run;

use crate::{REGISTER_AND_UPDATE, check, deploy};

/// Every question that is ever asked, and a rollback by ECS.
fn play(faults: &str) -> (ScriptedAws, Run) {
    let aws = ScriptedAws::play_with("asks-everything", faults);
    // By its tag, which has to be looked up.
    let tag = NEXT_IMAGE.replace(&format!("@{NEXT_DIGEST}"), ":v2");
    let run = deploy(&aws).input("image", tag).run();
    check(&run, 3, "rolled-back", &["no such table: todos"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE, "{faults}\n{}", run.log);
    (aws, run)
}

/// What a run without faults calls, so that no operation is forgotten when one is added.
fn reads() -> Vec<String> {
    let (aws, run) = play("[]");
    let called: BTreeSet<String> = aws.calls().into_iter().map(|call| call.operation).collect();
    for operation in [
        "BatchGetImage",
        "DescribeImages",
        "DescribeLogGroups",
        "DescribeParameters",
        "DescribeSecret",
        "DescribeServiceDeployments",
        "DescribeServiceRevisions",
        "DescribeServices",
        "DescribeTargetHealth",
        "DescribeTaskDefinition",
        "DescribeTasks",
        "GetDownloadUrlForLayer",
        "GetLogEvents",
        "GetRole",
        "ListServiceDeployments",
        "ListTasks",
    ] {
        assert!(called.contains(operation), "{operation} is not among {called:?}\n{}", run.log);
    }
    called.into_iter().filter(|it| !REGISTER_AND_UPDATE.contains(&it.as_str())).collect()
}

/// Each list of faults in a run of its own, side by side: they mostly wait.
fn rolled_back_all_the_same(faults: &[String]) {
    for some in faults.chunks(8) {
        std::thread::scope(|scope| {
            for faults in some {
                scope.spawn(|| play(faults));
            }
        });
    }
}

#[test]
fn reads_are_throttled_five_times_in_a_row() {
    let all = reads().into_iter().map(|read| format!("- {{on: {read}, times: 5, does: throttle}}"));
    rolled_back_all_the_same(&all.collect::<Vec<_>>());
}

#[test]
fn answers_of_reads_get_lost() {
    let faults = ["lose-answer", "cut-answer", "html-503"];
    let reads = reads();
    let all = reads
        .iter()
        .flat_map(|read| faults.map(|fault| format!("- {{on: {read}, times: 2, does: {fault}}}")));
    rolled_back_all_the_same(&all.collect::<Vec<_>>());
}

#[test]
fn answers_of_writes_get_lost_after_the_work_was_done() {
    let faults = ["lose-answer", "cut-answer", "html-503-after-work"];
    let all = REGISTER_AND_UPDATE
        .iter()
        .flat_map(|write| faults.map(|fault| format!("- {{on: {write}, does: {fault}}}")));
    rolled_back_all_the_same(&all.collect::<Vec<_>>());
}

#[test]
fn writes_are_throttled() {
    rolled_back_all_the_same(&[
        "- {on: RegisterTaskDefinition, times: 20, does: throttle}".to_owned(),
        "- {on: UpdateService, times: 5, does: throttle}".to_owned(),
    ]);
}

#[test]
fn a_stop_of_our_own_meets_every_fault() {
    for fault in [
        "times: 5, does: throttle",
        "does: lose-answer",
        "does: cut-answer",
        "does: html-503-after-work",
    ] {
        let faults = format!("- {{on: StopServiceDeployment, {fault}}}");
        let aws = ScriptedAws::play_with("crash-loop-without-breaker", &faults);
        let run = deploy(&aws).run();
        check(&run, 3, "rolled-back", &["exited with 127"]);
        assert_eq!(aws.count("UpdateService"), 1, "{fault}\n{}", run.log);
    }
}

#[test]
fn the_answer_of_our_own_rollback_gets_lost() {
    for fault in ["lose-answer", "cut-answer", "html-503-after-work"] {
        let faults = format!("- {{on: UpdateService, after: 1, does: {fault}}}");
        let aws = ScriptedAws::play_with("failed-and-records-denied", &faults);
        let run = deploy(&aws).run();
        check(&run, 3, "rolled-back", &["no such table: todos"]);
        assert_eq!(aws.count("UpdateService"), 2);
    }
}

#[test]
fn a_registration_that_was_not_done_is_told() {
    let aws = ScriptedAws::play_with(
        "deployed",
        "- {on: RegisterTaskDefinition, times: always, does: html-503}",
    );
    let run = deploy(&aws).run();
    check(&run, 1, "failed", &["no such revision is there"]);
    assert!(run.log.contains("running this again is safe"), "{}", run.log);
    assert_eq!(aws.count("RegisterTaskDefinition"), 1);
}
