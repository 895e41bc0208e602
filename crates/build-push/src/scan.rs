//! What ECR's scan found in an image, and whether that keeps it back. Nothing is refused for what nobody looked at, and
//! nothing passes for it either: a scan that came to no end is a failure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use actions_runtime::Step;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::ecr::{Ecr, Held, scan::Looked};

const POLL: Duration = Duration::from_secs(2);
/// A large image takes minutes; what has not begun by then will not.
const LIMIT: Duration = Duration::from_mins(15);

/// How bad a finding is, the least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Undefined,
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undefined => "undefined",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// Whether to wait for the scan of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    None,
    Wait,
}

/// One vulnerability in one image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) version: String,
    /// The version without it, where the scan knows one.
    pub(crate) fixed_in: Option<String>,
    /// Nothing where the scan does not say: basic scanning never does.
    pub(crate) fixable: Option<bool>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) in {} {}", self.name, self.severity, self.package, self.version)?;
        match &self.fixed_in {
            Some(version) => write!(f, ", fixed in {version}"),
            None => Ok(()),
        }
    }
}

/// What keeps an image back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) fail_on: Severity,
    pub(crate) only_fixable: bool,
}

impl Gate {
    /// What the scan does not call unfixable counts as fixable: nobody knows.
    fn refuses(self, finding: &Finding) -> bool {
        finding.severity >= self.fail_on && !(self.only_fixable && finding.fixable == Some(false))
    }
}

/// A scan that came to its end: the worst findings first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan(Vec<Finding>);

impl Scan {
    pub(crate) fn counts(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.0 {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    pub(crate) fn refusing(&self, gate: Gate) -> Vec<&Finding> {
        self.0.iter().filter(|finding| gate.refuses(finding)).collect()
    }

    pub(crate) fn says_what_is_fixable(&self) -> bool {
        self.0.iter().all(|finding| finding.fixable.is_some())
    }
}

/// How waiting for a scan ended.
#[derive(Debug)]
pub(crate) enum Waited {
    Scanned(Scan),
    /// There are no findings to judge by, and why.
    Unknown(String),
    Cancelled,
}

/// Waits for the scan of `image`; of an index, for that of each of its platforms.
pub(crate) async fn wait(step: &Step, ecr: &Ecr, image: &Held) -> miette::Result<Waited> {
    let mut digests: Vec<String> = image.members().into_iter().map(|(_, digest)| digest).collect();
    if digests.is_empty() {
        digests.push(image.digest.clone());
    }
    let looking = async {
        let mut findings = BTreeSet::new();
        for digest in digests {
            match scanned(step, ecr, &digest).await? {
                Ok(found) => findings.extend(found),
                Err(why) => return miette::Result::Ok(Waited::Unknown(why)),
            }
        }
        Ok(Waited::Scanned(Scan(findings.into_iter().rev().collect())))
    };
    tokio::select! {
        () = step.cancelled().cancelled() => Ok(Waited::Cancelled),
        waited = looking => waited,
    }
}

/// The findings, or why there are none to be had.
async fn scanned(
    step: &Step,
    ecr: &Ecr,
    digest: &str,
) -> miette::Result<Result<Vec<Finding>, String>> {
    let deadline = Instant::now() + LIMIT;
    let mut asked = false;
    loop {
        match ecr.scan(digest).await? {
            Looked::Done(findings) => return Ok(Ok(findings)),
            Looked::Unable(why) => return Ok(Err(why)),
            // Where pushing starts no scan, one is asked for; enhanced scanning takes no such wish and starts by itself.
            Looked::NotFound if !asked => {
                asked = true;
                step.say(format!("no scan of {digest} yet"));
                if let Err(error) = ecr.start_scan(digest).await {
                    step.say(format!("it cannot be started: {error}"));
                }
            }
            Looked::NotFound | Looked::UnderWay if Instant::now() > deadline => {
                return Ok(Err(format!("no result within {} minutes", LIMIT.as_secs() / 60)));
            }
            Looked::NotFound | Looked::UnderWay => {
                step.live(format!("waiting for the scan of {digest}"));
                sleep(POLL).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, fixable: Option<bool>) -> Finding {
        Finding {
            severity,
            name: "CVE-1".to_owned(),
            package: "openssl".to_owned(),
            version: "1".to_owned(),
            fixed_in: None,
            fixable,
        }
    }

    #[test]
    fn a_gate_refuses_from_its_severity_on_and_what_may_be_fixable() {
        let any = |fail_on| Gate { fail_on, only_fixable: false };
        let fixable = |fail_on| Gate { fail_on, only_fixable: true };
        for (gate, severity, fix, refused) in [
            (any(Severity::High), Severity::Critical, None, true),
            (any(Severity::High), Severity::High, Some(false), true),
            (any(Severity::High), Severity::Medium, Some(true), false),
            (any(Severity::Low), Severity::Undefined, None, false),
            (fixable(Severity::High), Severity::High, Some(true), true),
            (fixable(Severity::High), Severity::High, Some(false), false),
            (fixable(Severity::High), Severity::High, None, true),
        ] {
            assert_eq!(gate.refuses(&finding(severity, fix)), refused, "{gate:?} {severity}");
        }
    }
}
