//! What people read: the plan, the progress, the reason, the summary.

use std::{collections::BTreeMap, fmt::Write as _};

use actions_runtime::markdown;

use crate::{
    claim::Winner,
    plan::{How, Plan, Refusal, Stage, Wanted, Write},
};

/// A list longer than this is cut, and says so.
const SHOWN: usize = 20;
/// A reason names this many of anything.
const NAMED: usize = 3;

/// What was done, counted.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) uploaded: usize,
    pub(crate) bytes: u64,
    /// Objects copied onto themselves with other headers.
    pub(crate) headers: usize,
    pub(crate) restored: usize,
    pub(crate) deleted: usize,
    pub(crate) invalidation: Option<String>,
    pub(crate) completed: bool,
    /// Paths that the CDN was told to forget.
    pub(crate) told: Vec<String>,
}

pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let float = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", float / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", float / 1e6),
        _ => format!("{:.1} GB", float / 1e9),
    }
}

pub(crate) fn count(number: usize, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {one}s"),
    }
}

/// The line of a terminal while `stage` runs.
pub(crate) fn now(stage: &Stage) -> String {
    match stage {
        Stage::Assets(writes)
        | Stage::Files(writes)
        | Stage::Pages(writes)
        | Stage::Index(writes)
        | Stage::Workers(writes) => {
            format!("writing {}: {}", count(writes.len(), "file"), title(stage))
        }
        other => title(other).to_owned(),
    }
}

pub(crate) fn progress(done: usize, all: usize, bytes: u64) -> String {
    format!("{done} of {all} files, {} sent", size(bytes))
}

fn title(stage: &Stage) -> &'static str {
    match stage {
        Stage::Assets(_) => "immutable files",
        Stage::Adopt => "record of what another tool put there",
        Stage::Claim => "claim: from here on the site changes",
        Stage::Preserve(_) => "what is overwritten, kept for a way back",
        Stage::Files(_) => "other files",
        Stage::Pages(_) => "pages",
        Stage::Index(_) => "index.html",
        Stage::Workers(_) => "service workers",
        Stage::Finish => "record of the release: it is live",
        Stage::Invalidate(_) => "invalidation",
        Stage::Delete(_) => "deletion, once the invalidation is completed",
        Stage::InvalidateDeleted(_) => "invalidation of what was deleted",
        Stage::Prune(_) => "deletion of immutable files that nothing names any more",
        Stage::Forget(_) => "what only forgotten releases asked for",
    }
}

/// The plan as people read it: every step in its order.
pub(crate) fn plan(plan: &Plan) -> String {
    let sizes: BTreeMap<&str, u64> =
        plan.files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let mut text = String::new();
    for (at, stage) in plan.stages.iter().enumerate() {
        let lines = lines(stage, &sizes);
        let number = at + 1;
        let _ = write!(text, "{number:>2}. {}", title(stage));
        if !lines.is_empty() {
            let _ = write!(text, " ({})", lines.len());
        }
        text.push('\n');
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(text, "      {line}");
        }
        if lines.len() > SHOWN {
            let _ = writeln!(text, "      … and {} more", lines.len() - SHOWN);
        }
    }
    text.trim_end().to_owned()
}

fn lines(stage: &Stage, sizes: &BTreeMap<&str, u64>) -> Vec<String> {
    let write = |write: &Write| {
        let bytes = size(sizes.get(write.path.as_str()).copied().unwrap_or_default());
        match write.how {
            How::Upload => format!("send    {} ({bytes})", write.path),
            How::Headers { .. } => format!("headers {}", write.path),
            How::Restore(_) => format!("restore {} ({bytes})", write.path),
        }
    };
    match stage {
        Stage::Assets(writes)
        | Stage::Files(writes)
        | Stage::Pages(writes)
        | Stage::Index(writes)
        | Stage::Workers(writes) => writes.iter().map(write).collect(),
        Stage::Preserve(copies) => {
            copies.iter().map(|copy| format!("keep    {}", copy.path)).collect()
        }
        Stage::Invalidate(paths) | Stage::InvalidateDeleted(paths) => {
            paths.iter().map(|path| format!("forget  {path}")).collect()
        }
        Stage::Delete(paths) | Stage::Prune(paths) | Stage::Forget(paths) => {
            paths.iter().map(|path| format!("delete  {path}")).collect()
        }
        Stage::Adopt | Stage::Claim | Stage::Finish => Vec::new(),
    }
}

/// What a plan comes to, in one line.
pub(crate) fn planned(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("nothing to do: {} are there already", count(plan.unchanged, "file"));
    }
    let sizes: BTreeMap<&str, &Wanted> =
        plan.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let (mut sent, mut bytes, mut headers, mut restored) = (0, 0, 0, 0);
    for write in plan.writes() {
        match write.how {
            How::Upload => {
                sent += 1;
                bytes += sizes.get(write.path.as_str()).map_or(0, |file| file.size);
            }
            How::Headers { .. } => headers += 1,
            How::Restore(_) => restored += 1,
        }
    }
    let done = Done { uploaded: sent, bytes, headers, restored, ..Done::default() };
    let mut parts = moved(&done);
    parts.push(format!("{} unchanged", plan.unchanged));
    if plan.deletions() > 0 {
        parts.push(format!("{} to delete", plan.deletions()));
    }
    parts.join(", ")
}

