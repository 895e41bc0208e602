//! The way back, with and without versions in the bucket.

use crate::fixture::{Site, asset, aws, ends, load_page, publish, roll_back, served, writes};

#[test]
fn a_site_goes_back_and_forth_with_versions() {
    back_and_forth(true);
}

#[test]
fn a_site_goes_back_and_forth_without_versions() {
    back_and_forth(false);
}

fn back_and_forth(versioned: bool) {
    let (aws, site) = (aws(versioned), Site::new("a"));
    site.write("only-a.html", "a");
    ends(&publish(&aws, &site, "ra").run(), 0, "published");
    site.release("b");
    site.remove("only-a.html");
    site.write("robots.txt", "b");
    ends(&publish(&aws, &site, "rb").run(), 0, "published");
    site.release("c");
    ends(&publish(&aws, &site, "rc").run(), 0, "published");
    let kept = aws.keys("site").iter().any(|key| key.starts_with(".releases/objects/"));
    assert_eq!(kept, !versioned);

    let run = roll_back(&aws, "previous").run();
    ends(&run, 0, "restored");
    assert_eq!((run.output("release"), run.output("uploaded")), ("rb", "0"));
    assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));

    aws.clear_log();
    ends(&roll_back(&aws, "ra").run(), 0, "restored");
    assert!(load_page(&aws).unwrap().contains("<h1>a</h1>"));
    assert_eq!(aws.object("site", "robots.txt").unwrap().body, "User-agent: *\n");
    assert_eq!(aws.object("site", "only-a.html").unwrap().body, "a");
    let log = aws.log();
    let last_copy = log.iter().rposition(|line| line.starts_with("CopyObject")).unwrap();
    assert_eq!(log[last_copy], "CopyObject index.html");

    // The last other release is now the one that was rolled back from.
    ends(&roll_back(&aws, "previous").run(), 0, "restored");
    assert!(load_page(&aws).unwrap().contains("<h1>b</h1>"));
    assert!(!served(&aws).contains("only-a.html"));
    ends(&roll_back(&aws, "rb").run(), 0, "unchanged");

    // And a publish goes on from there.
    site.release("d");
    ends(&publish(&aws, &site, "rd").run(), 0, "published");
    assert!(load_page(&aws).unwrap().contains("<h1>d</h1>"));
}

#[test]
fn a_rollback_whose_assets_were_pruned_is_refused_and_names_them() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "ra").run(), 0, "published");
    site.release("b");
    let run = publish(&aws, &site, "rb").input("keep-releases", "1").input("keep-days", "0").run();
    ends(&run, 0, "published");
    aws.clear_log();
    for to in ["previous", "ra"] {
        let run = roll_back(&aws, to).run();
        ends(&run, 3, "refused");
        assert!(run.output("reason").contains(&asset("a")), "{run:#?}");
    }
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());

    site.release("c");
    ends(&publish(&aws, &site, "rc").run(), 0, "published");
    aws.clear_log();
    aws.delete("site", &asset("b"));
    let run = roll_back(&aws, "rb").arg("--verify-remote").run();
    ends(&run, 3, "refused");
    assert!(run.output("reason").contains(&asset("b")), "{run:#?}");
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());
}

#[test]
fn a_rollback_whose_bytes_have_expired_is_refused_before_the_first_write() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "ra").run(), 0, "published");
    site.release("b");
    ends(&publish(&aws, &site, "rb").run(), 0, "published");
    aws.expire_versions("site");
    aws.clear_log();
    let run = roll_back(&aws, "previous").run();
    ends(&run, 3, "refused");
    assert!(run.output("reason").contains("`index.html`"), "{run:#?}");
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());
}

#[test]
fn a_release_that_is_not_there_is_told_with_the_nearest_name() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = roll_back(&aws, "previous").run();
    assert_eq!(run.code, 2);
    assert!(run.log.contains("nothing has been published here yet"), "{}", run.log);
    ends(&publish(&aws, &site, "release-1").run(), 0, "published");
    let run = roll_back(&aws, "previous").run();
    assert!(run.log.contains("is the only release"), "{}", run.log);
    let run = roll_back(&aws, "relaese-1").run();
    assert_eq!(run.code, 2);
    assert!(run.log.contains("did you mean `release-1`?"), "{}", run.log);
}
