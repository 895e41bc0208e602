//! The way back: an earlier release as the files that shall be there, each with the place where its bytes still are. Pure.

use std::collections::BTreeSet;

use actions_runtime::did_you_mean;

use crate::{
    class::Class,
    manifest::{Current, Entry, Manifest, Stored},
    plan::{Source, Wanted},
};

/// The release that `asked` means.
pub(crate) fn target(asked: &str, current: &Current) -> Result<String, String> {
    if asked != "previous" {
        return crate::inputs::release_name(asked);
    }
    match (current.live(), current.previous()) {
        (_, Some(previous)) => Ok(previous.release.clone()),
        (Some(live), None) => {
            Err(format!("`{}` is the only release that was ever live here", live.release))
        }
        (None, None) => Err("nothing has been published here yet".to_owned()),
    }
}

/// The message for a release that left no record.
pub(crate) fn unknown(release: &str, current: &Current) -> String {
    let names: BTreeSet<String> = current.history.iter().map(|one| one.release.clone()).collect();
    let names: Vec<String> = names.into_iter().collect();
    format!("there is no record of a release `{release}`{}", did_you_mean(release, &names))
}

/// The files of `manifest`, and where each comes from.
pub(crate) fn wanted(manifest: &Manifest, stored: &[Stored]) -> Vec<Wanted> {
    manifest
        .files
        .iter()
        .map(|entry| Wanted {
            path: entry.path.clone(),
            size: entry.size,
            content: entry.content.clone(),
            class: entry.class,
            headers: entry.headers.clone(),
            from: source(entry, stored),
        })
        .collect()
}

fn source(entry: &Entry, stored: &[Stored]) -> Source {
    if entry.class == Class::Asset {
        return Source::Bucket;
    }
    if let Some(version) = &entry.version {
        return Source::Version(version.clone());
    }
    match entry.content.name() {
        Some(name) if stored.iter().any(|one| one.name == name) => Source::Store(name),
        // It was never overwritten, so it still is where it was.
        _ => Source::Bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Live, Moment};

    #[test]
    fn previous_needs_a_release_before() {
        let mut current = Current::default();
        assert!(target("previous", &current).unwrap_err().contains("nothing"));
        let live =
            |release: &str| Live { release: release.to_owned(), since: Moment(0), until: None };
        current.history = vec![live("b")];
        assert!(target("previous", &current).unwrap_err().contains("only release"));
        current.history.push(live("a"));
        assert_eq!(target("previous", &current), Ok("a".to_owned()));
        assert_eq!(target("b", &current), Ok("b".to_owned()));
        assert_eq!(
            unknown("zz", &current),
            "there is no record of a release `zz`; there is `a`, `b`"
        );
    }
}
