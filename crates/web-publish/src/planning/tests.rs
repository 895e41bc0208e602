//! Tables for single decisions, and a simulated bucket for what must hold at every moment.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    digest::{Content, Digest},
    inputs::MaxDelete,
    manifest::{Live, Manifest},
};

const DAY: i64 = 24 * 60 * 60;

fn headers(cache_control: &str) -> Headers {
    Headers {
        content_type: "text/plain".to_owned(),
        cache_control: cache_control.to_owned(),
        metadata: BTreeMap::new(),
    }
}

fn content(number: u8) -> Content {
    Content { sha256: Some(Digest([number; 32])), etag: Some(format!("etag{number}")) }
}

fn class(path: &str) -> Class {
    crate::class::Classes::new(&[], &["assets/**".parse().unwrap()]).of(path).unwrap()
}

fn wanted(path: &str, number: u8) -> Wanted {
    Wanted {
        path: path.to_owned(),
        size: 1,
        content: content(number),
        class: class(path),
        headers: headers("a"),
        from: Source::Build,
    }
}

fn seen(path: &str, number: u8) -> (String, Seen) {
    let seen = Seen {
        size: 1,
        content: content(number),
        headers: Some(headers("a")),
        version: None,
        class: class(path),
        left: None,
        doubtful: false,
        opaque: false,
    };
    (path.to_owned(), seen)
}

fn live(release: &str) -> Current {
    let live = Live { release: release.to_owned(), since: Moment(0), until: None };
    Current { history: vec![live], ..Current::default() }
}

fn remote(objects: &[(&str, u8)]) -> Remote {
    Remote {
        seen: objects.iter().map(|(path, number)| seen(path, *number)).collect(),
        current: live("old"),
        ..Remote::default()
    }
}

fn rules() -> Rules {
    Rules {
        release: "new".to_owned(),
        delete: true,
        keep_releases: 1,
        keep_days: 30,
        max_delete: MaxDelete::Percent(100),
        allow: Vec::new(),
        invalidation: Invalidation::Auto,
        named: BTreeSet::new(),
    }
}

/// The stages in short: `claim`, `files a.txt`, `delete b.txt`.
fn short(plan: &Plan) -> Vec<String> {
    let paths = |writes: &[Write]| {
        let one = |write: &Write| match &write.how {
            How::Upload => write.path.clone(),
            How::Headers { .. } => format!("{}(headers)", write.path),
            How::Restore(_) => format!("{}(restore)", write.path),
        };
        writes.iter().map(one).collect::<Vec<_>>().join(" ")
    };
    let text = |stage: &Stage| match stage {
        Stage::Assets(writes) => format!("assets {}", paths(writes)),
        Stage::Adopt => "adopt".to_owned(),
        Stage::Claim => "claim".to_owned(),
        Stage::Preserve(copies) => {
            let paths: Vec<_> = copies.iter().map(|copy| copy.path.as_str()).collect();
            format!("preserve {}", paths.join(" "))
        }
        Stage::Files(writes) => format!("files {}", paths(writes)),
        Stage::Pages(writes) => format!("pages {}", paths(writes)),
        Stage::Index(writes) => format!("index {}", paths(writes)),
        Stage::Workers(writes) => format!("workers {}", paths(writes)),
        Stage::Finish => "finish".to_owned(),
        Stage::Invalidate(files) => format!("invalidate {}", files.join(" ")),
        Stage::Delete(files) => format!("delete {}", files.join(" ")),
        Stage::InvalidateDeleted(files) => format!("invalidate deleted {}", files.join(" ")),
        Stage::Prune(files) => format!("prune {}", files.join(" ")),
        Stage::Forget(keys) => format!("forget {}", keys.join(" ")),
    };
    plan.stages.iter().map(text).collect()
}

#[track_caller]
fn check(
    files: &[(&str, u8)],
    remote: &Remote,
    rules: &Rules,
    now: i64,
    expected: &[&str],
) -> Plan {
    let files = files.iter().map(|(path, number)| wanted(path, *number)).collect();
    let plan = plan(files, remote, rules, Moment(now)).unwrap();
    assert_eq!(short(&plan), expected);
    plan
}

#[track_caller]
fn refused(files: Vec<Wanted>, remote: &Remote, rules: &Rules) -> Vec<Refusal> {
    plan(files, remote, rules, Moment(0)).unwrap_err()
}

#[test]
fn a_first_publish_writes_everything_in_its_order() {
    let files = [
        ("assets/a.js", 1),
        ("docs/index.html", 2),
        ("index.html", 3),
        ("robots.txt", 4),
        ("site.webmanifest", 5),
        ("sw.js", 6),
    ];
    let empty = Remote::default();
    check(
        &files,
        &empty,
        &rules(),
        0,
        &[
            "assets assets/a.js",
            "claim",
            "files robots.txt",
            "pages docs/index.html site.webmanifest",
            "index index.html",
            "workers sw.js",
            "finish",
            "invalidate docs/index.html index.html site.webmanifest sw.js",
        ],
    );
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let files = [("assets/a.js", 1), ("index.html", 2)];
    let plan = check(&files, &remote(&files), &rules(), 0, &[]);
    assert_eq!(plan.unchanged, 2);
}

