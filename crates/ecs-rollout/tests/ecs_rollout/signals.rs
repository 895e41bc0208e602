//! A signal in every phase, and twice: the program ends at once, and says what was left behind.

use std::time::Duration;

use scripted_aws::ScriptedAws;
use tokio::time::Instant;

use crate::deploy;

/// Signals when an operation has been called so often, and checks how it ended.
#[track_caller]
fn signalled_at(operation: &str, times: usize, left_behind: &str) {
    let aws = ScriptedAws::play("slow-calls");
    let running = deploy(&aws).spawn();
    assert!(aws.wait_for(operation, times, Duration::from_mins(1)), "{operation} was not called");
    let signalled = Instant::now();
    running.signal("INT");
    running.wait_for("SIGINT received");
    running.signal("TERM");
    let run = running.finish();
    assert!(
        signalled.elapsed() < Duration::from_millis(1500),
        "{operation}: {:?}\n{}",
        signalled.elapsed(),
        run.log
    );
    assert_eq!((run.code, run.output("verdict")), (130, "cancelled"), "{operation}\n{}", run.log);
    assert!(run.log.contains("SIGINT received: cancelling"), "{}", run.log);
    assert!(run.log.lines().last().unwrap().contains(left_behind), "{operation}\n{}", run.log);
    assert!(aws.count("UpdateService") <= 1);
}

#[test]
fn while_it_looks_nothing_was_changed() {
    signalled_at("DescribeServices", 1, "cancelled before anything was changed");
    signalled_at("DescribeTaskDefinition", 1, "cancelled before anything was changed");
    signalled_at("BatchGetImage", 1, "cancelled before anything was changed");
}

#[test]
fn while_it_registers_nothing_was_deployed() {
    signalled_at("RegisterTaskDefinition", 1, "nothing was deployed");
}

#[test]
fn while_it_updates_the_answer_is_awaited_a_moment() {
    signalled_at("UpdateService", 1, "goes on");
}

#[test]
fn while_it_watches_the_deployment_goes_on() {
    signalled_at("DescribeServices", 3, "goes on");
}
