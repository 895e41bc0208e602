//! What a run tells GitHub: a comment, a status, an issue. And what it asks.

use std::fs;

use scripted_github::{Fault, ScriptedGitHub};
use step_harness::Step;

use crate::root::{ROOT, Root};

const KEY: &str = "a key of sixteen and more";
const HEAD: &str = "89abcdef89abcdef89abcdef89abcdef89abcdef";

/// A step in a job that may speak to GitHub.
fn job(root: &Root, github: &ScriptedGitHub, command: &str) -> Step {
    root.step(command)
        .env("GITHUB_API_URL", github.url())
        .input("github-token", "a-token-of-a-job")
        .input("plan-key", KEY)
}

/// The same for a pull request.
fn pull_request(root: &Root, github: &ScriptedGitHub) -> Step {
    let event = root.path().join("event.json");
    let body = format!(
        "{{\"pull_request\":{{\"number\":7,\"head\":{{\"sha\":\"{HEAD}\"}},\"base\":{{\"sha\":\"b\"}}}}}}"
    );
    fs::write(&event, body).unwrap();
    job(root, github, "plan").env("GITHUB_EVENT_PATH", event)
}

#[test]
fn a_pull_request_gets_one_comment_and_its_head_the_fingerprint() {
    let (root, github) = (Root::new(ROOT), ScriptedGitHub::start());
    let run = pull_request(&root, &github).run();
    assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
    assert_eq!(pull_request(&root, &github).input("variables", "n=2").run().code, 0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    let body = comments[0]["body"].as_str().unwrap();
    assert!(body.starts_with("<!-- provision-infra plan: root (default) -->\n### Terraform: root"));
    assert!(body.contains("**4 to add, 2 outputs change**"), "{body}");
    assert!(body.contains("https://github.com/octo/todo/actions/runs/4711"), "{body}");
    assert!(!body.contains("c0rrect-horse"), "{body}");
    let statuses = github.statuses();
    assert_eq!(statuses.len(), 2);
    assert_eq!(statuses[1]["sha"], HEAD);
    assert_eq!(statuses[1]["context"], "provision-infra/root");
    assert_eq!(statuses[1]["description"], run.output("plan-fingerprint"));
    assert!(run.log.contains("the comment: https://github.com/c/1"), "{}", run.log);
}

#[test]
fn a_fork_has_the_summary_alone_and_fails_nothing() {
    let (root, github) = (Root::new(ROOT), ScriptedGitHub::start());
    for request in ["POST /repos/octo/todo/statuses", "POST /repos/octo/todo/issues"] {
        github.fault(request, Fault::not_allowed());
    }
    let run = pull_request(&root, &github).run();
    assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
    assert!(run.summary.contains("**4 to add"), "{}", run.summary);
    assert!(run.log.contains("the comment is left out, the summary has it"), "{}", run.log);
    assert!(!run.log.contains("::error"), "{}", run.log);
}

#[test]
fn a_comment_is_for_plans_that_somebody_wants_to_read() {
    let (root, github) = (Root::new(ROOT), ScriptedGitHub::start());
    assert_eq!(pull_request(&root, &github).input("comment", "false").run().code, 0);
    assert_eq!(pull_request(&root, &github).input("dry-run", "true").run().code, 0);
    assert_eq!(job(&root, &github, "plan").run().code, 0, "no pull request");
    assert_eq!(job(&root, &github, "apply").run().code, 0);
    let quiet = || pull_request(&root, &github).input("comment", "changes-only");
    assert_eq!(quiet().run().output("verdict"), "no-changes");
    assert_eq!(github.comments(7).len(), 0);
    assert_eq!(quiet().input("variables", "n=2").run().output("verdict"), "changes");
    assert_eq!(quiet().run().output("verdict"), "no-changes");
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0]["body"].as_str().unwrap().contains("**no changes**"), "{comments:?}");
}

#[test]
fn main_applies_what_the_pull_request_was_planned_with_and_nothing_else() {
    let (root, github) = (Root::new(ROOT), ScriptedGitHub::start());
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let apply = |variables: &str| {
        let step = job(&root, &github, "apply").input("plan-fingerprint", "reviewed");
        step.input("variables", variables).run()
    };
    let run = apply("");
    assert_eq!((run.code, run.output("verdict")), (4, "stale"), "{run:#?}");
    assert!(run.output("reason").contains("no plan of root was reviewed"), "{run:#?}");

    assert_eq!(pull_request(&root, &github).run().code, 0);
    github.merge(sha, HEAD);
    let run = apply("n=2");
    assert_eq!((run.code, run.output("verdict")), (4, "stale"), "{run:#?}");
    assert!(run.output("reason").contains("not among them: create terraform_data."), "{run:#?}");
    let run = apply("");
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");

    let run = root.step("apply").input("plan-key", KEY).input("plan-fingerprint", "reviewed").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("it needs `github-token`, in a job"), "{}", run.log);
}

#[test]
fn an_outage_of_github_decides_nothing() {
    let (root, github) = (Root::new(ROOT), ScriptedGitHub::start());
    for _ in 0..8 {
        github.fault("", Fault::html(502));
    }
    let run = pull_request(&root, &github).run();
    assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
    assert!(run.log.contains("the comment is not up to date"), "{}", run.log);
}
