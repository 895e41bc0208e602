//! The scan that keeps an image back: staged, since no emulator scans.

use scripted_aws::{Scenario, ScriptedAws};
use step_harness::{Run, Step};

use super::{SMALL, assert_end, build, context};

/// The image that this context makes was built before, and its scan goes as the scenario says.
fn staged(scenario: &str, inputs: impl Fn(Step) -> Step) -> (Run, ScriptedAws) {
    let context = context(&SMALL);
    let run = |aws: &ScriptedAws| {
        let step = build("todo/api", context.path()).endpoint(aws.endpoint());
        inputs(step.input("tags", "v9").input("platforms", "linux/amd64"))
    };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripted-aws/scenarios");
    let text = std::fs::read_to_string(format!("{path}/{scenario}.yaml")).unwrap();
    let planned = run(&ScriptedAws::play(scenario)).arg("--dry-run").run();
    let fingerprint =
        planned.log.lines().find(|line| line.starts_with("fingerprint-")).unwrap().to_owned();
    let text = text.replace("FINGERPRINT:", &format!("{fingerprint}:"));
    let aws = ScriptedAws::stage(&Scenario::parse(scenario, &text).unwrap());
    (run(&aws).input("scan", "wait").run(), aws)
}

#[test]
fn a_finding_keeps_the_image_back_before_a_tag_names_it() {
    let (run, aws) = staged("scan-enhanced", |step| step.input("fail-on", "high"));
    assert_end(&run, "refused", 3);
    assert_eq!(run.output("scan-findings"), r#"{"high":1,"critical":1}"#);
    assert_eq!(run.output("image"), "");
    for part in ["CVE-2026-1111 (critical) in zlib 1.3.1", "openssl 3.0.1, fixed in 3.0.2"] {
        assert!(run.output("reason").contains(part), "{part}: {run:#?}");
    }
    assert!(!run.everything().contains("CVE-2026-3333"), "it was suppressed: {run:#?}");
    for part in [
        "### Image refused",
        "1 critical, 1 high",
        "| high | CVE-2026-2222 | `openssl` | `3.0.1` | `3.0.2` |",
    ] {
        assert!(run.summary.contains(part), "{part}: {}", run.summary);
    }
    // There was no scan yet: one was asked for, and nothing else was written.
    assert_eq!(aws.writes(), ["StartImageScan"]);
}

#[test]
fn what_cannot_be_fixed_may_pass() {
    let (run, aws) = staged("scan-enhanced", |step| step.input("only-fixable", "true"));
    assert_end(&run, "exists", 0);
    assert_eq!(run.output("scan-findings"), r#"{"high":1,"critical":1}"#);
    assert_eq!(aws.writes(), ["StartImageScan", "PutImage"]);
    let (run, _aws) =
        staged("scan-enhanced", |step| step.input("only-fixable", "true").input("fail-on", "low"));
    assert_end(&run, "refused", 3);
    assert!(!run.output("reason").contains("zlib"), "{run:#?}");
}

#[test]
fn basic_scanning_says_nothing_of_fixes_and_every_finding_counts() {
    let (run, aws) =
        staged("scan-basic", |step| step.input("only-fixable", "true").input("fail-on", "high"));
    assert_end(&run, "refused", 3);
    assert!(
        run.output("reason").ends_with("found CVE-2026-2222 (high) in openssl 3.0.1"),
        "{run:#?}"
    );
    assert!(run.log.contains("does not say what can be fixed"), "{run:#?}");
    assert!(aws.writes().is_empty());
    let (run, _aws) = staged("scan-basic", |step| step);
    assert_end(&run, "exists", 0);
    assert_eq!(run.output("scan-findings"), r#"{"low":1,"high":1}"#);
}

#[test]
fn a_scan_that_came_to_no_end_is_no_success() {
    let (run, aws) = staged("scan-unsupported", |step| step);
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("operating system is not supported"), "{run:#?}");
    assert!(aws.writes().is_empty());
}
