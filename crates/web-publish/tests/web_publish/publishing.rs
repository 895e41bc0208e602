//! What a publish writes, in which order, and what it does not write.

use crate::fixture::{
    BUCKET, DISTRIBUTION, Site, asset, aws, ends, load_page, publish, served, visit, writes,
};

#[test]
fn a_first_publish_writes_assets_then_the_claim_then_files_then_pages() {
    let (aws, site) = (aws(true), Site::new("a"));
    site.write("about/index.html", "about");
    site.write("site.webmanifest", "{}");
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "published");
    let mut log = aws.log();
    // What can be asked for at once is.
    log[..2].sort();
    let mut pages = log[7..9].to_vec();
    pages.sort();
    assert_eq!(pages, ["PutObject about/index.html", "PutObject site.webmanifest"]);
    let rest: Vec<&str> = log
        .iter()
        .map(String::as_str)
        .filter(|line| !pages.iter().any(|page| page == line))
        .collect();
    assert_eq!(
        rest,
        [
            "GetObject .releases/current.json",
            "HeadObject index.html",
            "GetDistribution",
            "ListObjectsV2",
            &format!("PutObject {}", asset("a")),
            "PutObject .releases/current.json",
            "PutObject robots.txt",
            "PutObject index.html",
            "PutObject sw.js",
            "PutObject .releases/r1.json",
            "PutObject .releases/current.json",
            "CreateInvalidation",
            "PutObject .releases/current.json",
        ]
    );
    assert_eq!(run.output("uploaded"), "6");
    assert_eq!(run.output("url"), "https://e1site.cloudfront.net");
    assert_eq!(
        aws.invalidations(DISTRIBUTION)[0].paths,
        ["/", "/about/", "/about/index.html", "/index.html", "/site.webmanifest", "/sw.js"]
    );
    assert_eq!(run.output("invalidation-id"), "I1");
    assert!(load_page(&aws).unwrap().contains("<h1>a</h1>"));
    assert_eq!(visit(&aws, "/.releases/current.json").0, 403);
}

#[test]
fn an_unchanged_site_costs_three_requests_and_a_rebuild_sends_nothing() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.clear_log();
    site.write("robots.txt", "User-agent: *\n");
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "unchanged");
    let mut log = aws.log();
    log.sort();
    assert_eq!(
        log,
        [
            "GetObject .releases/current.json",
            "GetObject .releases/r1.json",
            "HeadObject index.html"
        ]
    );
    assert_eq!(
        (run.output("uploaded"), run.output("unchanged"), run.output("requests")),
        ("0", "4", "3")
    );
    aws.clear_log();
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "unchanged");
    assert_eq!(writes(&aws.log()), ["PutObject .releases/r2.json"]);
    assert_eq!(aws.log().len(), 4);
}

#[test]
fn a_change_costs_what_changed_and_eight_requests() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.clear_log();
    site.release("b");
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "published");
    assert_eq!(aws.log().len(), 2 + 8);
    assert_eq!(
        (run.output("uploaded"), run.output("kept"), run.output("deleted")),
        ("2", "1", "0")
    );
    assert_eq!(aws.invalidations(DISTRIBUTION)[1].paths, ["/", "/index.html"]);
    // A tab that was open before loads its script all the same.
    assert_eq!(visit(&aws, &format!("/{}", asset("a"))).0, 200);
}

#[test]
fn same_size_and_same_time_and_other_bytes_are_noticed() {
    let (aws, site) = (aws(true), Site::new("a"));
    let stamp = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let touch = |path: &str| {
        let file = std::fs::File::options().write(true).open(site.path().join(path)).unwrap();
        file.set_modified(stamp).unwrap();
    };
    site.write("data.json", "{\"price\": 1}");
    touch("data.json");
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.write("data.json", "{\"price\": 2}");
    touch("data.json");
    ends(&publish(&aws, &site, "r2").run(), 0, "published");
    assert_eq!(visit(&aws, "/data.json").1, "{\"price\": 2}");
}

