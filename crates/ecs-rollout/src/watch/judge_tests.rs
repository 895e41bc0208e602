//! Timelines of snapshots on a clock that is only a number.

use ecs_tasks::StoppedContainer;

use super::*;
use crate::service::{Service, Settings};

const OLD: &str = "arn:aws:ecs:eu-west-1:1:task-definition/api:6";
const NEW: &str = "arn:aws:ecs:eu-west-1:1:task-definition/api:7";
const THIRD: &str = "arn:aws:ecs:eu-west-1:1:task-definition/api:8";

fn rolling() -> Settings {
    Settings { strategy: "ROLLING".to_owned(), ..Settings::default() }
}

fn ours() -> Ours {
    Ours {
        id: "ecs-svc/2".to_owned(),
        definition: NEW.to_owned(),
        previous: Some(OLD.to_owned()),
        before: ["ecs-svc/1".to_owned()].into(),
        settings: rolling(),
        max_failed_tasks: 2,
        ..Ours::default()
    }
}

fn with_breaker() -> Ours {
    Ours { settings: Settings { breaker: true, rolls_back: true, ..rolling() }, ..ours() }
}

fn deployment(id: &str, definition: &str, state: State, running: i32) -> Deployment {
    Deployment {
        id: id.to_owned(),
        definition: definition.to_owned(),
        desired: 2,
        running,
        pending: 2 - running.min(2),
        state,
        ..Deployment::default()
    }
}

/// The first deployment is PRIMARY.
fn look(at: f64, deployments: Vec<Deployment>) -> Snapshot {
    let mut deployments = deployments;
    if let Some(first) = deployments.first_mut() {
        first.is_primary = true;
    }
    Snapshot {
        at,
        service: Service { desired: 2, deployments, ..Service::default() },
        record: None,
    }
}

fn recorded(mut snapshot: Snapshot, status: &str) -> Snapshot {
    snapshot.record = Some(Record { status: status.to_owned(), ..Record::default() });
    snapshot
}

fn crashed(id: usize, ran: bool) -> StoppedTask {
    StoppedTask {
        arn: format!("task/{id}"),
        started_by: "ecs-svc/2".to_owned(),
        started_at: ran.then_some(1.0),
        stop_code: Some("EssentialContainerExited".to_owned()),
        containers: vec![StoppedContainer {
            name: "api".to_owned(),
            exit_code: Some(1),
            ..StoppedContainer::default()
        }],
        ..StoppedTask::default()
    }
}

/// Plays snapshots; the end, and when it fell.
fn play(ours: Ours, snapshots: Vec<Snapshot>) -> Option<(f64, End)> {
    let mut judge = Judge::new(ours);
    snapshots.into_iter().find_map(|snapshot| Some((snapshot.at, judge.see(&snapshot).end?)))
}

#[test]
fn deployed_when_ecs_says_completed_though_old_tasks_drain() {
    let end = play(
        ours(),
        vec![
            look(
                0.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::InProgress, 0),
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                ],
            ),
            look(
                20.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::InProgress, 2),
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                ],
            ),
            look(
                30.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::Completed, 2),
                    deployment("ecs-svc/1", OLD, State::Completed, 1),
                ],
            ),
        ],
    );
    assert_eq!(end, Some((30.0, End::Deployed { without_tasks: false })));
}

#[test]
fn an_answer_from_before_the_update_is_waited_out() {
    let stale = |at| look(at, vec![deployment("ecs-svc/1", OLD, State::Completed, 2)]);
    let end = play(
        ours(),
        vec![
            stale(0.0),
            stale(2.0),
            look(4.0, vec![deployment("ecs-svc/2", NEW, State::Completed, 2)]),
        ],
    );
    assert_eq!(end, Some((4.0, End::Deployed { without_tasks: false })));
    let lost = play(ours(), vec![stale(0.0), stale(61.0)]);
    assert!(matches!(lost, Some((_, End::Failed { reason })) if reason.contains("not known")));
}

#[test]
fn a_breaker_that_rolls_back_between_two_looks_is_recognised() {
    // Never seen failing: the next look shows a new deployment of the previous revision.
    let end = play(
        with_breaker(),
        vec![
            look(
                0.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::InProgress, 0),
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                ],
            ),
            look(5.0, vec![deployment("ecs-svc/3", OLD, State::Completed, 2)]),
        ],
    );
    assert_eq!(end, Some((5.0, End::RolledBack { to: OLD.to_owned() })));
}

#[test]
fn the_local_emulator_brings_the_old_deployment_back_under_its_own_id() {
    let end = play(
        with_breaker(),
        vec![
            look(
                0.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::InProgress, 0),
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                ],
            ),
            look(
                1.0,
                vec![
                    deployment("ecs-svc/1", OLD, State::InProgress, 2),
                    deployment("ecs-svc/2", NEW, State::Failed, 0),
                ],
            ),
            look(
                2.0,
                vec![
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                    deployment("ecs-svc/2", NEW, State::Failed, 0),
                ],
            ),
        ],
    );
    assert_eq!(end, Some((2.0, End::RolledBack { to: OLD.to_owned() })));
    // Even when both fall between two looks.
    let end = play(
        with_breaker(),
        vec![look(
            0.0,
            vec![
                deployment("ecs-svc/1", OLD, State::Completed, 2),
                deployment("ecs-svc/2", NEW, State::Failed, 0),
            ],
        )],
    );
    assert_eq!(end, Some((0.0, End::RolledBack { to: OLD.to_owned() })));
}