#[test]
fn only_what_changed_is_written_and_invalidated() {
    let before = remote(&[("a.txt", 1), ("assets/a.js", 2), ("b.txt", 3), ("index.html", 4)]);
    check(
        &[("a.txt", 9), ("assets/a.js", 2), ("b.txt", 3), ("c.txt", 5), ("index.html", 4)],
        &before,
        &rules(),
        0,
        &["claim", "preserve a.txt", "files a.txt c.txt", "finish", "invalidate a.txt"],
    );
}

#[test]
fn a_changed_header_is_a_copy() {
    let mut before = remote(&[("a.txt", 1), ("index.html", 2)]);
    before.seen.get_mut("a.txt").unwrap().headers = Some(headers("b"));
    check(
        &[("a.txt", 1), ("index.html", 2)],
        &before,
        &rules(),
        0,
        &["claim", "files a.txt(headers)", "finish", "invalidate a.txt"],
    );
}

#[test]
fn a_versioned_bucket_keeps_what_is_overwritten_by_itself() {
    let mut before = remote(&[("index.html", 2)]);
    before.seen.get_mut("index.html").unwrap().version = Some("v1".to_owned());
    let expected = ["claim", "index index.html", "finish", "invalidate index.html"];
    check(&[("index.html", 3)], &before, &rules(), 0, &expected);
}

#[test]
fn pages_that_are_gone_are_deleted_and_assets_stay_for_open_tabs() {
    let before = remote(&[("assets/old.js", 1), ("index.html", 2), ("old.html", 3)]);
    let plan = check(
        &[("assets/new.js", 4), ("index.html", 5)],
        &before,
        &rules(),
        0,
        &[
            "assets assets/new.js",
            "claim",
            "preserve index.html old.html",
            "index index.html",
            "finish",
            "invalidate index.html",
            "delete old.html",
            "invalidate deleted old.html",
        ],
    );
    assert_eq!(plan.left.len(), 1);
    assert_eq!((plan.left[0].last.as_str(), plan.left[0].since), ("old", Moment(0)));
}

#[test]
fn an_asset_stays_while_days_or_releases_say_so_or_a_page_names_it() {
    let mut before = remote(&[("assets/old.js", 1), ("index.html", 2)]);
    before.seen.get_mut("assets/old.js").unwrap().left = Some(("older".to_owned(), Moment(0)));
    let files = [("index.html", 3)];
    let stays =
        ["claim", "preserve index.html", "index index.html", "finish", "invalidate index.html"];
    check(&files, &before, &rules(), 29 * DAY, &stays);
    let goes = [&stays[..], &["prune assets/old.js"]].concat();
    check(&files, &before, &rules(), 30 * DAY, &goes);

    let named = Rules { named: BTreeSet::from(["assets/old.js".to_owned()]), ..rules() };
    check(&files, &before, &named, 30 * DAY, &stays);
    let older = Live { release: "older".to_owned(), since: Moment(0), until: Some(Moment(0)) };
    before.current.history.push(older);
    let three = Rules { keep_releases: 3, ..rules() };
    check(&files, &before, &three, 30 * DAY, &stays);
}

#[test]
fn what_expired_is_pruned_although_nothing_changed() {
    let files = [("index.html", 2)];
    let mut before = remote(&[("assets/old.js", 1), ("index.html", 2)]);
    before.seen.get_mut("assets/old.js").unwrap().left = Some(("older".to_owned(), Moment(0)));
    check(&files, &before, &rules(), 29 * DAY, &[]);
    check(&files, &before, &rules(), 30 * DAY, &["claim", "finish", "prune assets/old.js"]);
    // More than one run may delete: no reason to refuse a site that is as it should be.
    let few = Rules { max_delete: MaxDelete::Count(0), ..rules() };
    let plan = check(&files, &before, &few, 30 * DAY, &[]);
    assert_eq!(plan.left.len(), 1);
}

#[test]
fn nothing_is_deleted_where_that_is_not_wanted() {
    let before = remote(&[("assets/old.js", 1), ("index.html", 2), ("old.html", 3)]);
    let keep = Rules { delete: false, ..rules() };
    let plan = check(
        &[("index.html", 5)],
        &before,
        &keep,
        90 * DAY,
        &["claim", "preserve index.html", "index index.html", "finish", "invalidate index.html"],
    );
    assert_eq!(plan.left.len(), 2);
}

