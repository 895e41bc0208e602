//! What is refused, and bad input: told before the first write.

use crate::fixture::{
    BUCKET, DISTRIBUTION, EMPTY_EDGE, RECORDS, Site, asset, aws, ends, publish, served, writes,
};
use step_harness::step;

#[test]
fn a_build_that_would_do_harm_is_refused_before_the_first_write() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.clear_log();
    let check = |site: &Site, words: &[&str]| {
        let run = publish(&aws, site, "r2").run();
        ends(&run, 3, "refused");
        for word in words {
            assert!(run.log.contains(word), "{word}: {}", run.log);
        }
        assert_eq!(writes(&aws.log()), Vec::<&str>::new());
    };
    check(&Site::empty(), &["holds no files"]);

    let no_page = Site::empty();
    no_page.write("robots.txt", "x");
    check(&no_page, &["no entry point"]);

    let secrets = Site::new("b");
    secrets.write(".env.production", "KEY=1");
    secrets.write("notes.txt", "-----BEGIN RSA PRIVATE KEY-----\nMII");
    secrets.write("assets/index-000000b9.js.map", "{}");
    check(&secrets, &[".env.production", "notes.txt", "000000b9.js.map", "source map"]);
    ends(
        &publish(&aws, &secrets, "r2").input("allow", "*.map\n.env.*\nnotes.txt").run(),
        0,
        "published",
    );
    aws.clear_log();

    let broken = Site::new("c");
    broken.remove(&asset("c"));
    check(&broken, &["`index.html` names `/assets/index-000000c9.js`"]);

    let changed = Site::new("b");
    changed.write(&asset("b"), "other bytes under the same name");
    check(&changed, &[&asset("b"), "with other bytes"]);

    let records = Site::new("b");
    records.write(".releases/current.json", "{}");
    check(&records, &["leave `.releases/` out"]);
}

#[test]
fn a_page_may_name_an_asset_that_only_the_bucket_has() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    let page = std::fs::read_to_string(site.path().join("index.html")).unwrap();
    let next = Site::new("b");
    next.write("old.html", &page);
    let run = publish(&aws, &next, "r2").input("keep-releases", "1").input("keep-days", "0").run();
    ends(&run, 0, "published");
    assert!(served(&aws).contains(&asset("a")), "a live page names it");
    aws.put(BUCKET, "shared/site.css", "body{}", &[]);
    next.write("index.html", "<link rel=stylesheet href=/shared/site.css>");
    ends(&publish(&aws, &next, "r3").run(), 0, "published");
}

#[test]
fn too_many_deletions_are_refused_unless_said() {
    let (aws, site) = (aws(true), Site::new("a"));
    for number in 0..6 {
        site.write(&format!("page{number}.html"), "x");
    }
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    for number in 0..6 {
        site.remove(&format!("page{number}.html"));
    }
    aws.clear_log();
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 3, "refused");
    assert!(run.output("reason").contains("6 of 10 objects would be deleted"), "{run:#?}");
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());
    ends(&publish(&aws, &site, "r2").input("max-delete", "6").run(), 0, "published");
}

#[test]
fn a_missing_directory_is_refused_with_the_nearest_name() {
    let (aws, site) = (aws(true), Site::new("a"));
    site.write("build/index.html", "x");
    let run = publish(&aws, &site, "r1").input("directory", site.path().join("biuld")).run();
    ends(&run, 3, "refused");
    assert!(run.log.contains("did you mean"), "{}", run.log);
    assert_eq!(aws.log(), Vec::<String>::new());
}