#[test]
fn failed_is_the_end_only_where_nobody_takes_it_back() {
    let failed = |at| {
        look(
            at,
            vec![
                deployment("ecs-svc/2", NEW, State::Failed, 0),
                deployment("ecs-svc/1", OLD, State::Completed, 2),
            ],
        )
    };
    assert!(matches!(play(ours(), vec![failed(0.0)]), Some((_, End::Failed { .. }))));
    assert_eq!(play(with_breaker(), vec![failed(0.0), failed(30.0)]), None);
    assert!(matches!(
        play(with_breaker(), vec![failed(0.0), failed(91.0)]),
        Some((_, End::Failed { .. }))
    ));
    let first_ever = Ours { previous: None, ..with_breaker() };
    assert!(matches!(play(first_ever, vec![failed(0.0)]), Some((_, End::Failed { .. }))));
}

#[test]
fn a_third_revision_is_somebody_elses() {
    let end = play(
        with_breaker(),
        vec![
            look(
                0.0,
                vec![
                    deployment("ecs-svc/2", NEW, State::InProgress, 1),
                    deployment("ecs-svc/1", OLD, State::Completed, 2),
                ],
            ),
            look(
                5.0,
                vec![
                    deployment("ecs-svc/3", THIRD, State::InProgress, 0),
                    deployment("ecs-svc/2", NEW, State::InProgress, 1),
                ],
            ),
        ],
    );
    assert_eq!(
        end,
        Some((5.0, End::Superseded { by: "ecs-svc/3".to_owned(), definition: THIRD.to_owned() }))
    );
    // Also when ours was never seen.
    let end =
        play(ours(), vec![look(5.0, vec![deployment("ecs-svc/3", THIRD, State::Completed, 2)])]);
    assert!(matches!(end, Some((_, End::Superseded { .. }))));
}

#[test]
fn the_same_revision_forced_and_rolled_back_is_told_from_a_newer_one() {
    let forced = Ours { previous: Some(NEW.to_owned()), ..with_breaker() };
    let replaced = |state| {
        vec![look(
            5.0,
            vec![
                deployment("ecs-svc/3", NEW, State::Completed, 2),
                deployment("ecs-svc/2", NEW, state, 0),
            ],
        )]
    };
    assert!(matches!(
        play(forced.clone(), replaced(State::Failed)),
        Some((_, End::RolledBack { .. }))
    ));
    assert!(matches!(play(forced, replaced(State::InProgress)), Some((_, End::Superseded { .. }))));
}

#[test]
fn the_record_has_the_last_word_where_it_may_be_read() {
    let replaced = || {
        look(
            5.0,
            vec![
                deployment("ecs-svc/3", OLD, State::InProgress, 2),
                deployment("ecs-svc/2", NEW, State::InProgress, 0),
            ],
        )
    };
    assert_eq!(play(with_breaker(), vec![recorded(replaced(), "ROLLBACK_IN_PROGRESS")]), None);
    let failed = play(with_breaker(), vec![recorded(replaced(), "ROLLBACK_FAILED")]);
    assert!(matches!(failed, Some((_, End::RollbackFailed { .. }))));
    let early =
        recorded(look(5.0, vec![deployment("ecs-svc/2", NEW, State::InProgress, 2)]), "SUCCESSFUL");
    assert!(matches!(play(ours(), vec![early]), Some((_, End::Deployed { .. }))));
    let stopped =
        recorded(look(5.0, vec![deployment("ecs-svc/2", NEW, State::InProgress, 2)]), "STOPPED");
    assert!(matches!(play(ours(), vec![stopped]), Some((_, End::Failed { .. }))));
}

#[test]
fn a_canary_is_done_when_its_record_says_so() {
    let canary = Ours {
        settings: Settings { strategy: "CANARY".to_owned(), ..Settings::default() },
        ..ours()
    };
    let full = |at| look(at, vec![deployment("ecs-svc/2", NEW, State::Completed, 2)]);
    assert_eq!(
        play(
            canary.clone(),
            vec![recorded(full(0.0), "IN_PROGRESS"), recorded(full(300.0), "IN_PROGRESS")]
        ),
        None
    );
    assert!(matches!(
        play(canary, vec![recorded(full(0.0), "SUCCESSFUL")]),
        Some((_, End::Deployed { .. }))
    ));
}