#[test]
fn an_immutable_file_never_changes_its_bytes() {
    let before = remote(&[("assets/a.js", 1), ("index.html", 2)]);
    let files = || vec![wanted("assets/a.js", 9), wanted("index.html", 2)];
    let path = "assets/a.js".to_owned();
    assert_eq!(refused(files(), &before, &rules()), [Refusal::Immutable { path }]);
    // Allowed, it is as dangerous as any other file, and is treated so.
    let allowed = Rules { allow: vec!["assets/a.js".parse().unwrap()], ..rules() };
    let expected = ["claim", "files assets/a.js", "finish", "invalidate assets/a.js"];
    check(&[("assets/a.js", 9), ("index.html", 2)], &before, &allowed, 0, &expected);
}

#[test]
fn too_many_deletions_are_refused() {
    let before = remote(&[("a.html", 1), ("b.html", 2), ("index.html", 3)]);
    let half = Rules { max_delete: MaxDelete::Percent(50), ..rules() };
    let refusal = refused(vec![wanted("index.html", 3)], &before, &half);
    let most = "50%".to_owned();
    assert_eq!(refusal, [Refusal::TooMuchDeleted { count: 2, of: 3, most }]);
}

#[test]
fn what_a_dead_run_touched_is_written_and_invalidated_again() {
    let mut before = remote(&[("a.txt", 1), ("index.html", 9)]);
    before.seen.get_mut("index.html").unwrap().doubtful = true;
    let expected = ["claim", "index index.html", "finish", "invalidate index.html"];
    check(&[("a.txt", 1), ("index.html", 9)], &before, &rules(), 0, &expected);
}

#[test]
fn what_an_earlier_run_could_not_tell_the_cdn_is_told_by_the_next() {
    let files = [("index.html", 1)];
    let mut before = remote(&files);
    before.pending = vec!["index.html".to_owned()];
    check(&files, &before, &rules(), 0, &["claim", "finish", "invalidate index.html"]);
    let told = Rules { invalidation: Invalidation::None, ..rules() };
    check(
        &[("index.html", 2)],
        &before,
        &told,
        0,
        &["claim", "preserve index.html", "index index.html", "finish"],
    );
}

#[test]
fn a_rollback_restores_pages_and_needs_its_assets() {
    let before = remote(&[("assets/new.js", 1), ("index.html", 2)]);
    let page = Wanted { from: Source::Version("v1".to_owned()), ..wanted("index.html", 1) };
    let asset = Wanted { from: Source::Bucket, ..wanted("assets/old.js", 3) };
    let refusal = refused(vec![page.clone(), asset.clone()], &before, &rules());
    assert_eq!(refusal, [Refusal::Pruned { paths: vec!["assets/old.js".to_owned()] }]);

    let mut before = before;
    before.seen.extend([seen("assets/old.js", 3)]);
    let plan = plan(vec![page, asset], &before, &rules(), Moment(0)).unwrap();
    assert_eq!(
        short(&plan),
        [
            "claim",
            "preserve index.html",
            "index index.html(restore)",
            "finish",
            "invalidate index.html"
        ]
    );
}

#[test]
fn a_forgotten_release_takes_its_records_along() {
    let mut before = remote(&[("index.html", 1)]);
    let gone = |release: String| Live { release, since: Moment(0), until: Some(Moment(0)) };
    before.current.history.extend((0..48).map(|number| gone(format!("release{number}"))));
    before.current.history.push(gone("older".to_owned()));
    before.stored =
        vec![Stored { name: "x".to_owned(), last: "older".to_owned(), since: Moment(0) }];
    let plan = check(
        &[("index.html", 2)],
        &before,
        &rules(),
        40 * DAY,
        &[
            "claim",
            "preserve index.html",
            "index index.html",
            "finish",
            "invalidate index.html",
            "forget .releases/objects/x .releases/older.json",
        ],
    );
    // The others can still be asked for, and what they lack can be told.
    assert_eq!(plan.history.len(), 50);
    assert_eq!(plan.history[0].release, "new");
}

/// A release: pages, each of which names assets. What an asset is called says what is in it.
type Release = BTreeMap<u8, BTreeSet<u8>>;

fn page(number: u8) -> String {
    if number == 0 { "index.html".to_owned() } else { format!("page{number}.html") }
}

fn asset(number: u8) -> String {
    format!("assets/{number}.js")
}

/// The content of a page is what it names.
fn bits(names: &BTreeSet<u8>) -> u8 {
    names.iter().fold(0, |bits, name| bits | 1 << name)
}

fn files_of(release: &Release) -> Vec<Wanted> {
    let assets: BTreeSet<u8> = release.values().flatten().copied().collect();
    let assets = assets.into_iter().map(|number| wanted(&asset(number), number));
    release
        .iter()
        .map(|(number, names)| wanted(&page(*number), bits(names)))
        .chain(assets)
        .collect()
}

