//! What buildx is told of caches and attestations. The builder that keeps none is real; the other is the same with another name.

use std::fs;

use serde_json::json;

use super::{SMALL, assert_end, aws, build, context, noting_docker, path_with, repository, tags};

/// A docker whose builder says that it has a driver of its own. What the engine's cannot do it is not asked to.
const OWN_BUILDER: &str = r#"
[ "$1 $2" = 'buildx inspect' ] && { printf 'Driver: docker-container\nPlatforms: linux/amd64, linux/arm64\n'; exit; }
n=$#
while [ $n -gt 0 ]; do
    word=$1; shift; n=$((n - 1))
    case $word in
        --cache-from|--cache-to) shift; n=$((n - 1)) ;;
        --provenance=mode=max|--sbom=true) ;;
        *) set -- "$@" "$word" ;;
    esac
done"#;

#[test]
fn a_builder_of_its_own_keeps_its_layers_in_a_repository_beside_the_image_s() {
    if !aws().has_buildx() {
        return;
    }
    let context = context(&SMALL);
    let (shim, notes) = noting_docker(OWN_BUILDER);
    let run = build("todo/cached", context.path())
        .input("create-repository", "true")
        .env("PATH", path_with(&shim))
        .run();
    assert_end(&run, "built", 0);
    let told = fs::read_to_string(&notes).unwrap();
    let place = format!("type=registry,ref={}/todo/cached-cache:cache", aws().registry());
    let to = format!("{place},mode=max,image-manifest=true,oci-mediatypes=true");
    for line in [format!("--cache-from\n{place}\n"), format!("--cache-to\n{to}\n")] {
        assert!(told.contains(&line), "{line}: {told}");
    }
    let asked = json!({ "repositoryNames": ["todo/cached-cache"] });
    let there = aws().call("ecr", "describe_repositories", &asked).unwrap();
    assert_eq!(there["repositories"][0]["imageTagMutability"], "MUTABLE", "its tag moves");

    // Asked for by name: nothing else.
    fs::remove_file(&notes).unwrap();
    fs::write(context.path().join("app"), "other").unwrap();
    let run = build("todo/cached", context.path())
        .input("tags", "2")
        .input("cache-from", "type=gha")
        .input("cache-to", "none")
        .env("PATH", path_with(&shim))
        .run();
    assert_end(&run, "built", 0);
    let told = fs::read_to_string(&notes).unwrap();
    assert!(told.contains("--cache-from\ntype=gha\n") && !told.contains("--cache-to"), "{told}");
}

#[test]
fn without_a_place_for_it_there_is_no_cache_and_that_is_said() {
    let repository = repository("uncached", "IMMUTABLE");
    let context = context(&SMALL);
    let run = build(&repository, context.path()).input("tags", "1").run();
    assert_end(&run, "built", 0);
    if !aws().has_buildx() {
        return;
    }
    assert!(run.log.contains("the engine keeps its layers itself"), "{run:#?}");
    fs::write(context.path().join("app"), "other").unwrap();
    let (shim, notes) = noting_docker(OWN_BUILDER);
    let run =
        build(&repository, context.path()).input("tags", "2").env("PATH", path_with(&shim)).run();
    assert_end(&run, "built", 0);
    assert!(run.log.contains("there is no repository `todo/uncached-cache`"), "{run:#?}");
    assert!(!fs::read_to_string(&notes).unwrap().contains("--cache"), "{run:#?}");
}

#[test]
fn attestations_are_asked_of_a_builder_that_can_keep_them() {
    if !aws().has_buildx() {
        return;
    }
    let repository = repository("attested", "IMMUTABLE");
    let context = context(&SMALL);
    let attested =
        || build(&repository, context.path()).input("provenance", "mode=max").input("sbom", "true");
    let run = attested().run();
    assert_end(&run, "failed", 2);
    for input in ["`provenance`", "`sbom`"] {
        assert!(
            run.output("reason").contains(&format!("{input}: this engine keeps no")),
            "{run:#?}"
        );
    }
    assert!(tags(&repository).is_empty());
    let (shim, notes) = noting_docker(OWN_BUILDER);
    let run = attested().env("PATH", path_with(&shim)).run();
    assert_end(&run, "built", 0);
    let told = fs::read_to_string(&notes).unwrap();
    assert!(told.contains("--provenance=mode=max\n--sbom=true\n"), "{told}");
    assert!(!told.contains("--provenance=false"), "{told}");
    // It is another thing than the image without them.
    let plain = build(&repository, context.path()).input("tags", "plain").run();
    assert_end(&plain, "built", 0);
}

#[test]
fn the_classic_builder_has_neither_and_says_so() {
    let repository = repository("plain", "IMMUTABLE");
    let context = context(&SMALL);
    let (shim, _notes) = noting_docker("[ \"$1\" = buildx ] && exit 1");
    let run = build(&repository, context.path())
        .input("cache-to", "type=gha")
        .input("sbom", "true")
        .env("PATH", path_with(&shim))
        .run();
    assert_end(&run, "failed", 2);
    for input in ["`cache-to`", "`sbom`"] {
        assert!(
            run.output("reason").contains(&format!("{input}: the classic builder has none")),
            "{run:#?}"
        );
    }
}