#[test]
fn unknown_states_are_told_once_and_watched_on() {
    let mut judge = Judge::new(ours());
    let strange =
        |at| look(at, vec![deployment("ecs-svc/2", NEW, State::Unknown("PRE_X".to_owned()), 1)]);
    let first = judge.see(&strange(0.0));
    assert!(first.events.contains(&Event::Unknown("PRE_X".to_owned())) && first.end.is_none());
    assert!(!judge.see(&strange(1.0)).events.contains(&Event::Unknown("PRE_X".to_owned())));
}

#[test]
fn without_a_breaker_failures_are_counted_here() {
    let mut judge = Judge::new(ours());
    let going = |at| look(at, vec![deployment("ecs-svc/2", NEW, State::InProgress, 0)]);
    assert_eq!(judge.see(&going(0.0)).end, None);
    judge.see_tasks(1.0, vec![crashed(1, false)], None);
    assert_eq!(judge.see(&going(1.0)).end, None);
    judge.see_tasks(2.0, vec![crashed(2, false)], None);
    assert!(
        matches!(judge.see(&going(2.0)).end, Some(End::Failed { reason }) if reason.contains("2 tasks failed"))
    );
}

#[test]
fn a_breaker_that_counts_is_awaited_and_a_crash_loop_after_running_is_not() {
    let mut judge = Judge::new(with_breaker());
    let going = |at, failed| {
        let mut deployment = deployment("ecs-svc/2", NEW, State::InProgress, 0);
        deployment.failed = failed;
        look(at, vec![deployment])
    };
    judge.see_tasks(0.0, vec![crashed(1, false), crashed(2, false), crashed(3, false)], None);
    assert_eq!(judge.see(&going(10.0, 3)).end, None);
    judge.see_tasks(10.0, (4..9).map(|id| crashed(id, true)).collect(), None);
    assert_eq!(judge.see(&going(12.0, 3)).end, None, "ECS may yet count them");
    assert!(
        matches!(judge.see(&going(15.0, 0)).end, Some(End::Failed { reason }) if reason.contains("after they were RUNNING"))
    );
}

#[test]
fn tasks_of_others_do_not_count() {
    let mut judge = Judge::new(ours());
    let theirs = StoppedTask { started_by: "ecs-svc/1".to_owned(), ..crashed(1, true) };
    let emulated = StoppedTask {
        started_by: "api".to_owned(),
        definition: NEW.to_owned(),
        created_at: Some(99.5),
        ..crashed(2, true)
    };
    let too_old = StoppedTask { created_at: Some(50.0), ..emulated.clone() };
    let scaled_in = StoppedTask {
        stop_code: Some("ServiceSchedulerInitiated".to_owned()),
        reason: Some("Scaling activity initiated by (deployment ecs-svc/2)".to_owned()),
        ..crashed(3, true)
    };
    let mine = judge.see_tasks(0.0, vec![theirs, emulated, too_old, scaled_in], Some(100.0));
    assert_eq!(mine.iter().map(|task| task.arn.as_str()).collect::<Vec<_>>(), ["task/2", "task/3"]);
    assert_eq!(judge.failures.len(), 1);
}

#[test]
fn our_own_rollback_is_watched_to_its_end() {
    let mut judge = Judge::new(ours());
    let going = look(
        0.0,
        vec![
            deployment("ecs-svc/2", NEW, State::Failed, 0),
            deployment("ecs-svc/1", OLD, State::Completed, 2),
        ],
    );
    assert!(matches!(judge.see(&going).end, Some(End::Failed { .. })));
    judge.expect_rollback(Some("ecs-svc/3".to_owned()));
    assert_eq!(judge.see(&Snapshot { at: 1.0, ..going }).end, None, "not begun yet");
    let back = |at, state| {
        look(
            at,
            vec![
                deployment("ecs-svc/3", OLD, state, 2),
                deployment("ecs-svc/2", NEW, State::Failed, 0),
            ],
        )
    };
    assert_eq!(judge.see(&back(2.0, State::InProgress)).end, None);
    assert_eq!(
        judge.see(&back(3.0, State::Completed)).end,
        Some(End::RolledBack { to: OLD.to_owned() })
    );
}

#[test]
fn desired_zero_is_deployed_with_nothing_running() {
    let mut empty = deployment("ecs-svc/2", NEW, State::Completed, 0);
    (empty.desired, empty.pending) = (0, 0);
    assert_eq!(
        play(ours(), vec![look(0.0, vec![empty])]),
        Some((0.0, End::Deployed { without_tasks: true }))
    );
}

#[test]
fn autoscaling_in_between_changes_nothing() {
    let scaled = |at, desired, running, state| {
        let mut deployment = deployment("ecs-svc/2", NEW, state, running);
        (deployment.desired, deployment.pending) = (desired, desired - running);
        look(at, vec![deployment])
    };
    let end = play(
        ours(),
        vec![
            scaled(0.0, 2, 1, State::InProgress),
            scaled(5.0, 6, 2, State::InProgress),
            scaled(9.0, 6, 6, State::Completed),
        ],
    );
    assert_eq!(end, Some((9.0, End::Deployed { without_tasks: false })));
}
