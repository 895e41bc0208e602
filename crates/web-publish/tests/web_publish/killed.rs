//! A publish that is killed at each of its requests in turn. At no moment does a visitor load a page whose script is missing,
//! and the next run finishes what the killed one began.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use staged_s3::{Fate, StagedS3};
use step_harness::{Running, Step};

use crate::fixture::{
    BUCKET, DISTRIBUTION, EMPTY_EDGE, Site, asset, aws, ends, load_page, publish, roll_back,
    served, visit,
};

/// Edges keep pages for an hour, so that an invalidation that is forgotten shows.
const CACHED_PAGES: &str = "*.html: public, max-age=3600";

#[test]
fn a_publish_may_die_at_any_request_of_a_versioned_bucket() {
    die_everywhere(true, &change);
}

#[test]
fn a_publish_may_die_at_any_request_of_a_bucket_without_versions() {
    die_everywhere(false, &change);
}

#[test]
fn a_publish_that_prunes_may_die_at_any_request() {
    die_everywhere(true, &|aws, site| {
        change(aws, site).input("keep-releases", "1").input("keep-days", "0")
    });
}

#[test]
fn a_first_publish_may_die_at_any_request() {
    every_request(&|number, fate| {
        let (aws, site) = (aws(true), Site::new("b"));
        let run = publish(&aws, &site, "rb").input("cache-control", CACHED_PAGES);
        if !killed(&aws, run, number, fate) {
            return false;
        }
        converges(&aws, &site, "rb", number);
        true
    });
}

#[test]
fn a_rollback_may_die_at_any_request() {
    for versioned in [true, false] {
        every_request(&|number, fate| {
            let (aws, site) = before(versioned);
            ends(&change(&aws, &site).run(), 0, "published");
            let visitor = Visitor::start(&aws);
            let killed = killed(&aws, roll_back(&aws, "ra"), number, fate);
            if killed {
                let run = roll_back(&aws, "ra").run();
                assert_eq!(run.code, 0, "request {number}, {fate:?}: {run:#?}");
            }
            visitor.stop();
            assert!(load_page(&aws).unwrap().contains("<h1>a</h1>"), "request {number}, {fate:?}");
            assert!(served(&aws).contains("only-a.html"), "request {number}, {fate:?}");
            nothing_is_stale(&aws, number);
            killed
        });
    }
}

/// The site `a` is live, and edges have its pages.
fn before(versioned: bool) -> (StagedS3, Site) {
    let (aws, site) = (aws(versioned), Site::new("a"));
    site.write("only-a.html", "a");
    let run = publish(&aws, &site, "ra").input("cache-control", CACHED_PAGES).run();
    ends(&run, 0, "published");
    load_page(&aws).unwrap();
    visit(&aws, "/only-a.html");
    visit(&aws, "/robots.txt");
    (aws, site)
}

/// The site becomes `b`: a page changes, one is gone, one is new, a file beside them changes.
fn change(aws: &StagedS3, site: &Site) -> Step {
    site.release("b");
    let _gone_before = std::fs::remove_file(site.path().join("only-a.html"));
    site.write("only-b.html", "b");
    site.write("robots.txt", "b");
    publish(aws, site, "rb").input("cache-control", CACHED_PAGES)
}

fn die_everywhere(versioned: bool, run: &dyn Fn(&StagedS3, &Site) -> Step) {
    every_request(&|number, fate| {
        let (aws, site) = before(versioned);
        let visitor = Visitor::start(&aws);
        let killed = killed(&aws, run(&aws, &site), number, fate);
        if killed {
            let again = run(&aws, &site).run();
            assert_eq!(again.code, 0, "request {number}, {fate:?}: {again:#?}");
        }
        visitor.stop();
        if killed {
            converges(&aws, &site, "rb", number);
            let back = roll_back(&aws, "ra").run();
            let pruned = !served(&aws).contains(&asset("a"));
            assert!(pruned || back.code == 0, "request {number}, {fate:?}: {back:#?}");
        }
        killed
    });
}

