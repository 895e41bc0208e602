//! What is wrong is told at once, before anything is changed.

use super::{SMALL, assert_end, aws, build, context, repository, tags, with_a_shell};

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let repository = repository("wrong", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build("todo/wrogn", &context.path().join("nothing"))
        .input("platforms", "linux/s390x")
        .run();
    assert_end(&run, "failed", 2);
    for part in [
        "there is no repository `todo/wrogn`; did you mean `todo/wrong`?",
        "there is no directory",
        "does not build for `linux/s390x`",
    ] {
        assert!(run.output("reason").contains(part), "{part}: {run:#?}");
    }

    let run = build(&repository, context.path())
        .input("platforms", "linux/amd46")
        .input("tags", "a:b")
        .input("build-args", "novalue")
        .run();
    assert_end(&run, "failed", 2);
    for part in ["did you mean `linux/amd64`?", "the part after the colon", "lines are `KEY=VALUE`"]
    {
        assert!(run.output("reason").contains(part), "{part}: {run:#?}");
    }

    let run = build(&repository, context.path()).input("target", "nothing").run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("there is no stage `nothing`"), "{run:#?}");
    let file = context.path().join("Dockerfil");
    let run = build(&repository, context.path()).input("file", file).run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("did you mean"), "{run:#?}");
    assert!(tags(&repository).is_empty());
}

#[test]
fn a_build_that_fails_names_its_cause() {
    let repository = repository("fails", "IMMUTABLE");
    let dockerfile = format!("FROM {}\nRUN echo cannot go on && exit 3\n", with_a_shell());
    let context = context(&[("Dockerfile", &dockerfile)]);
    let run = build(&repository, context.path()).run();
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("exit code: 3"), "{run:#?}");
    assert!(run.log.contains("cannot go on"), "{run:#?}");
    assert!(run.summary.contains("### Image not built"), "{}", run.summary);
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let repository = repository("no-engine", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build(&repository, context.path()).env("DOCKER_HOST", "tcp://127.0.0.1:1").run();
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("the Docker engine does not answer"), "{run:#?}");
    assert!(run.log.contains("DOCKER_HOST"), "{run:#?}");
    let run = build(&repository, context.path()).env("PATH", "/nonexistent").run();
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("`docker` cannot be started"), "{run:#?}");
}

#[test]
fn a_registry_that_is_not_ecrs_is_told_from_a_push_that_failed() {
    let repository = repository("elsewhere", "IMMUTABLE");
    let context = context(&SMALL);
    let _alive = aws();
    let run = build(&repository, context.path()).input("registry", "127.0.0.1:1").run();
    assert_end(&run, "failed", 1);
    assert!(run.output("reason").contains("connection refused"), "{run:#?}");
}
