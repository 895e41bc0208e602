//! Built once, found again, and what its digest says.

use std::fs;

use super::{
    SMALL, assert_end, aws, build, context, digest_of, noting_docker, path_with, pulled,
    repository, tags,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn an_image_is_built_pushed_and_handed_on_by_its_digest() {
    let repository = repository("built", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build(&repository, context.path())
        .input("tags", "one\ntwo")
        .input("labels", "team=todo")
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .run();
    assert_end(&run, "built", 0);
    let digest = run.output("digest");
    assert_eq!(run.output("image"), format!("{}/{repository}@{digest}", aws().registry()));
    assert_eq!(run.output("repository-uri"), format!("{}/{repository}", aws().registry()));
    assert_eq!(run.output("tags"), "one\ntwo");
    assert!(run.output("size").parse::<u64>().unwrap() > 100, "{run:#?}");
    for tag in ["one", "two"] {
        assert_eq!(digest_of(&repository, tag).as_deref(), Some(digest));
    }
    let labels = &pulled(run.output("image"))["Labels"];
    assert_eq!(labels["team"], "todo");
    assert_eq!(labels["org.opencontainers.image.revision"], COMMIT);
    assert_eq!(labels["org.opencontainers.image.source"], "https://github.com/octo/todo");
    assert_eq!(labels["org.opencontainers.image.created"], "2023-11-14T22:13:20Z");
    for part in ["### Image built", digest, "`one` `two`", "fingerprint-", "calls"] {
        assert!(run.summary.contains(part), "{part}: {}", run.summary);
    }
    // Docker's own progress, as text that is not ours.
    assert!(run.log.contains("│ ") && run.log.contains("COPY app /app"), "{run:#?}");
}

#[test]
fn the_same_content_is_never_built_again() {
    let repository = repository("once", "IMMUTABLE");
    let context = context(&SMALL);
    let first = build(&repository, context.path()).run();
    assert_end(&first, "built", 0);
    assert_eq!(first.output("tags"), COMMIT);

    // Another checkout of the same content, for another commit: other times, and the name is put on what is there.
    let app = fs::File::options().write(true).open(context.path().join("app")).unwrap();
    app.set_modified(std::time::UNIX_EPOCH).unwrap();
    let (shim, notes) = noting_docker("");
    let again = build(&repository, context.path())
        .env("GITHUB_SHA", "f".repeat(40))
        .env("PATH", path_with(&shim))
        .run();
    assert_end(&again, "exists", 0);
    assert_eq!(again.output("digest"), first.output("digest"));
    assert_eq!(digest_of(&repository, &"f".repeat(40)).as_deref(), Some(first.output("digest")));
    assert!(again.log.contains("1 of them writing"), "{again:#?}");
    assert!(!notes.exists(), "docker was not even started");

    // The same commit once more needs nothing at all.
    let rerun = build(&repository, context.path()).run();
    assert_end(&rerun, "exists", 0);
    assert!(rerun.log.contains("none of them writing"), "{rerun:#?}");

    // One byte, and it is another image.
    fs::write(context.path().join("data/list"), "2\n").unwrap();
    let changed = build(&repository, context.path()).input("tags", "changed").run();
    assert_end(&changed, "built", 0);
    assert_ne!(changed.output("digest"), first.output("digest"));
}

#[test]
fn a_base_image_that_moved_makes_another_image() {
    let base = repository("base", "MUTABLE");
    let app = repository("on-base", "MUTABLE");
    let layer = context(&SMALL);
    let push_base = || assert_end(&build(&base, layer.path()).input("tags", "1").run(), "built", 0);
    push_base();
    let from = format!("FROM {}/{base}:1\nCOPY own /own\n", aws().registry());
    let context = context(&[("Dockerfile", &from), ("own", "x")]);
    let first = build(&app, context.path()).run();
    assert_end(&first, "built", 0);
    assert_end(&build(&app, context.path()).run(), "exists", 0);
    fs::write(layer.path().join("app"), "another program").unwrap();
    push_base();
    let second = build(&app, context.path()).run();
    assert_end(&second, "built", 0);
    assert_ne!(second.output("digest"), first.output("digest"));
}

#[test]
fn what_cannot_be_hashed_is_built_each_time() {
    let repository = repository("unhashable", "MUTABLE");
    // The `ADD` is in a stage that is not built, but the Dockerfile does not promise that.
    let context = context(&[
        (
            "Dockerfile",
            "FROM scratch AS far\nADD https://127.0.0.1:1/x /x\nFROM scratch\nCOPY app /app\n",
        ),
        ("app", "x"),
    ]);
    for _ in 0..2 {
        let run = build(&repository, context.path()).run();
        assert_end(&run, "built", 0);
        assert!(run.log.contains("no fingerprint: `ADD https://127.0.0.1:1/x /x`"), "{run:#?}");
    }
    assert_eq!(tags(&repository).len(), 1);
}

#[test]
fn a_tag_that_may_not_move_is_refused_and_the_same_image_is_not() {
    let repository = repository("frozen", "IMMUTABLE");
    let context = context(&SMALL);
    let first = build(&repository, context.path()).input("tags", "v1").run();
    assert_end(&first, "built", 0);
    fs::write(context.path().join("app"), "other").unwrap();
    let before = tags(&repository);
    let planned = build(&repository, context.path()).input("tags", "v1").arg("--dry-run").run();
    assert_end(&planned, "planned", 0);
    let refused = build(&repository, context.path()).input("tags", "v1").run();
    assert_end(&refused, "refused", 3);
    for run in [&planned, &refused] {
        assert!(run.output("reason").contains("`v1` may not move"), "{run:#?}");
        assert!(run.output("reason").contains(first.output("digest")), "{run:#?}");
    }
    assert_eq!(tags(&repository), before, "nothing was pushed to find that out");
    assert_eq!(refused.output("image"), "");

    // Without fingerprints the registry decides: the same image again is fine.
    fs::write(context.path().join("app"), SMALL[1].1).unwrap();
    let plain = |tag: &str| {
        build(&repository, context.path()).input("tags", tag).input("skip-existing", "false")
    };
    let one = plain("v2").run();
    assert_end(&one, "built", 0);
    let same = plain("v2").run();
    assert_end(&same, "built", 0);
    assert_eq!(same.output("digest"), one.output("digest"));
    fs::write(context.path().join("app"), "other").unwrap();
    let other = plain("v2").run();
    assert_end(&other, "refused", 3);
}

#[test]
fn without_buildx_the_classic_builder_does_it_and_what_is_lost_is_said() {
    let repository = repository("classic", "IMMUTABLE");
    let context = context(&SMALL);
    let (shim, _notes) = noting_docker("[ \"$1\" = buildx ] && exit 1");
    let run =
        build(&repository, context.path()).env("PATH", path_with(&shim)).input("tags", "1").run();
    assert_end(&run, "built", 0);
    assert!(run.log.contains("docker's buildx plugin is missing"), "{run:#?}");
    assert_eq!(digest_of(&repository, "1").as_deref(), Some(run.output("digest")));
    // Which builder it was is not part of the content.
    assert_end(&build(&repository, context.path()).input("tags", "2").run(), "exists", 0);
}

#[test]
fn a_dry_run_changes_nothing() {
    let context = context(&SMALL);
    let run = build("todo/planned", context.path())
        .input("create-repository", "true")
        .arg("--dry-run")
        .run();
    assert_end(&run, "planned", 0);
    for part in
        ["todo/planned is missing: it will be created", "build with", "none of them writing"]
    {
        assert!(run.log.contains(part), "{part}: {run:#?}");
    }
    let there = aws().call("ecr", "describe_repositories", &serde_json::json!({})).unwrap();
    assert!(!there.to_string().contains("todo/planned"), "{there}");
}

#[test]
fn a_missing_repository_is_created_where_that_was_asked_for() {
    let context = context(&SMALL);
    let run = build("todo/created", context.path()).input("create-repository", "true").run();
    assert_end(&run, "built", 0);
    let asked = serde_json::json!({ "repositoryNames": ["todo/created"] });
    let there = aws().call("ecr", "describe_repositories", &asked).unwrap();
    assert_eq!(there["repositories"][0]["imageTagMutability"], "IMMUTABLE");
}

#[test]
fn an_image_that_exists_is_loaded_into_the_engine_when_asked_for() {
    let repository = repository("loaded", "IMMUTABLE");
    let context = context(&SMALL);
    let first = build(&repository, context.path()).run();
    let reference = format!("{}/{repository}:{COMMIT}", aws().registry());
    let listed = || aws().docker_output(&["images", "--quiet", &reference]).unwrap();
    assert_eq!(listed(), "", "the engine has it under its fingerprint alone");
    let run = build(&repository, context.path()).arg("--load").run();
    assert_end(&run, "exists", 0);
    assert_eq!(run.output("digest"), first.output("digest"));
    assert_ne!(listed(), "");
}

#[test]
fn from_a_shell_the_outputs_are_json_alone() {
    let repository = repository("shell", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build(&repository, context.path()).shell().arg("--tags=a").arg("--json").run();
    assert_eq!(run.code, 0, "{run:#?}");
    let outputs: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(outputs["verdict"], "built");
    assert!(run.stderr.contains("built sha256:"), "{run:#?}");
}

/// A task definition that runs on `processor`.
pub(super) fn runs_on(family: &str, processor: &str) {
    let definition = serde_json::json!({
        "family": family, "runtimePlatform": { "cpuArchitecture": processor, "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [{ "name": "api", "image": "x", "memory": 64 }],
    });
    aws().call("ecs", "register_task_definition", &definition).unwrap();
}

#[test]
fn the_platform_is_the_one_of_the_task_definition() {
    let own = aws().docker_output(&["version", "--format", "{{.Server.Arch}}"]).unwrap();
    let (ours, other) = if own == "arm64" { ("ARM64", "X86_64") } else { ("X86_64", "ARM64") };
    runs_on("fits", ours);
    runs_on("fits-not", other);
    let repository = repository("fits", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build(&repository, context.path()).input("task-definition", "fits").run();
    assert_end(&run, "built", 0);
    assert!(run.log.contains(&format!("for `fits:1`, which runs on linux/{own}")), "{run:#?}");
    let again = build(&repository, context.path()).input("task-definition", "fits").run();
    assert_end(&again, "exists", 0);

    // This engine cannot build for the other one, and what it built does not fit it.
    let run = build(&repository, context.path()).input("task-definition", "fits-not").run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("does not build for"), "{run:#?}");
    let run = build(&repository, context.path())
        .input("task-definition", "fits-not")
        .input("platforms", format!("linux/{own}"))
        .run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("which is not among them"), "{run:#?}");
    aws().call("ecs", "create_cluster", &serde_json::json!({ "clusterName": "fits" })).unwrap();
    for (cluster, message) in [("fits", "there is no service `fits`"), ("fist", "`fist`")] {
        let run = build(&repository, context.path())
            .input("cluster", cluster)
            .input("service", "fits")
            .run();
        assert_end(&run, "failed", 2);
        assert!(run.output("reason").contains(message), "{run:#?}");
    }
    let run = build(&repository, context.path()).input("task-definition", "fist").run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("did you mean `fits`?"), "{run:#?}");
}

#[test]
fn an_image_that_came_out_for_another_platform_is_refused_before_a_tag_names_it() {
    if !aws().has_buildx() {
        return;
    }
    runs_on("misfit", "X86_64");
    let repository = repository("misfit", "IMMUTABLE");
    let context = context(&SMALL);
    // As when a Dockerfile pins `FROM --platform` to another one.
    let (shim, _notes) = noting_docker(
        "[ \"$3\" = inspect ] && [ \"$5\" = '{{json .Image}}' ] && { echo '{\"os\":\"linux\",\"architecture\":\"arm64\"}'; exit 0; }",
    );
    for _ in 0..2 {
        let run = build(&repository, context.path())
            .input("task-definition", "misfit")
            .input("tags", "v1")
            .env("PATH", path_with(&shim))
            .run();
        assert_end(&run, "refused", 3);
        assert!(run.output("reason").contains("`misfit:1` runs on linux/amd64"), "{run:#?}");
        assert_eq!(digest_of(&repository, "v1"), None);
    }
}
