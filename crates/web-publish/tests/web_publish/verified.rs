//! `verify-url`: the release as visitors get it.

use staged_s3::StagedS3;
use step_harness::Step;

use crate::fixture::{DISTRIBUTION, Site, asset, aws, ends, publish, roll_back};

/// Edges keep pages for an hour, so that a forgotten invalidation shows.
const CACHED_PAGES: &str = "*.html: public, max-age=3600";

fn verified(aws: &StagedS3, step: Step) -> Step {
    step.input("verify-url", format!("{}/", aws.site(DISTRIBUTION)))
        .input("verify-for", "2s")
        .input("cache-control", CACHED_PAGES)
}

#[test]
fn a_release_is_looked_at_as_visitors_get_it() {
    let (aws, site) = (aws(true), Site::new("a"));
    let run = verified(&aws, publish(&aws, &site, "ra")).run();
    ends(&run, 0, "published");
    assert!(run.output("reason").contains("answers with it"), "{run:#?}");
    site.release("b");
    ends(&verified(&aws, publish(&aws, &site, "rb")).run(), 0, "published");
    ends(&verified(&aws, roll_back(&aws, "previous")).run(), 0, "restored");
}

#[test]
fn an_old_copy_a_missing_asset_and_a_page_in_its_place_fail_the_run() {
    let (aws, site) = (aws(true), Site::new("a"));
    ends(&verified(&aws, publish(&aws, &site, "ra")).run(), 0, "published");
    site.release("b");
    let run = verified(&aws, publish(&aws, &site, "rb")).input("invalidation", "none").run();
    ends(&run, 1, "failed");
    let reason = run.output("reason");
    assert!(reason.contains("release `rb` is live"), "{reason}");
    assert!(reason.contains("does not answer with this release's bytes"), "{reason}");

    site.release("c");
    for (status, words) in
        [(404, "answers 404"), (200, "answers as `text/html` and not as `text/javascript")]
    {
        aws.break_site(DISTRIBUTION, Some(("assets/", status)));
        let run = verified(&aws, publish(&aws, &site, "rc")).run();
        ends(&run, 1, "failed");
        assert!(run.output("reason").contains(words), "{run:#?}");
        assert!(run.output("reason").contains(&asset("c")), "{run:#?}");
    }
    // Looked at again by the next run, although nothing is left to publish.
    ends(&verified(&aws, publish(&aws, &site, "rc")).run(), 1, "failed");
    aws.break_site(DISTRIBUTION, None);
    ends(&verified(&aws, publish(&aws, &site, "rc")).run(), 0, "unchanged");
}
