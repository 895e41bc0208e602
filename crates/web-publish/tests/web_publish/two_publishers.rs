//! Two publishers of one site: one wins, the other knows it, and the site is never a mixture.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use staged_s3::StagedS3;
use step_harness::{Running, Step};

use crate::fixture::{BUCKET, Site, aws, ends, load_page, publish, served};

const CLAIM: &str = "PutObject .releases/current.json";

/// As another workflow run.
fn in_run(step: Step, id: &str) -> Step {
    step.env("GITHUB_RUN_ID", id)
}

/// A site that takes its time: `count` files, one after the other.
fn slow(aws: &StagedS3, site: &Site, release: &str, count: usize) -> Step {
    for number in 0..count {
        site.write(&format!("files/{number}.txt"), release);
    }
    in_run(publish(aws, site, release).input("concurrency", "1"), release)
}

fn wait_for(aws: &StagedS3, line: &str) {
    let since = Instant::now();
    while !aws.log().iter().any(|one| one == line) {
        assert!(since.elapsed() < Duration::from_mins(1), "no `{line}` in {:?}", aws.log());
        thread::sleep(Duration::from_millis(5));
    }
}

fn signal(running: &Running, name: &str) {
    let pid = running.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[test]
fn whoever_comes_while_another_lives_is_superseded_and_told_by_whom() {
    let (aws, first, second) = (aws(true), Site::new("a"), Site::new("b"));
    aws.latency(20);
    let running = slow(&aws, &first, "111", 250).spawn();
    wait_for(&aws, CLAIM);
    let run = in_run(publish(&aws, &second, "222"), "222").run();
    ends(&run, 4, "superseded");
    assert_eq!(
        run.output("reason"),
        "superseded: release `111` is being published by https://github.com/octo/todo/actions/runs/111"
    );
    ends(&running.finish(), 0, "published");
    assert!(load_page(&aws).unwrap().contains("<h1>a</h1>"));
}

#[test]
fn a_dead_publisher_is_taken_over_after_five_seconds_and_at_once_by_its_own_run() {
    for (other, least) in [("222", 5), ("111", 0)] {
        let (aws, first, second) = (aws(true), Site::new("a"), Site::new("b"));
        aws.latency(10);
        let running = slow(&aws, &first, "111", 50).spawn();
        wait_for(&aws, "PutObject files/1.txt");
        running.signal("KILL");
        running.finish();
        aws.latency(0);
        let since = Instant::now();
        let run = in_run(publish(&aws, &second, "222").input("max-delete", "100%"), other).run();
        ends(&run, 0, "published");
        let took = since.elapsed();
        assert!(took >= Duration::from_secs(least), "{took:?}");
        assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));
        assert!(!served(&aws).iter().any(|key| key.starts_with("files/")), "{:?}", served(&aws));
    }
}

#[test]
fn a_publisher_that_says_that_it_stops_is_not_waited_for() {
    let (aws, first, second) = (aws(true), Site::new("a"), Site::new("b"));
    aws.latency(10);
    let running = slow(&aws, &first, "111", 100).spawn();
    wait_for(&aws, "PutObject files/1.txt");
    running.signal("TERM");
    let run = running.finish();
    ends(&run, 143, "cancelled");
    assert!(run.output("reason").contains("the next run finishes it"), "{run:#?}");
    let since = Instant::now();
    let run = in_run(publish(&aws, &second, "222").input("max-delete", "100%"), "222").run();
    ends(&run, 0, "published");
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));
}

#[test]
fn a_publisher_that_slept_too_long_writes_nothing_more() {
    let (aws, first, second) = (aws(true), Site::new("a"), Site::new("b"));
    aws.latency(10);
    let running = slow(&aws, &first, "111", 100).spawn();
    wait_for(&aws, "PutObject files/1.txt");
    signal(&running, "-STOP");
    let run = in_run(publish(&aws, &second, "222").input("max-delete", "100%"), "222").run();
    ends(&run, 0, "published");
    let before = aws.keys(BUCKET);
    signal(&running, "-CONT");
    let run = running.finish();
    ends(&run, 4, "superseded");
    assert!(run.output("reason").contains("`222` was published meanwhile"), "{run:#?}");
    // One request may have been on its way when it fell asleep.
    let late = aws.keys(BUCKET).len() - before.len();
    assert!(late <= 1, "{late} objects were written late");
    assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));
}

#[test]
fn of_two_that_begin_together_the_last_to_win_owns_the_whole_site() {
    for attempt in 0..3 {
        let (aws, first, second) = (aws(attempt != 1), Site::new("a"), Site::new("b"));
        aws.latency(5);
        let running = [
            in_run(publish(&aws, &first, "111"), "111").spawn(),
            in_run(publish(&aws, &second, "222"), "222").spawn(),
        ];
        let runs = running.map(Running::finish);
        for run in &runs {
            assert!(matches!(run.code, 0 | 4), "{run:#?}");
        }
        assert!(runs.iter().any(|run| run.code == 0));
        let current = aws.object(BUCKET, ".releases/current.json").unwrap().body;
        let current = String::from_utf8_lossy(&current).into_owned();
        let live = current.split("\"release\": \"").nth(1).unwrap();
        let name = if live.starts_with("111") { "a" } else { "b" };
        assert!(load_page(&aws).unwrap().contains(&format!("<h1>{name}</h1>")), "{current}");
        assert!(!current.contains("claim"), "{current}");
        let worker = aws.object(BUCKET, "sw.js").unwrap().body;
        assert_eq!(worker, format!("// {name}").as_bytes());
    }
}