#[test]
fn a_changed_header_alone_is_a_copy() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.clear_log();
    let run = publish(&aws, &site, "r1").input("cache-control", "robots.txt: max-age=5").run();
    ends(&run, 0, "published");
    assert!(writes(&aws.log()).contains(&"CopyObject robots.txt"), "{:?}", aws.log());
    assert_eq!((run.output("uploaded"), run.output("bytes")), ("0", "0"));
    let robots = aws.object(BUCKET, "robots.txt").unwrap();
    assert_eq!(robots.header("cache-control"), Some("max-age=5"));
    assert_eq!(robots.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn every_file_has_its_headers_and_a_checksum_that_s3_verified() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = publish(&aws, &site, "r1").input("metadata", "team: web").run();
    ends(&run, 0, "published");
    for (path, cache, kind) in [
        (
            asset("a").as_str(),
            "public, max-age=31536000, immutable",
            "text/javascript; charset=utf-8",
        ),
        ("index.html", "no-cache", "text/html; charset=utf-8"),
        ("sw.js", "no-cache", "text/javascript; charset=utf-8"),
        ("robots.txt", "public, max-age=3600", "text/plain; charset=utf-8"),
    ] {
        let object = aws.object(BUCKET, path).unwrap();
        assert_eq!(object.header("cache-control"), Some(cache), "{path}");
        assert_eq!(object.header("content-type"), Some(kind), "{path}");
        assert_eq!(object.header("x-amz-meta-team"), Some("web"), "{path}");
        assert!(object.sha256.is_some(), "{path}");
    }
}

#[test]
fn deletion_waits_for_the_invalidation_and_what_was_deleted_is_invalidated_too() {
    let (aws, site) = (aws(true), Site::new("a"));
    site.write("old.html", "old");
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.remove("old.html");
    site.release("b");
    aws.slow_invalidations(2);
    aws.clear_log();
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "published");
    assert_eq!(run.output("deleted"), "1");
    let log = aws.log();
    let at =
        |line: &str| log.iter().position(|one| one == line).unwrap_or_else(|| panic!("{log:?}"));
    assert!(at("PutObject index.html") < at("CreateInvalidation"));
    assert!(at("CreateInvalidation") < at("GetInvalidation"));
    assert!(log.iter().rposition(|one| one == "GetInvalidation").unwrap() < at("DeleteObjects"));
    assert_eq!(aws.invalidations(DISTRIBUTION).last().unwrap().paths, ["/old.html"]);
    assert!(served(&aws).contains(&asset("a")));
    // The record is right: the next run has nothing to do.
    aws.clear_log();
    ends(&publish(&aws, &site, "r2").run(), 0, "unchanged");
    assert_eq!(aws.log().len(), 3);
}

#[test]
fn immutable_files_are_pruned_when_neither_days_nor_releases_keep_them() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.release("b");
    let run = publish(&aws, &site, "r2").input("keep-releases", "1").input("keep-days", "0").run();
    ends(&run, 0, "published");
    assert_eq!((run.output("deleted"), run.output("kept")), ("1", "0"));
    assert!(!served(&aws).contains(&asset("a")));
    assert!(load_page(&aws).is_ok());
}

#[test]
fn what_expires_is_pruned_by_the_next_run_even_when_nothing_changed() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.release("b");
    ends(&publish(&aws, &site, "r2").run(), 0, "published");
    let expiring =
        || publish(&aws, &site, "r2").input("keep-releases", "1").input("keep-days", "0");
    let run = expiring().arg("--dry-run").run();
    assert!(run.stdout.contains(&format!("delete  {}", asset("a"))), "{}", run.stdout);
    let run = expiring().run();
    ends(&run, 0, "unchanged");
    assert_eq!((run.output("uploaded"), run.output("deleted")), ("0", "1"));
    assert!(!served(&aws).contains(&asset("a")));
    assert_eq!(aws.invalidations(DISTRIBUTION).len(), 2, "visitors' pages stay cached");
    aws.clear_log();
    ends(&expiring().run(), 0, "unchanged");
    assert_eq!(aws.log().len(), 3);
}