#[test]
fn bad_input_is_told_all_at_once() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.create_bucket("site-logs", false);
    aws.create_bucket("other", false);
    std::os::unix::fs::symlink("/etc/hostname", site.path().join("out.txt")).unwrap();
    let run = publish(&aws, &site, "r1")
        .input("bucket", "other")
        .input("cache-control", "*.txt: no-store\nrobots.*: max-age=5")
        .input("content-type", "sw.js: text/x-a\nsw.*: text/x-b")
        .input("immutable", "**/*.html")
        .input("invalidation", "auto\n/x")
        .run();
    assert_eq!(run.code, 2, "{run:#?}");
    for words in [
        "`distribution-id`: no origin of the distribution `E1SITE` is the bucket `other`: `site.s3.eu-west-1.amazonaws.com`",
        "`directory`: `out.txt` is a link that leaves it",
        "`cache-control`: `*.txt` and `robots.*` contradict each other for `robots.txt`",
        "`content-type`: `sw.js` and `sw.*` contradict each other for `sw.js`",
        "`immutable`: `*.html` and `**/*.html` contradict each other for `index.html`",
        "`invalidation`: `auto` and `none` stand alone",
    ] {
        assert!(run.log.contains(words), "{words}: {}", run.log);
    }
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());

    let run = publish(&aws, &site, "r1")
        .input("exclude", "out.txt")
        .input("bucket", "sites-log")
        .input("distribution-id", "E2")
        .run();
    assert_eq!(run.code, 2);
    for words in [
        "there is no bucket `sites-log`; did you mean `site-logs`?",
        "there is no distribution `E2`",
    ] {
        assert!(run.log.contains(words), "{words}: {}", run.log);
    }

    let run = publish(&aws, &site, "r/1")
        .input("max-delete", "half")
        .input("invalidation", "everything")
        .input("content-type", "nothing")
        .input("prefix", "../up")
        .run();
    assert_eq!(run.code, 2);
    for name in ["release", "max-delete", "invalidation", "content-type", "prefix"] {
        assert!(run.log.contains(&format!("`{name}`")), "{name}: {}", run.log);
    }
}

#[test]
fn a_distribution_that_serves_another_bucket_is_told_with_the_right_one() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.create_bucket("other", true);
    aws.create_distribution("E2OTHER", "other").unwrap();
    let run = publish(&aws, &site, "r1").input("distribution-id", "E2OTHER").run();
    assert_eq!(run.code, 2);
    assert!(
        run.log.contains(&format!("`{DISTRIBUTION}`, `{EMPTY_EDGE}` serve that bucket")),
        "{}",
        run.log
    );
}

#[test]
fn a_bucket_in_another_region_is_followed_and_that_is_said() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.move_bucket(BUCKET, "us-west-2");
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "published");
    let words = "the bucket `site` is in us-west-2, not in eu-west-1";
    assert!(run.log.contains(words), "{}", run.log);
}

#[test]
fn a_secret_of_the_environment_is_found_in_every_spelling_and_never_shown() {
    let (aws, site) = (aws(true), Site::new("a"));
    let secret = "s3cr\"et/key+1";
    for text in [
        format!("const key = '{secret}'"),
        r#"{"key":"s3cr\"et/key+1"}"#.to_owned(),
        "a?key=s3cr%22et%2Fkey%2B1".to_owned(),
        "key: czNjciJldC9rZXkrMQ==".to_owned(),
    ] {
        site.write("data.txt", &format!("{}{text}", "x".repeat(200_000)));
        let run = publish(&aws, &site, "r1")
            .env("API_KEY", secret)
            .env("OTHER", "not in there")
            .input("deny-values-of", "OTHER\nAPI_KEY")
            .input("allow", "**/*")
            .run();
        ends(&run, 3, "refused");
        assert!(
            run.output("reason").contains("`data.txt` holds the value of `API_KEY`"),
            "{run:#?}"
        );
        assert!(!run.everything().replace(&format!("::add-mask::{secret}"), "").contains(secret));
    }
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());
    let run = publish(&aws, &site, "r1")
        .env("SHORT", "abc")
        .input("deny-values-of", "MISSING\nSHORT")
        .run();
    assert_eq!(run.code, 2);
    for words in ["there is no variable `MISSING`", "value of `SHORT` is too short"] {
        assert!(run.log.contains(words), "{words}: {}", run.log);
    }
}

#[test]
fn missing_rights_name_the_action() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.fail(staged_s3::Fault {
        operation: "GetObject",
        key: RECORDS,
        times: 1,
        status: 403,
        code: "AccessDenied",
        done: false,
    });
    let run = publish(&aws, &site, "r1").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("s3:GetObject"), "{}", run.log);
}

#[test]
fn without_a_commit_a_release_must_be_named() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = step!("web-publish")
        .endpoint(&aws.endpoint())
        .shell()
        .input("bucket", BUCKET)
        .input("directory", site.path())
        .run();
    assert_eq!(run.code, 2);
    assert!(run.log.contains("`release`: is needed"), "{}", run.log);
    let run = step!("web-publish")
        .endpoint(&aws.endpoint())
        .input("bucket", BUCKET)
        .input("directory", site.path())
        .run();
    ends(&run, 0, "published");
    assert_eq!(run.output("release"), "0123456789abcdef0123456789abcdef01234567");
}
