//! Earlier revisions: found by commit, by number, or as the last other one that completed.

use scripted_aws::{RUNNING_IMAGE, ScriptedAws};

use crate::{REGISTER_AND_UPDATE, check, deploy};

const UPDATE: &str = "UpdateService";

#[test]
fn an_earlier_revision_is_deployed_again() {
    for (to, revision) in
        [("bbbbbbbbbbbb", "todo-api:42"), ("41", "todo-api:41"), ("todo-api:42", "todo-api:42")]
    {
        let aws = ScriptedAws::play("revisions-of-commits");
        let run = deploy(&aws).input("image", "").input("rollback-to", to).run();
        check(&run, 0, "deployed", &[&format!("`{revision}` serves")]);
        assert_eq!(aws.writes(), [UPDATE], "{}", run.log);
    }
}

#[test]
fn the_previous_revision_is_the_last_other_one_that_completed() {
    let aws = ScriptedAws::play("deployed");
    check(&deploy(&aws).run(), 0, "deployed", &["`todo-api:42` serves"]);
    let run = deploy(&aws).input("image", "").input("rollback-to", "previous").run();
    check(&run, 0, "deployed", &["`todo-api:41` serves"]);
    // And forth again: not "minus one".
    let run = deploy(&aws).input("image", "").input("rollback-to", "previous").run();
    check(&run, 0, "deployed", &["`todo-api:42` serves"]);
}

#[test]
fn an_earlier_revision_that_is_not_there_is_a_fault() {
    for (to, words) in [
        (
            "ddddddd",
            "no revision of `todo-api` is of the commit `ddddddd`: the newest are of `cccccccccccc`, `bbbbbbbbbbbb`",
        ),
        ("99", "there is no task definition `todo-api:99`"),
        ("previous", "which revision completed before cannot be told"),
        ("main", "is neither `previous` nor a commit"),
    ] {
        let aws = ScriptedAws::play("revisions-of-commits");
        let run = deploy(&aws).input("image", "").input("rollback-to", to).run();
        assert_eq!(run.code, 2, "{}", run.log);
        assert!(run.log.contains(words), "{words}\n{}", run.log);
        assert_eq!(aws.writes(), [""; 0]);
    }
    let aws = ScriptedAws::play("revisions-of-commits");
    let run = deploy(&aws).input("rollback-to", "41").run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(run.log.contains("cannot be used together with"), "{}", run.log);
}

#[test]
fn a_deregistered_revision_is_registered_again_and_deployed() {
    for (to, memory, of) in [("41", "1024", 'a'), ("bbbbbbb", "2048", 'b')] {
        let aws = ScriptedAws::play("deregistered-revisions");
        let run = deploy(&aws).input("image", "").input("rollback-to", to).run();
        check(&run, 0, "deployed", &["`todo-api:44` serves"]);
        assert!(run.log.contains("again, for it is INACTIVE by now"), "{}", run.log);
        let registered = aws.task_definition("todo-api:44");
        assert_eq!(registered["memory"], memory);
        assert_eq!(registered["tags"][0]["value"], of.to_string().repeat(40));
        assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    }
}

#[test]
fn a_revision_that_serves_several_commits_is_found_by_each() {
    let aws = ScriptedAws::play("deregistered-revisions");
    let run = deploy(&aws).input("image", "").input("rollback-to", "ccccccc").run();
    check(&run, 0, "unchanged", &["already runs `todo-api:43`"]);
    // The same content as the commit before: nothing to deploy, and the next `rollback-to` finds it by this commit too.
    let run = deploy(&aws).input("image", RUNNING_IMAGE).run();
    check(&run, 0, "unchanged", &[]);
    assert!(run.log.contains("tagged `todo-api:43` with this commit"), "{}", run.log);
    assert_eq!(aws.writes(), ["TagResource"]);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let tags = aws.task_definition("todo-api:43")["tags"].to_string();
    assert!(tags.contains(&format!("dddd {commit}")), "{tags}");
    let run = deploy(&aws).input("image", "").input("rollback-to", commit).run();
    check(&run, 0, "unchanged", &[]);
    let run = deploy(&aws).input("image", RUNNING_IMAGE).run();
    check(&run, 0, "unchanged", &[]);
    assert_eq!(aws.writes(), ["TagResource"], "once a commit");
}

#[test]
fn a_tag_that_may_not_be_set_is_no_reason_to_fail() {
    let denied = "- {on: TagResource, times: always, does: deny}";
    let aws = ScriptedAws::play_with("deregistered-revisions", denied);
    let run = deploy(&aws).input("image", RUNNING_IMAGE).run();
    check(&run, 0, "unchanged", &[]);
    assert!(run.log.contains("could not be tagged with this commit"), "{}", run.log);
}

#[test]
fn what_runs_and_is_inactive_is_no_way_back() {
    let aws = ScriptedAws::play("inactive-revision");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &["`todo-api:43` serves"]);
    assert!(run.log.contains("`todo-api:41`, which runs now, is INACTIVE"), "{}", run.log);
}
