//! An image that goes from one repository to another as it is.

use super::{SMALL, assert_end, aws, build, context, digest_of, repository, tags};

#[test]
fn a_promoted_image_keeps_its_digest() {
    if !aws().has_buildx() {
        return;
    }
    let (dev, prod) = (repository("dev", "IMMUTABLE"), repository("prod", "IMMUTABLE"));
    let context = context(&SMALL);
    let built = build(&dev, context.path()).input("tags", "1").run();
    assert_end(&built, "built", 0);
    let digest = built.output("digest");
    let promote =
        |from: &str| build(&prod, context.path()).input("context", "").input("from-image", from);

    let planned = promote(built.output("image")).input("tags", "v1").arg("--dry-run").run();
    assert_end(&planned, "planned", 0);
    assert!(planned.output("reason").contains("copy "), "{planned:#?}");
    assert!(tags(&prod).is_empty());

    // It fits where it goes: what this engine could build does not matter.
    super::once::runs_on("promoted", "ARM64");
    let misfit = promote(built.output("image")).input("task-definition", "promoted");
    let own = aws().docker_output(&["version", "--format", "{{.Server.Arch}}"]).unwrap();
    if own == "amd64" {
        let misfit = misfit.run();
        assert_end(&misfit, "refused", 3);
        assert_eq!(digest_of(&prod, "v1"), None);
    }

    let run = promote(built.output("image")).input("tags", "v1").run();
    assert_end(&run, "exists", 0);
    assert_eq!(run.output("digest"), digest);
    assert_eq!(run.output("image"), format!("{}/{prod}@{digest}", aws().registry()));
    assert_eq!(digest_of(&prod, "v1").as_deref(), Some(digest));
    aws().docker_output(&["pull", "--quiet", run.output("image")]).unwrap();

    // By its tag, and it is there already: a name is all that it takes.
    let tagged = format!("{}/{dev}:1", aws().registry());
    let again = promote(&tagged).input("tags", "v2").run();
    assert_end(&again, "exists", 0);
    assert_eq!(digest_of(&prod, "v2").as_deref(), Some(digest));
    assert!(again.log.contains("1 of them writing"), "{again:#?}");

    // A tag of another image may not move.
    std::fs::write(context.path().join("app"), "other").unwrap();
    let other = build(&dev, context.path()).input("tags", "2").run();
    let refused = promote(other.output("image")).input("tags", "v1").run();
    assert_end(&refused, "refused", 3);
    assert_eq!(digest_of(&prod, "v1").as_deref(), Some(digest));
}

#[test]
fn what_only_a_build_takes_contradicts_it() {
    let prod = repository("contradicted", "IMMUTABLE");
    let context = context(&SMALL);
    let from = format!("{}/todo/nothing:1", aws().registry());
    let run =
        build(&prod, context.path()).input("from-image", &from).input("build-args", "A=1").run();
    assert_end(&run, "failed", 2);
    for input in ["`context`", "`build-args`"] {
        assert!(
            run.output("reason").contains(&format!("{input}: `from-image` builds nothing")),
            "{run:#?}"
        );
    }
    let run = build(&prod, context.path()).input("context", "").input("from-image", &from).run();
    assert_end(&run, "failed", 2);
    assert!(run.output("reason").contains("there is no repository `todo/nothing`"), "{run:#?}");
}