#[test]
fn nothing_is_deleted_where_that_is_not_wanted() {
    let (aws, site) = (aws(true), Site::new("a"));
    site.write("old.html", "old");
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    site.remove("old.html");
    let run = publish(&aws, &site, "r2").input("delete", "false").run();
    ends(&run, 0, "published");
    assert!(served(&aws).contains("old.html"));
    // Excluded files are neither sent nor deleted.
    let run = publish(&aws, &site, "r3").input("exclude", "old.html").run();
    ends(&run, 0, "unchanged");
    ends(&publish(&aws, &site, "r4").run(), 0, "published");
    assert!(!served(&aws).contains("old.html"));
}

#[test]
fn a_dry_run_prints_every_step_and_writes_nothing() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = publish(&aws, &site, "r1").arg("--dry-run").run();
    ends(&run, 0, "planned");
    assert_eq!(writes(&aws.log()), Vec::<&str>::new());
    for words in ["1. immutable files (1)", &asset("a"), "claim", "index.html", "forget  /sw.js"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert_eq!(run.output("uploaded"), "0");
    assert_eq!(aws.keys(BUCKET), Vec::<String>::new());
}

#[test]
fn a_site_made_by_other_tools_is_adopted_and_can_be_brought_back() {
    let (aws, site) = (aws(false), Site::new("a"));
    let page = std::fs::read_to_string(site.path().join("index.html")).unwrap();
    let script = std::fs::read_to_string(site.path().join(asset("a"))).unwrap();
    let js = [("content-type", "text/javascript; charset=utf-8")];
    aws.put(BUCKET, "index.html", &format!("{page}<p>old"), &[("content-type", "text/html")]);
    aws.put(BUCKET, &asset("a"), &script, &js);
    aws.put(BUCKET, "robots.txt", "User-agent: *\n", &[("content-type", "text/plain")]);
    let run = publish(&aws, &site, "r1").run();
    ends(&run, 0, "published");
    assert!(run.stdout.contains("taken as the release `adopted-"), "{}", run.stdout);
    // Their bytes were right and their headers were not: copied, not sent.
    assert_eq!(run.output("uploaded"), "2");
    let robots = aws.object(BUCKET, "robots.txt").unwrap();
    assert_eq!(robots.header("cache-control"), Some("public, max-age=3600"));
    ends(&crate::fixture::roll_back(&aws, "previous").run(), 0, "restored");
    assert!(visit(&aws, "/").1.ends_with("<p>old"));
}

#[test]
fn a_site_made_by_other_tools_that_is_the_build_already_is_only_recorded() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    for record in aws.keys(BUCKET).iter().filter(|key| key.starts_with(".releases/")) {
        aws.delete(BUCKET, record);
    }
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "unchanged");
    assert_eq!((run.output("uploaded"), run.output("unchanged")), ("0", "4"));
    aws.clear_log();
    ends(&publish(&aws, &site, "r2").run(), 0, "unchanged");
    assert_eq!(aws.log().len(), 3);
}

#[test]
fn under_a_key_of_kms_an_etag_is_no_md5_and_checksums_tell() {
    let (aws, site) = (aws(true), Site::new("a"));
    aws.encrypt_bucket(BUCKET);
    site.write("large.txt", &"x".repeat(200_000));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.clear_log();
    ends(&publish(&aws, &site, "r1").run(), 0, "unchanged");
    assert_eq!(aws.log().len(), 3);
    ends(&publish(&aws, &site, "r1").arg("--verify-remote").run(), 0, "unchanged");
    // Without a record every ETag is unknown, and what S3 verified tells that the bytes are the same.
    let forget = || {
        for record in aws.keys(BUCKET).iter().filter(|key| key.starts_with(".releases/")) {
            aws.delete(BUCKET, record);
        }
    };
    forget();
    let run = publish(&aws, &site, "r2").run();
    ends(&run, 0, "unchanged");
    assert_eq!(run.output("uploaded"), "0");
    // An object of another tool without such a sum cannot be known: it is sent, immutable or not.
    let script = std::fs::read_to_string(site.path().join(asset("a"))).unwrap();
    aws.put(BUCKET, &asset("a"), &script, &[("content-type", "text/javascript; charset=utf-8")]);
    forget();
    let run = publish(&aws, &site, "r3").run();
    ends(&run, 0, "published");
    assert_eq!(run.output("uploaded"), "1");
    assert!(load_page(&aws).is_ok());
}

