//! What people read: the plan, how it went, the summary.

use std::collections::BTreeMap;

use actions_runtime::{
    Step,
    markdown::{code, table, text},
};
use aws_session::Session;

use crate::{
    content::Content,
    docker::{Builder, Kind},
    ecr::Held,
    fit::Fit,
    inputs::Inputs,
    look::Look,
    outputs::{Outputs, Verdict},
    plan::Plan,
    push::Done,
    reference::Tag,
    scan::{Finding, Scan, Severity},
};

/// How many findings a summary lists: GitHub cuts it at a megabyte, and a reader sooner.
const LISTED: usize = 50;
/// How many stand in one line.
const NAMED: usize = 3;

/// The lines before anything is done.
pub(crate) fn look(step: &Step, inputs: &Inputs, look: &Look, uri: &str) {
    if look.repository.is_none() {
        step.say(format!("{uri} is missing: it will be created, with tags that cannot be moved"));
    }
    if let Content::Copied(image) = &look.seen.content {
        step.say(format!("promoting {}", image.source()));
    }
    let context = inputs.context.display();
    if let Some(hashed) = &look.context {
        let (files, size) = (hashed.files, bytes(hashed.bytes));
        step.say(format!("context `{context}`: {files} files, {size}"));
        if hashed.has_git {
            step.notice(format!(
                "`.git` is part of the context, so that every commit builds anew: leave it out with {context}/.dockerignore"
            ));
        }
    }
    if let Some(Fit { platform, whose }) = &look.fit {
        step.say(format!("for `{whose}`, which runs on {platform}"));
    }
    match &look.seen.content {
        Content::Known(fingerprint) => step.say(fingerprint.tag()),
        Content::Unknown(why) => step.say(format!("no fingerprint: {why}")),
        Content::Copied(_) => {}
    }
}

/// What will be done, in one line; in a dry run it is the answer.
pub(crate) fn plan(plan: &Plan, look: &Look, builder: Option<&Builder>) -> String {
    match plan {
        Plan::Refuse { tag, holds } => refused(tag, holds),
        Plan::Name { image, tags } if tags.is_empty() => {
            format!("{} is there and has its tags: nothing to do", image.digest)
        }
        Plan::Name { image, tags } => {
            let why = match look.seen.content {
                Content::Copied(_) => "is here",
                Content::Known(_) | Content::Unknown(_) => "was built from this content before",
            };
            format!("{} {why}: name it {}", image.digest, list(tags))
        }
        Plan::Copy { image, push_as } => {
            let tags: Vec<Tag> = look.seen.tags.iter().map(|named| named.tag.clone()).collect();
            format!("copy {} as {push_as}, name it {}", image.source(), list(&tags))
        }
        Plan::Build { push_as, why } => {
            let tags: Vec<Tag> = look.seen.tags.iter().map(|named| named.tag.clone()).collect();
            let builder = builder.map(|builder| format!(" with {}", builder.name()));
            let builder = builder.unwrap_or_default();
            format!("build{builder} ({why}), push as {push_as}, name it {}", list(&tags))
        }
    }
}

/// Said before a build that can do less than people expect.
pub(crate) fn what_is_lost(builder: &Builder) -> Option<&'static str> {
    (builder.kind == Kind::Classic).then_some(
        "docker's buildx plugin is missing: the classic builder has no build secrets, no caches, no attestations, no cache or bind mounts, \
         no heredocs, no <Dockerfile>.dockerignore, and the digest of a base image by tag cannot be looked up",
    )
}

/// The run's answer.
pub(crate) struct Answer<'a> {
    pub(crate) step: &'a Step,
    pub(crate) look: &'a Look,
    /// What built, if anything had to.
    pub(crate) builder: Option<&'a Builder>,
    pub(crate) session: &'a Session,
    pub(crate) uri: &'a str,
    pub(crate) size: Option<u64>,
}

