//! What kind of file a path is: it decides when the file switches and how long it may be cached.

use serde::{Deserialize, Serialize};

use crate::globs::{Pattern, first_match};

/// The kinds, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// Its name changes with its content.
    Asset,
    /// Anything that is none of the others.
    File,
    /// A page or a web manifest.
    Page,
    /// The site's `index.html`: the last of the pages.
    Index,
    /// A service worker: it fetches the others as soon as it is there.
    Worker,
}

impl Class {
    /// Whether the same name may hold other bytes tomorrow.
    pub(crate) fn mutable(self) -> bool {
        self != Self::Asset
    }

    /// Whether it switches last.
    pub(crate) fn entry(self) -> bool {
        matches!(self, Self::Page | Self::Index | Self::Worker)
    }
}

/// What switches last, when nobody says otherwise.
const ENTRY_POINTS: [&str; 6] = [
    "*.html",
    "{sw,service-worker,serviceworker,ngsw-worker,firebase-messaging-sw}.js",
    "*-sw.js",
    "*.webmanifest",
    "manifest.json",
    "ngsw.json",
];

/// The globs that sort files into classes.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    entry_points: Vec<Pattern>,
    /// Empty: what the build tools that people use name by content.
    immutable: Vec<Pattern>,
}

/// Two globs that cannot both be meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub(crate) path: String,
    pub(crate) first: String,
    pub(crate) second: String,
}

impl Classes {
    pub(crate) fn new(entry_points: &[Pattern], immutable: &[Pattern]) -> Self {
        let entry_points = if entry_points.is_empty() {
            ENTRY_POINTS.iter().filter_map(|glob| glob.parse().ok()).collect()
        } else {
            entry_points.to_vec()
        };
        Self { entry_points, immutable: immutable.to_vec() }
    }

    /// The class of `path`. An entry point that a glob of the user's calls immutable is a contradiction.
    pub(crate) fn of(&self, path: &str) -> Result<Class, Overlap> {
        let entry = first_match(&self.entry_points, path);
        let immutable = first_match(&self.immutable, path);
        match (entry, immutable) {
            (Some(entry), Some(immutable)) => Err(Overlap {
                path: path.to_owned(),
                first: entry.text().to_owned(),
                second: immutable.text().to_owned(),
            }),
            (Some(_), None) => Ok(entry_class(path)),
            (None, Some(_)) => Ok(Class::Asset),
            (None, None) if self.immutable.is_empty() && named_by_content(path) => Ok(Class::Asset),
            (None, None) => Ok(Class::File),
        }
    }
}

fn entry_class(path: &str) -> Class {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        _ if path == "index.html" => Class::Index,
        "js" | "mjs" => Class::Worker,
        _ => Class::Page,
    }
}

/// Whether a build tool gave `path` a name that changes with its content.
///
/// A name that only looks so would be cached for a year, so a word of eight letters is no hash: `assets/my-document.pdf`.
pub(crate) fn named_by_content(path: &str) -> bool {
    let folder = |name: &str| path.starts_with(name) || path.contains(&format!("/{name}"));
    if folder("_next/static/") || folder("_app/immutable/") || folder("_nuxt/") || folder("_astro/")
    {
        return !path.contains("/builds/latest.json");
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    // `app.1a2b3c4d.chunk.js`, `logo-BkPcMr4q.svg`, `chunk-5INURTSO.js`, `main.0123456789abcdef.css.map`
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let Some((extension, middles)) = rest.split_last() else { return false };
    if middles.iter().any(|part| is_hex_hash(part)) {
        return true;
    }
    let stem = match middles.last() {
        Some(&("js" | "css" | "mjs")) if middles.len() == 1 => first,
        None => first,
        Some(last) => last,
    };
    // A hash of Rollup's may itself hold `-`, so it is counted from the end.
    let Some((before, hash)) = stem
        .char_indices()
        .rev()
        .nth(7)
        .and_then(|(at, _)| Some((stem.get(..at)?, stem.get(at..)?)))
    else {
        return false;
    };
    if !before.ends_with(['-', '.', '_']) {
        return false;
    }
    // Angular puts its files at the root, in capitals.
    let angular = hash.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && (matches!(*extension, "js" | "mjs" | "css" | "map") || folder("media/"));
    (angular || folder("assets/")) && is_base64_hash(hash)
}

/// webpack, Parcel, Angular: at least eight hexadecimal digits, a figure among them.
fn is_hex_hash(part: &str) -> bool {
    (8..=64).contains(&part.len())
        && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && part.bytes().any(|b| b.is_ascii_digit())
}

/// Rollup, esbuild: eight of the URL-safe base64 alphabet, and not just a word.
fn is_base64_hash(part: &str) -> bool {
    let word = part.bytes().skip(1).all(|b| b.is_ascii_lowercase());
    let date = part.bytes().all(|b| b.is_ascii_digit());
    part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) && !word && !date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_named_by_content_are_told_from_words() {
        for path in [
            "assets/index-BkPcMr4q.js",
            "assets/index-B-PcM_4q.css",
            "app/assets/logo-DiwrgTda.svg",
            "assets/index-BkPcMr4q.js.map",
            "static/js/main.8f3b1c2d.js",
            "static/js/787.28cb0dcd.chunk.js",
            "main.0123456789abcdef0123.js",
            "chunk-5INURTSO.js",
            "_next/static/chunks/main-app.js",
            "_app/immutable/nodes/0.js",
            "_nuxt/entry.js",
            "_astro/x.css",
        ] {
            assert!(named_by_content(path), "{path}");
        }
        for path in [
            "assets/my-document.pdf",
            "assets/My-Document.pdf",
            "assets/report-20260101.pdf",
            "favicon.ico",
            "robots.txt",
            "js/jquery-3.7.1.min.js",
            "sw.js",
            "assets/logo.svg",
            "photos/IMG-ABCDEFGH.jpg",
            "deadbeef.js",
        ] {
            assert!(!named_by_content(path), "{path}");
        }
    }

    #[test]
    fn entry_points_have_their_turn() {
        let classes = Classes::new(&[], &[]);
        for (path, class) in [
            ("index.html", Class::Index),
            ("docs/index.html", Class::Page),
            ("app.webmanifest", Class::Page),
            ("sw.js", Class::Worker),
            ("assets/index-BkPcMr4q.js", Class::Asset),
            ("robots.txt", Class::File),
        ] {
            assert_eq!(classes.of(path), Ok(class), "{path}");
        }
        assert!(Class::Index < Class::Worker && Class::Page < Class::Index);
    }

    #[test]
    fn a_page_cannot_be_immutable() {
        let classes = Classes::new(&[], &["**/*".parse().unwrap()]);
        let overlap = classes.of("a.html").unwrap_err();
        assert_eq!((overlap.first.as_str(), overlap.second.as_str()), ("*.html", "**/*"));
    }
}