/// The bucket as visitors see it: pages by the bits of what they name, assets by name.
type Site = BTreeMap<String, u8>;

fn dangling(site: &Site) -> Vec<String> {
    site.iter()
        .filter(|(path, _)| crate::pages::is_page(path))
        .flat_map(|(path, bits)| {
            (0..8)
                .filter(move |number| bits & (1 << number) != 0)
                .map(move |number| (path, asset(number)))
        })
        .filter(|(_, asset)| !site.contains_key(asset))
        .map(|(page, asset)| format!("{page} names {asset}"))
        .collect()
}

/// One change of the bucket after another; inside a stage they come in any order.
fn steps(plan: &Plan, seed: usize) -> Vec<(String, Option<u8>)> {
    let content: BTreeMap<&str, u8> = plan
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.content.sha256.unwrap().0[0]))
        .collect();
    let mut all = Vec::new();
    for stage in &plan.stages {
        let mut of_stage: Vec<(String, Option<u8>)> = match stage {
            Stage::Assets(writes)
            | Stage::Files(writes)
            | Stage::Pages(writes)
            | Stage::Index(writes)
            | Stage::Workers(writes) => writes
                .iter()
                .map(|write| (write.path.clone(), Some(content[write.path.as_str()])))
                .collect(),
            Stage::Delete(paths) | Stage::Prune(paths) => {
                paths.iter().map(|path| (path.clone(), None)).collect()
            }
            _ => Vec::new(),
        };
        let turn = seed % of_stage.len().max(1);
        of_stage.rotate_left(turn);
        all.extend(of_stage);
    }
    all
}

fn release_strategy() -> impl Strategy<Value = Release> {
    let names = proptest::collection::btree_set(0..6_u8, 0..4);
    proptest::collection::btree_map(0..4_u8, names, 0..4).prop_map(|mut release| {
        release.entry(0).or_default();
        release
    })
}

proptest! {
    /// However a run is cut off, no page that a visitor can load names an asset that is not there, and the run after it
    /// makes the site whole.
    #[test]
    fn no_page_ever_names_a_missing_asset(
        releases in proptest::collection::vec((release_strategy(), 0..40_usize, any::<bool>()), 1..8),
        keep_days in 0..2_u32,
    ) {
        let mut site = Site::new();
        let mut known = Manifest {
            release: String::new(),
            at: Moment(0),
            files: Vec::new(),
            left: Vec::new(),
            stored: Vec::new(),
        };
        let mut current = Current::default();
        let mut dead = false;
        for (at, (release, cut, cut_off)) in releases.into_iter().enumerate() {
            let now = Moment(i64::try_from(at).unwrap() * DAY);
            let rules = Rules { release: format!("r{at}"), keep_days, ..rules() };
            let remote = seen_by_the_next(&site, &known, &current, dead, now);
            let plan = plan(files_of(&release), &remote, &rules, now).unwrap();
            let mut steps = steps(&plan, cut);
            if cut_off {
                steps.truncate(cut);
            }
            for (path, content) in steps {
                match content {
                    Some(content) => drop(site.insert(path, content)),
                    None => drop(site.remove(&path)),
                }
                prop_assert_eq!(dangling(&site), Vec::<String>::new());
            }
            dead = cut_off;
            if cut_off {
                continue;
            }
            for file in &plan.files {
                prop_assert_eq!(site.get(&file.path), Some(&file.content.sha256.unwrap().0[0]));
            }
            for path in site.keys().filter(|path| crate::pages::is_page(path)) {
                prop_assert!(plan.files.iter().any(|file| file.path == *path));
            }
            known.files = plan
                .files
                .iter()
                .map(|file| crate::publish::entry(file, &Remote::default(), None))
                .collect();
            known.left.clone_from(&plan.left);
            current.history.clone_from(&plan.history);
        }
    }
}

/// What the next run sees: what was written down, or after a run that died a list of everything.
fn seen_by_the_next(
    site: &Site,
    known: &Manifest,
    current: &Current,
    dead: bool,
    now: Moment,
) -> Remote {
    let mut objects = BTreeMap::new();
    for (path, number) in site {
        let (path, mut one) = seen(path, *number);
        let recorded = known.files.iter().find(|entry| entry.path == path);
        let left = known.left.iter().find(|left| left.entry.path == path);
        match (recorded, left) {
            (Some(entry), _) => one.doubtful = dead && !entry.content.same(&one.content),
            (None, Some(left)) => one.left = Some((left.last.clone(), left.since)),
            (None, None) => {
                one.left = Some(("dead".to_owned(), now));
                one.doubtful = dead && one.class.mutable();
            }
        }
        objects.insert(path, one);
    }
    Remote { seen: objects, current: current.clone(), ..Remote::default() }
}
