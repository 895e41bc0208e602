//! Faults on every operation in turn: the verdict is the same, but for a write that did nothing.

use scripted_aws::ScriptedAws;

use crate::{check, deploy};

/// What a rollout that is rolled back calls.
const READS: [&str; 8] = [
    "DescribeServices",
    "DescribeTaskDefinition",
    "ListTasks",
    "DescribeTasks",
    "GetLogEvents",
    "ListServiceDeployments",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
];

/// Each list of faults in a run of its own, side by side: they mostly wait.
fn rolled_back_all_the_same(faults: &[String]) {
    let one = |faults: &str| {
        let aws = ScriptedAws::play_with("rollback-with-new-id", faults);
        let run = deploy(&aws).run();
        check(&run, 3, "rolled-back", &["no such table: todos"]);
        assert_eq!(
            aws.writes(),
            ["RegisterTaskDefinition", "UpdateService"],
            "{faults}\n{}",
            run.log
        );
    };
    for some in faults.chunks(8) {
        std::thread::scope(|scope| {
            for faults in some {
                scope.spawn(|| one(faults));
            }
        });
    }
}

#[test]
fn reads_are_throttled_five_times_in_a_row() {
    rolled_back_all_the_same(
        &READS.map(|read| format!("- {{on: {read}, times: 5, does: throttle}}")),
    );
}

#[test]
fn answers_of_reads_get_lost() {
    let faults = ["lose-answer", "cut-answer", "html-503"];
    let all = READS
        .iter()
        .flat_map(|read| faults.map(|fault| format!("- {{on: {read}, times: 2, does: {fault}}}")));
    rolled_back_all_the_same(&all.collect::<Vec<_>>());
}

#[test]
fn answers_of_writes_get_lost_after_the_work_was_done() {
    let faults = ["lose-answer", "cut-answer", "html-503-after-work"];
    let writes = ["RegisterTaskDefinition", "UpdateService"];
    let all = writes
        .iter()
        .flat_map(|write| faults.map(|fault| format!("- {{on: {write}, does: {fault}}}")));
    rolled_back_all_the_same(&all.collect::<Vec<_>>());
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