/// Kills at the first request, the second, … until the program ends before it is killed.
fn every_request(attempt: &dyn Fn(usize, Fate) -> bool) {
    for fate in [Fate::Lost, Fate::Done] {
        let killed = (1..100).take_while(|number| attempt(*number, fate)).count();
        assert!((7..99).contains(&killed), "{killed} requests");
    }
}

/// Whether the program was killed; false: it ended before its request with that number.
fn killed(aws: &StagedS3, step: Step, number: usize, fate: Fate) -> bool {
    aws.clear_log();
    aws.stall_at(number, fate);
    let running: Running = step.spawn();
    let status = format!("/proc/{}/status", running.id());
    let ended = || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    };
    while !aws.has_stalled() && !ended() {
        thread::sleep(Duration::from_millis(2));
    }
    let killed = aws.has_stalled();
    if killed {
        running.signal("KILL");
    }
    running.finish();
    aws.resume();
    killed
}

/// After one more run the site is `site`, and the run after that has nothing to do.
fn converges(aws: &StagedS3, site: &Site, release: &str, number: usize) {
    let again = publish(aws, site, release).input("cache-control", CACHED_PAGES).run();
    assert_eq!(again.code, 0, "request {number}: {again:#?}");
    assert!(load_page(aws).unwrap().contains("<h1>b</h1>"), "request {number}");
    let mut expected: BTreeSet<String> =
        ["index.html", "robots.txt", "sw.js"].iter().map(ToString::to_string).collect();
    expected.insert(asset("b"));
    if site.path().join("only-b.html").exists() {
        expected.insert("only-b.html".to_owned());
    }
    let mut seen = served(aws);
    seen.remove(&asset("a"));
    assert_eq!(seen, expected, "request {number}");
    nothing_is_stale(aws, number);
    aws.clear_log();
    let idle = publish(aws, site, release).input("cache-control", CACHED_PAGES).run();
    ends(&idle, 0, "unchanged");
    assert_eq!(aws.log().len(), 3, "request {number}");
}

/// What edges answer is what the bucket has.
fn nothing_is_stale(aws: &StagedS3, number: usize) {
    for key in ["index.html", "only-a.html", "only-b.html", "robots.txt", "sw.js"] {
        let told = visit(aws, &format!("/{key}"));
        match aws.object(BUCKET, key) {
            Some(object) => assert_eq!(told.1.as_bytes(), object.body, "{key}, request {number}"),
            None => assert_eq!(told.0, 403, "{key}, request {number}"),
        }
    }
    assert!(!aws.invalidations(DISTRIBUTION).is_empty());
}

/// Two who load the page all the while: one whose edge keeps copies, and one who is the first at another edge.
struct Visitor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<usize, String>>,
}

impl Visitor {
    fn start(aws: &StagedS3) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let edges = [aws.site(DISTRIBUTION), aws.site(EMPTY_EDGE)];
        let thread = thread::spawn(move || {
            let get = |root: &str, path: &str| {
                let mut answer = ureq::get(format!("{root}{path}"))
                    .call()
                    .map_err(|error| format!("{path}: {error}"))?;
                answer.body_mut().read_to_string().map_err(|error| error.to_string())
            };
            let mut loads = 0;
            while !stopped.load(Ordering::Relaxed) {
                for root in &edges {
                    let page = get(root, "/")?;
                    for script in
                        page.split("src=").skip(1).filter_map(|rest| rest.split('>').next())
                    {
                        get(root, script)?;
                    }
                }
                loads += 1;
                thread::sleep(Duration::from_millis(1));
            }
            Ok(loads)
        });
        Self { stop, thread }
    }

    #[track_caller]
    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let loads = self.thread.join().unwrap().unwrap();
        assert!(loads > 0);
    }
}
