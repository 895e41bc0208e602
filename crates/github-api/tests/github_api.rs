//! The calls against a GitHub that limits, fails, and loses answers.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use github_api::{GitHub, Missing, RunState};
use scripted_github::{Fault, ScriptedGitHub};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

const MARKER: &str = "<!-- ours -->";

fn client(server: &ScriptedGitHub) -> GitHub {
    let token = SecretString::from("a-token");
    GitHub::new(server.url(), "octo/todo", token, CancellationToken::new()).unwrap()
}

async fn keep(server: &ScriptedGitHub, body: &str) -> Option<String> {
    client(server).keep_comment(7, MARKER, body, Missing::Create).await.unwrap()
}

#[tokio::test]
async fn there_is_one_comment_and_it_is_updated_in_place() {
    let server = ScriptedGitHub::start();
    assert_eq!(keep(&server, "one").await.as_deref(), Some("https://github.com/c/1"));
    keep(&server, "two").await;
    keep(&server, "two").await;
    let comments = server.comments(7);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0]["body"], "<!-- ours -->\ntwo");
    assert_eq!(
        server.writes(),
        ["POST /repos/octo/todo/issues/7/comments", "PATCH /repos/octo/todo/issues/comments/1",],
        "what is said already is not said again"
    );
}

#[tokio::test]
async fn nothing_to_say_makes_no_comment_and_updates_one() {
    let server = ScriptedGitHub::start();
    let quiet = async |body: &str| {
        client(&server).keep_comment(7, MARKER, body, Missing::Leave).await.unwrap()
    };
    assert_eq!(quiet("nothing").await, None);
    keep(&server, "something").await;
    assert!(quiet("nothing").await.is_some());
    assert_eq!(server.comments(7)[0]["body"], "<!-- ours -->\nnothing");
}

#[tokio::test]
async fn it_is_found_on_a_later_page_among_those_of_others() {
    let server = ScriptedGitHub::start();
    for _ in 0..150 {
        server.add_comment(7, "CONTRIBUTOR", "hello");
    }
    // A stranger's comment that looks like ours is not ours: it would be the stranger's to edit.
    server.add_comment(7, "NONE", "<!-- ours -->\nforged");
    keep(&server, "one").await;
    keep(&server, "two").await;
    assert_eq!(server.comments(7).len(), 152);
    assert_eq!(server.comments(7)[150]["body"], "<!-- ours -->\nforged");
    assert_eq!(server.comments(7)[151]["body"], "<!-- ours -->\ntwo");
}

#[tokio::test]
async fn a_comment_that_a_person_edited_says_again_what_is_so() {
    let server = ScriptedGitHub::start();
    keep(&server, "two to destroy").await;
    server.edit_comment(1, "<!-- ours -->\nnothing to see");
    keep(&server, "two to destroy").await;
    assert_eq!(server.comments(7)[0]["body"], "<!-- ours -->\ntwo to destroy");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_comment() {
    let server = ScriptedGitHub::start();
    server.fault("POST", Fault::LoseAnswer);
    keep(&server, "one").await;
    assert_eq!(server.comments(7).len(), 1);
    assert_eq!(server.writes().len(), 1);

    // This one never arrived, and is sent again.
    let server = ScriptedGitHub::start();
    server.fault("POST", Fault::html(502));
    keep(&server, "one").await;
    assert_eq!((server.comments(7).len(), server.writes().len()), (1, 2));
}

#[tokio::test]
async fn limits_are_waited_for_and_outages_are_passed_over() {
    let server = ScriptedGitHub::start();
    let primary = Fault::Answer {
        status: 429,
        headers: vec![("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset", "1".into())],
        body: r#"{"message":"API rate limit exceeded"}"#.to_owned(),
    };
    server.fault("GET", primary);
    server.fault("GET", Fault::html(503));
    server.fault("GET", Fault::html(502));
    server.fault("POST", Fault::secondary_limit(1));
    keep(&server, "one").await;
    assert_eq!(server.comments(7).len(), 1);
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_limit_that_lasts_is_not_waited_for() {
    let server = ScriptedGitHub::start();
    server.fault("GET", Fault::secondary_limit(3600));
    let refused = client(&server).keep_comment(7, MARKER, "one", Missing::Create).await;
    assert!(refused.unwrap_err().to_string().contains("secondary rate limit"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_missing_right_is_told_at_once() {
    let server = ScriptedGitHub::start();
    server.fault("POST", Fault::not_allowed());
    let refused = client(&server).keep_comment(7, MARKER, "one", Missing::Create).await;
    let error = refused.unwrap_err();
    assert!(error.is_not_allowed(), "{error}");
    assert_eq!(
        error.to_string(),
        "GitHub refused the comment on #7: Resource not accessible by integration"
    );
}

#[tokio::test]
async fn one_issue_is_opened_updated_closed_and_opened_anew() {
    let server = ScriptedGitHub::start();
    let github = client(&server);
    assert_eq!(github.close_issue(MARKER, "gone").await.unwrap(), None);
    server.fault("POST", Fault::LoseAnswer);
    github.keep_issue(MARKER, "Drift", "a").await.unwrap();
    github.keep_issue(MARKER, "Drift", "b").await.unwrap();
    github.keep_issue(MARKER, "Drift", "b").await.unwrap();
    assert_eq!(server.issues().len(), 1);
    assert_eq!(server.issues()[0]["body"], "<!-- ours -->\nb");
    assert_eq!(server.writes().len(), 2);
    github.close_issue(MARKER, "gone").await.unwrap();
    assert_eq!(server.issues()[0]["state"], "closed");
    github.keep_issue(MARKER, "Drift", "c").await.unwrap();
    assert_eq!(server.issues().len(), 2);
}

#[tokio::test]
async fn the_status_of_a_merged_head_is_found() {
    let server = ScriptedGitHub::start();
    let github = client(&server);
    github.set_status("head", "plan/dev", "f1", "https://run").await.unwrap();
    github.set_status("head", "plan/dev", "f2", "https://run").await.unwrap();
    github.set_status("head", "plan/prod", "f3", "https://run").await.unwrap();
    server.merge("merged", "head");
    assert_eq!(github.merged_head("merged").await.unwrap().as_deref(), Some("head"));
    assert_eq!(github.merged_head("pushed").await.unwrap(), None);
    assert_eq!(github.status("head", "plan/dev").await.unwrap().as_deref(), Some("f2"));
    assert_eq!(github.status("head", "plan/none").await.unwrap(), None);
}

#[tokio::test]
async fn a_run_is_alive_over_or_unknown() {
    let server = ScriptedGitHub::start();
    server.run("1", "in_progress", None);
    server.run("2", "completed", Some("cancelled"));
    let state = async |run| client(&server).run_state(run, "1").await.unwrap();
    assert_eq!(state("1").await, RunState::Alive("in_progress".to_owned()));
    assert_eq!(state("2").await, RunState::Over("cancelled".to_owned()));
    assert_eq!(state("3").await, RunState::Unknown);
}
