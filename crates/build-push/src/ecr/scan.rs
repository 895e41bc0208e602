//! Scans as ECR tells them, basic and enhanced in one form.

use aws_sdk_ecr::types::{
    EnhancedImageScanFinding, FindingSeverity, ImageIdentifier, ImageScanFinding,
    PackageVulnerabilityDetails, ScanStatus,
};
use aws_session::AwsError;

use super::Ecr;
use crate::scan::{Finding, Severity};

/// What a look at a scan found.
#[derive(Debug)]
pub(crate) enum Looked {
    Done(Vec<Finding>),
    UnderWay,
    NotFound,
    /// It ended without findings to judge by.
    Unable(String),
}

impl Ecr {
    /// The scan of an image as it stands.
    pub(crate) async fn scan(&self, digest: &str) -> Result<Looked, AwsError> {
        let mut pages = self
            .client
            .describe_image_scan_findings()
            .set_registry_id(self.account.clone())
            .repository_name(&self.name)
            .image_id(ImageIdentifier::builder().image_digest(digest).build())
            .into_paginator()
            .send();
        let mut findings = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                self.session.explain("ecr:DescribeImageScanFindings", &self.name, error)
            });
            let page = match page {
                Err(error) if error.code() == Some("ScanNotFoundException") => {
                    return Ok(Looked::NotFound);
                }
                page => page?,
            };
            let status = page.image_scan_status;
            let told = status.as_ref().and_then(|status| status.description.clone());
            match status.and_then(|status| status.status) {
                // ACTIVE: Inspector has looked, and goes on looking for what becomes known.
                Some(ScanStatus::Complete | ScanStatus::Active) => {}
                Some(ScanStatus::InProgress | ScanStatus::Pending) | None => {
                    return Ok(Looked::UnderWay);
                }
                Some(other) => {
                    let told = told.map(|told| format!(": {told}")).unwrap_or_default();
                    return Ok(Looked::Unable(format!("{other}{told}")));
                }
            }
            let found = page.image_scan_findings;
            let basic = found.as_ref().map(|it| it.findings().iter().map(basic));
            findings.extend(basic.into_iter().flatten());
            let open = |it: &&EnhancedImageScanFinding| {
                !it.status().is_some_and(|status| ["CLOSED", "SUPPRESSED"].contains(&status))
            };
            let enhanced =
                found.as_ref().map(|it| it.enhanced_findings().iter().filter(open).map(enhanced));
            findings.extend(enhanced.into_iter().flatten());
        }
        Ok(Looked::Done(findings))
    }

    pub(crate) async fn start_scan(&self, digest: &str) -> Result<(), AwsError> {
        self.client
            .start_image_scan()
            .set_registry_id(self.account.clone())
            .repository_name(&self.name)
            .image_id(ImageIdentifier::builder().image_digest(digest).build())
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:StartImageScan", &self.name, error))?;
        Ok(())
    }
}

fn basic(finding: &ImageScanFinding) -> Finding {
    let attribute = |key: &str| {
        let found = finding.attributes().iter().find(|attribute| attribute.key() == key);
        found.and_then(|attribute| attribute.value()).unwrap_or("?").to_owned()
    };
    Finding {
        severity: severity(finding.severity().map_or("", FindingSeverity::as_str)),
        name: finding.name().unwrap_or("?").to_owned(),
        package: attribute("package_name"),
        version: attribute("package_version"),
        fixed_in: None,
        fixable: None,
    }
}

fn enhanced(finding: &EnhancedImageScanFinding) -> Finding {
    let details = finding.package_vulnerability_details();
    let packages =
        details.map(PackageVulnerabilityDetails::vulnerable_packages).unwrap_or_default();
    let joined = |texts: Vec<&str>| texts.join(", ");
    let fixed: Vec<&str> = packages
        .iter()
        .filter_map(|package| package.fixed_in_version())
        .filter(|version| *version != "NotAvailable")
        .collect();
    let fixable = match finding.fix_available() {
        Some("YES" | "PARTIAL") => Some(true),
        Some("NO") => Some(false),
        _ => (!fixed.is_empty()).then_some(true),
    };
    Finding {
        severity: severity(finding.severity().unwrap_or_default()),
        name: details
            .and_then(|it| it.vulnerability_id())
            .or(finding.title())
            .unwrap_or("?")
            .to_owned(),
        package: joined(packages.iter().filter_map(|package| package.name()).collect()),
        version: joined(packages.iter().filter_map(|package| package.version()).collect()),
        fixed_in: (!fixed.is_empty()).then(|| joined(fixed)),
        fixable,
    }
}

/// Inspector says `UNTRIAGED` where basic scanning says `UNDEFINED`.
fn severity(word: &str) -> Severity {
    match word {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        "INFORMATIONAL" => Severity::Informational,
        _ => Severity::Undefined,
    }
}