#[test]
fn a_page_changed_by_hand_is_noticed_and_the_rest_with_verify_remote() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    aws.put(BUCKET, "index.html", "defaced", &[]);
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    assert!(load_page(&aws).is_ok());
    aws.put(BUCKET, "robots.txt", "other", &[("content-type", "text/plain")]);
    ends(&publish(&aws, &site, "r1").run(), 0, "unchanged");
    let run = publish(&aws, &site, "r1").arg("--verify-remote").run();
    ends(&run, 0, "published");
    assert_eq!(visit(&aws, "/robots.txt").1, "User-agent: *\n");
}

#[test]
fn a_prefix_is_a_site_of_its_own() {
    let (aws, root, preview) = (aws(true), Site::new("a"), Site::new("b"));
    ends(&publish(&aws, &preview, "p1").input("prefix", "/pr-12/").run(), 0, "published");
    assert!(served(&aws).contains("pr-12/index.html"));
    assert_eq!(
        aws.invalidations(DISTRIBUTION)[0].paths,
        ["/pr-12/", "/pr-12/index.html", "/pr-12/sw.js"]
    );
    // The site at the root sees neither its files nor its records.
    ends(&publish(&aws, &root, "r1").run(), 0, "published");
    assert!(served(&aws).contains("pr-12/index.html"));
    aws.clear_log();
    ends(&publish(&aws, &preview, "p1").input("prefix", "pr-12").run(), 0, "unchanged");
}

#[test]
fn names_of_every_kind_arrive_as_they_are() {
    let (aws, site) = (aws(true), Site::new("a"));
    let names = [
        "a b.txt",
        "a#b.txt",
        "100%.txt",
        "a+b.txt",
        "日本語.txt",
        "😀.txt",
        "a&b<c>'d'.txt",
        "a=b?.txt",
    ];
    for name in names {
        site.write(&format!("files/{name}"), name);
    }
    ends(&publish(&aws, &site, "r1").run(), 0, "published");
    for name in names {
        assert!(aws.object(BUCKET, &format!("files/{name}")).is_some(), "{name}");
        site.write(&format!("files/{name}"), "changed");
    }
    ends(&publish(&aws, &site, "r2").run(), 0, "published");
    let told = &aws.invalidations(DISTRIBUTION)[1].paths;
    assert!(told.contains(&"/files/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt".to_owned()), "{told:?}");
    assert!(told.contains(&"/files/a+b.txt".to_owned()), "{told:?}");
    ends(&crate::fixture::roll_back(&aws, "r1").run(), 0, "restored");
    for name in names {
        assert_eq!(aws.object(BUCKET, &format!("files/{name}")).unwrap().body, name.as_bytes());
    }
    aws.clear_log();
    ends(&publish(&aws, &site, "r2").arg("--verify-remote").run(), 0, "published");
    for name in names {
        site.remove(&format!("files/{name}"));
    }
    ends(&publish(&aws, &site, "r3").input("max-delete", "100%").run(), 0, "published");
    assert_eq!(served(&aws).len(), 4);
}

#[test]
fn the_summary_stands_alone_and_json_is_one_object() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = publish(&aws, &site, "r1").run();
    for words in
        ["### Site published", "`r1`", "https://e1site.cloudfront.net", "calls", "/index.html"]
    {
        assert!(run.summary.contains(words), "{words}: {}", run.summary);
    }
    let run = publish(&aws, &site, "r1").shell().arg("--json").run();
    assert!(run.stdout.starts_with("{\"verdict\":\"unchanged\",\"release\":\"r1\""), "{run:?}");
    assert_eq!(run.stdout.lines().count(), 1);
}