fn moved(done: &Done) -> Vec<String> {
    let mut parts = Vec::new();
    if done.uploaded > 0 || done.restored + done.headers == 0 {
        parts.push(format!("{} sent ({})", count(done.uploaded, "file"), size(done.bytes)));
    }
    if done.restored > 0 {
        parts.push(format!("{} brought back", count(done.restored, "file")));
    }
    if done.headers > 0 {
        parts.push(format!("{} given other headers", count(done.headers, "file")));
    }
    parts
}

/// What was done, in one line.
pub(crate) fn done(plan: &Plan, done: &Done) -> String {
    let mut parts = moved(done);
    parts.push(format!("{} unchanged", plan.unchanged));
    if done.deleted > 0 {
        parts.push(format!("{} deleted", done.deleted));
    }
    if !plan.left.is_empty() {
        parts.push(format!("{} kept for open tabs", plan.left.len()));
    }
    if !done.told.is_empty() {
        parts.push(format!("{} invalidated", count(done.told.len(), "path")));
    }
    parts.join(", ")
}

pub(crate) fn winner(winner: &Winner) -> String {
    let by = winner.url.as_ref().map(|url| format!(" by {url}")).unwrap_or_default();
    if winner.working {
        format!("release `{}` is being published{by}", winner.release)
    } else {
        format!("release `{}` was published meanwhile", winner.release)
    }
}

/// One refusal, as a sentence.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Missing { directory, hint } => {
            format!("there is no directory `{directory}`{hint}")
        }
        Refusal::Empty { directory } => format!("the directory `{directory}` holds no files"),
        Refusal::NoEntryPoint => {
            "the build has no entry point: no page, no service worker, no web manifest".to_owned()
        }
        Refusal::Secret { path, why } => {
            format!("`{path}` would be public: {why} (`allow: {path}` if it is meant to be)")
        }
        Refusal::Denied { path, variable } => {
            format!("`{path}` holds the value of `{variable}`, and everybody could read it")
        }
        Refusal::Dangling { page, names } => {
            format!("`{page}` names `{names}`, which is neither in the build nor in the bucket")
        }
        Refusal::Immutable { path } => format!(
            "`{path}` is in the bucket with other bytes, and browsers that have it never ask again (`allow: {path}` to overwrite it all the same)"
        ),
        Refusal::TooMuchDeleted { count, of, most } => format!(
            "{count} of {of} objects would be deleted, more than `max-delete: {most}` allows"
        ),
        Refusal::Pruned { paths } => format!(
            "{} of that release {} no longer in the bucket: {}",
            count(paths.len(), "file"),
            if paths.len() == 1 { "is" } else { "are" },
            named(paths)
        ),
        Refusal::Reserved { path } => {
            format!(
                "`{path}` lies where releases are recorded: leave `.releases/` out of the build"
            )
        }
    }
}

/// The first few of `names`.
pub(crate) fn named(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

/// What the summary of a job says, whatever the verdict.
pub(crate) struct Summary<'a> {
    pub(crate) title: &'a str,
    pub(crate) release: &'a str,
    pub(crate) place: &'a str,
    pub(crate) url: Option<&'a str>,
    pub(crate) reason: &'a str,
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) done: Option<&'a Done>,
    pub(crate) calls: &'a str,
    pub(crate) seconds: f64,
}

impl Summary<'_> {
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        let mut facts = vec![
            ["release".to_owned(), markdown::code(self.release)],
            ["where".to_owned(), markdown::code(self.place)],
        ];
        if let Some(url) = self.url {
            facts.push(["url".to_owned(), url.to_owned()]);
        }
        if let Some(id) = self.done.and_then(|done| done.invalidation.as_deref()) {
            facts.push(["invalidation".to_owned(), markdown::code(id)]);
        }
        facts.push(["took".to_owned(), format!("{:.1} s, {}", self.seconds, self.calls)]);
        text.push_str(&markdown::table(["", ""], facts));
        text.push('\n');
        text.push_str(&markdown::text(self.reason));
        text.push('\n');
        if let Some(done) = self.done.filter(|done| !done.told.is_empty()) {
            let _ = write!(
                text,
                "\n<details><summary>{} invalidated</summary>\n\n{}\n</details>\n",
                count(done.told.len(), "path"),
                markdown::fence("", &done.told.join("\n"))
            );
        }
        if let Some(plan) = self.plan.filter(|plan| !plan.is_empty()) {
            let _ = write!(
                text,
                "\n<details><summary>Every step</summary>\n\n{}\n</details>\n",
                markdown::fence("", &self::plan(plan))
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_234_567), "1.2 MB");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(2, "entry"), "2 entries");
    }
}
