//! Many files, large files, and an S3 that has a bad day.

use std::{thread, time::Duration};

use staged_s3::Fault;
use step_harness::{Run, Step};

use crate::fixture::{BUCKET, Site, asset, aws, ends, load_page, publish, served};

/// Runs the program and tells how many MiB it had at most.
fn run_and_weigh(step: Step) -> (Run, u64) {
    let running = step.spawn();
    let status = format!("/proc/{}/status", running.id());
    let mut most = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(peak) = peak else { break };
        most = most.max(peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024);
        thread::sleep(Duration::from_millis(10));
    }
    (running.finish(), most)
}

#[test]
fn ten_thousand_files_are_published_and_then_only_what_changed() {
    let (aws, site) = (aws(true), Site::new("a"));
    for number in 0..10_000 {
        site.write(&format!("docs/{}/{number}.txt", number % 100), &format!("file {number}"));
    }
    let (run, most) = run_and_weigh(publish(&aws, &site, "r1"));
    ends(&run, 0, "published");
    assert_eq!(served(&aws).len(), 10_004);
    assert!(most < 60, "{most} MiB");
    for number in 0..100 {
        site.write(&format!("docs/{number}/{number}.txt"), "changed");
    }
    aws.clear_log();
    let (run, most) = run_and_weigh(publish(&aws, &site, "r2"));
    ends(&run, 0, "published");
    assert_eq!(run.output("uploaded"), "100");
    assert!(aws.log().len() <= 108, "{} requests", aws.log().len());
    assert!(most < 60, "{most} MiB");
    aws.clear_log();
    ends(&publish(&aws, &site, "r2").run(), 0, "unchanged");
    assert_eq!(aws.log().len(), 3);
}

#[test]
fn two_gigabytes_go_in_parts_and_in_little_memory() {
    let (aws, site) = (aws(true), Site::new("a"));
    let file = std::fs::File::create(site.path().join("video.mp4")).unwrap();
    file.set_len(2 * 1024 * 1024 * 1024).unwrap();
    let (run, most) = run_and_weigh(publish(&aws, &site, "r1"));
    ends(&run, 0, "published");
    let video = aws.object(BUCKET, "video.mp4").unwrap();
    assert_eq!(video.size, 2 * 1024 * 1024 * 1024);
    assert!(video.etag.ends_with("-128"), "{}", video.etag);
    assert_eq!(video.header("content-type"), Some("video/mp4"));
    assert!(most < 60, "{most} MiB");
    // Its ETag is compared by parts.
    ends(&publish(&aws, &site, "r1").arg("--verify-remote").run(), 0, "unchanged");
}

#[test]
fn throttling_and_lost_answers_are_survived() {
    let (aws, site) = (aws(true), Site::new("a"));
    let fault = |operation, key, times, status, code, done| {
        aws.fail(Fault { operation, key, times, status, code, done });
    };
    fault("PutObject", "assets/", 3, 503, "SlowDown", false);
    fault("PutObject", "robots.txt", 2, 500, "InternalError", true);
    // Conditional writes that were done although nobody said so: the claim, and the word that the release is live.
    fault("PutObject", "current.json", 1, 500, "InternalError", true);
    fault("CreateInvalidation", "", 1, 503, "ServiceUnavailable", true);
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "published");
    assert!(load_page(&aws).is_ok());
    let current = aws.object(BUCKET, ".releases/current.json").unwrap();
    assert!(!String::from_utf8_lossy(&current.body).contains("claim"));

    site.release("b");
    fault("PutObject", "current.json", 1, 500, "InternalError", false);
    fault("GetObject", "", 2, 503, "SlowDown", false);
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "published");
    assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));
}

#[test]
fn a_file_that_cannot_be_sent_fails_the_run_and_leaves_the_old_site_whole() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.release("b");
    aws.fail(Fault {
        operation: "PutObject",
        key: "assets/",
        times: 100,
        status: 403,
        code: "AccessDenied",
        done: false,
    });
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 1, "failed");
    assert!(run.log.contains("s3:PutObject"), "{}", run.log);
    assert!(load_page(&aws).unwrap().contains("<h1>a</h1>"));
    assert!(!served(&aws).contains(&asset("b")));
}

#[test]
fn a_busy_cloudfront_is_waited_for() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.fail(Fault {
        operation: "CreateInvalidation",
        key: "",
        times: 1,
        status: 400,
        code: "TooManyInvalidationsInProgress",
        done: false,
    });
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "published");
    assert!(run.log.contains("CloudFront is busy"), "{}", run.log);
}