impl Answer<'_> {
    pub(crate) fn give(&self, done: Done, scan: Option<&Scan>) -> Outputs {
        let tags: Vec<Tag> = self.look.seen.tags.iter().map(|named| named.tag.clone()).collect();
        let refusing = match &done {
            Done::Vulnerable { findings, .. } => findings.clone(),
            _ => Vec::new(),
        };
        let (verdict, image, reason) = match done {
            Done::Built(image) => {
                let reason = format!("built {} and pushed it as {}", image.digest, list(&tags));
                (Verdict::Built, Some(image), reason)
            }
            Done::Exists(image) => {
                let why = match self.look.seen.content {
                    Content::Copied(_) => "is here",
                    Content::Known(_) | Content::Unknown(_) => "was built before",
                };
                let reason = format!("{} {why}; it is named {}", image.digest, list(&tags));
                (Verdict::Exists, Some(image), reason)
            }
            Done::Refused { tag, holds, built } => {
                let built =
                    built.map(|image| format!(", and {} is what these files make", image.digest));
                (Verdict::Refused, None, refused(&tag, &holds) + &built.unwrap_or_default())
            }
            Done::Misfit { image, platforms, fit } => {
                let Fit { platform, whose } = fit;
                let digest = image.digest;
                let reason = format!(
                    "{digest} is for {platforms}, and `{whose}` runs on {platform}: no tag names it"
                );
                (Verdict::Refused, None, reason)
            }
            Done::Vulnerable { image, findings } => {
                let named: Vec<String> =
                    findings.iter().take(NAMED).map(ToString::to_string).collect();
                let more = findings.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                let reason =
                    format!("the scan of {} found {}{more}", image.digest, named.join("; "));
                (Verdict::Refused, None, reason)
            }
            Done::Unscanned { image, why } => {
                let reason = format!("the scan of {} came to no end: {why}", image.digest);
                (Verdict::Failed, None, reason)
            }
            Done::Failed(cause) => (Verdict::Failed, None, format!("docker failed: {cause}")),
            Done::Cancelled { left } => {
                let left = left.map_or("nothing was changed after that".to_owned(), |tag| {
                    format!("`{tag}` may have been pushed; no other tag was touched")
                });
                (Verdict::Cancelled, None, format!("cancelled: {left}"))
            }
        };
        let outputs = Outputs {
            verdict,
            image: image.as_ref().map(|image| format!("{}@{}", self.uri, image.digest)),
            digest: image.as_ref().map(|image| image.digest.clone()),
            repository_uri: Some(self.uri.to_owned()),
            tags: if image.is_some() {
                tags.iter().map(ToString::to_string).collect()
            } else {
                Vec::new()
            },
            size: self.size,
            scan_findings: scan.map(Scan::counts),
            reason,
            seconds: self.step.seconds(),
        };
        self.tell(&outputs);
        self.summarise(&outputs, image.as_ref(), &refusing);
        outputs
    }

    /// The answer of a dry run; where it already sees what would be refused, that is the answer.
    pub(crate) fn planned(&self, planned: &Plan) -> Outputs {
        let image = match planned {
            Plan::Name { image, .. } => Some(image),
            Plan::Refuse { .. } | Plan::Copy { .. } | Plan::Build { .. } => None,
        };
        let outputs = Outputs {
            verdict: Verdict::Planned,
            image: image.map(|image| format!("{}@{}", self.uri, image.digest)),
            digest: image.map(|image| image.digest.clone()),
            repository_uri: Some(self.uri.to_owned()),
            tags: Vec::new(),
            size: image.and_then(Held::size),
            scan_findings: None,
            reason: plan(planned, self.look, self.builder),
            seconds: self.step.seconds(),
        };
        self.step.say(format!("nothing was changed ({})", self.session.calls().sentence()));
        self.summarise(&outputs, image, &[]);
        outputs
    }

    fn tell(&self, outputs: &Outputs) {
        let line = format!(
            "{} ({} s, {})",
            outputs.reason,
            outputs.seconds,
            self.session.calls().sentence()
        );
        match outputs.verdict {
            Verdict::Failed | Verdict::Refused => self.step.error(&outputs.reason),
            Verdict::Cancelled => self.step.warning(&outputs.reason),
            Verdict::Built | Verdict::Exists | Verdict::Planned => self.step.say(line),
        }
        if let Some(image) = &outputs.image {
            self.step.say(image);
        }
    }

    /// Read without the log: what, from what, how it went.
    fn summarise(&self, outputs: &Outputs, image: Option<&Held>, refusing: &[Finding]) {
        let (title, uri) = (title(outputs.verdict), self.uri);
        let row = |name: &str, value: String| [name.to_owned(), value];
        let mut rows = vec![row("Why", text(&outputs.reason))];
        if let Some(image) = &outputs.image {
            rows.push(row("Image", code(image)));
        }
        if !outputs.tags.is_empty() {
            let tags: Vec<String> = outputs.tags.iter().map(|tag| code(tag)).collect();
            rows.push(row("Tags", tags.join(" ")));
        }
        for (platform, digest) in image.map(Held::members).unwrap_or_default() {
            rows.push(row(&text(&platform), code(&digest)));
        }
        rows.extend(outputs.size.map(|size| row("Size of a pull", bytes(size))));
        rows.extend(outputs.scan_findings.as_ref().map(|counts| row("Scan", counted(counts))));
        match &self.look.seen.content {
            Content::Known(fingerprint) => {
                rows.push(row("Content", code(fingerprint.tag().as_str())));
            }
            Content::Unknown(why) => rows.push(row("No fingerprint", text(why))),
            Content::Copied(image) => rows.push(row("Promoted from", code(&image.source()))),
        }
        rows.extend(self.builder.map(|builder| row("Builder", text(&builder.name()))));
        rows.push(row(
            "Took",
            format!("{} s, {}", outputs.seconds, self.session.calls().sentence()),
        ));
        let mut section = format!("### {title}: {}\n\n{}", code(uri), table(["", ""], rows));
        if !refusing.is_empty() {
            section += &findings(refusing);
        }
        self.step.summary(section);
    }
}

fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Built => "Image built",
        Verdict::Exists => "Image already built",
        Verdict::Planned => "Image planned",
        Verdict::Failed => "Image not built",
        Verdict::Refused => "Image refused",
        Verdict::Cancelled => "Image cancelled",
    }
}

/// `1 critical, 2 high`.
fn counted(counts: &BTreeMap<Severity, usize>) -> String {
    let told: Vec<String> =
        counts.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    if told.is_empty() { "nothing found".to_owned() } else { told.join(", ") }
}

/// What keeps the image back, as a table.
fn findings(refusing: &[Finding]) -> String {
    let rows: Vec<[String; 5]> = refusing
        .iter()
        .take(LISTED)
        .map(|it| {
            let fixed = it.fixed_in.as_deref().map_or_else(|| "-".to_owned(), code);
            [it.severity.to_string(), text(&it.name), code(&it.package), code(&it.version), fixed]
        })
        .collect();
    let titles = ["Severity", "Finding", "Package", "Version", "Fixed in"];
    let more = refusing.len().saturating_sub(LISTED);
    let more = if more > 0 { format!("\n{more} more\n") } else { String::new() };
    format!("\n{}{more}", table(titles, rows))
}

fn refused(tag: &Tag, holds: &str) -> String {
    format!("the tag `{tag}` may not move, and names {holds}")
}

fn list(tags: &[Tag]) -> String {
    tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ")
}

/// `3.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    #[expect(clippy::cast_precision_loss, reason = "shown to two digits")]
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_units() {
        for (count, told) in [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3_400_000, "3.4 MB")] {
            assert_eq!(bytes(count), told);
        }
    }
}
