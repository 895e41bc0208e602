//! A small site on disk, a bucket and a distribution to publish it to.

use std::{collections::BTreeSet, fs, path::Path};

use staged_s3::StagedS3;
use step_harness::{Run, Step, step};
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "site";
pub(crate) const DISTRIBUTION: &str = "E1SITE";
/// An edge where every visitor is the first.
pub(crate) const EMPTY_EDGE: &str = "E2EMPTY";
/// Records of the site, which visitors do not see.
pub(crate) const RECORDS: &str = ".releases/";

/// A built site.
pub(crate) struct Site(TempDir);

impl Site {
    /// A page, a script that it names and two files beside them; `name` makes them different from others.
    pub(crate) fn new(name: &str) -> Self {
        let site = Self(TempDir::new().unwrap());
        site.release(name);
        site.write("robots.txt", "User-agent: *\n");
        site.write("sw.js", &format!("// {name}"));
        site
    }

    pub(crate) fn empty() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// What a build of another commit changes: the page and the script that it names.
    pub(crate) fn release(&self, name: &str) {
        let _none_before = fs::remove_dir_all(self.path().join("assets"));
        let script = asset(name);
        self.write(&script, &format!("console.log('{name}')"));
        self.write(
            "index.html",
            &format!("<!doctype html><script type=module src=/{script}></script><h1>{name}</h1>"),
        );
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The script of the release `name`, named by content as Vite does.
pub(crate) fn asset(name: &str) -> String {
    format!("assets/index-{:0>8}.js", format!("{name}9"))
}

/// The staged AWS with a bucket and a distribution.
pub(crate) fn aws(versioned: bool) -> StagedS3 {
    let aws = StagedS3::start().unwrap();
    aws.create_bucket(BUCKET, versioned);
    aws.create_distribution(DISTRIBUTION, BUCKET).unwrap();
    aws.create_distribution(EMPTY_EDGE, BUCKET).unwrap();
    aws.never_cache(EMPTY_EDGE);
    aws
}

/// The program, about to publish `site` as `release`.
pub(crate) fn publish(aws: &StagedS3, site: &Site, release: &str) -> Step {
    bare(aws).input("directory", site.path()).input("release", release)
}

pub(crate) fn roll_back(aws: &StagedS3, to: &str) -> Step {
    bare(aws).input("rollback-to", to)
}

fn bare(aws: &StagedS3) -> Step {
    step!("web-publish")
        .endpoint(&aws.endpoint())
        .input("bucket", BUCKET)
        .input("distribution-id", DISTRIBUTION)
}

#[track_caller]
pub(crate) fn ends(run: &Run, code: i32, verdict: &str) {
    assert_eq!((run.code, run.output("verdict")), (code, verdict), "{run:#?}");
}

/// Operations that change something.
pub(crate) fn writes(log: &[String]) -> Vec<&str> {
    let reads = ["Get", "Head", "List"];
    log.iter()
        .map(String::as_str)
        .filter(|line| !reads.iter().any(|read| line.starts_with(read)))
        .collect()
}

/// What visitors may ask for.
pub(crate) fn served(aws: &StagedS3) -> BTreeSet<String> {
    aws.keys(BUCKET).into_iter().filter(|key| !key.starts_with(RECORDS)).collect()
}

/// What a visitor gets.
pub(crate) fn visit(aws: &StagedS3, path: &str) -> (u16, String) {
    let url = format!("{}{path}", aws.site(DISTRIBUTION));
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(&url).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// Loads the page as a browser does: the page, then the script that it names. Says what is missing.
pub(crate) fn load_page(aws: &StagedS3) -> Result<String, String> {
    let (status, page) = visit(aws, "/");
    if status != 200 {
        return Err(format!("the page: {status}"));
    }
    for script in page.split("src=").skip(1).filter_map(|rest| rest.split('>').next()) {
        let (status, _) = visit(aws, script);
        if status != 200 {
            return Err(format!("{script}: {status}"));
        }
    }
    Ok(page)
}
