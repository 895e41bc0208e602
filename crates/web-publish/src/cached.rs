//! Which paths of the CDN are to be forgotten: as CloudFront writes them, and no more of them than is sensible. Pure.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Each path counts, and the first 1,000 a month are free; a wildcard counts as one.
const MOST_PATHS: usize = 30;

/// CloudFront: non-ASCII characters and those that RFC 1738 calls unsafe are encoded, no others. `?` would begin a query,
/// and `*` would be a wildcard.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'*')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'~');

/// The paths under which visitors get `files` (keys of the bucket), where CloudFront puts `origin_path` before each.
pub(crate) fn cached_paths(files: &[String], prefix: &str, origin_path: &str) -> Vec<String> {
    let folder = format!("{prefix}/");
    let front = match origin_path {
        "" => folder.trim_end_matches('/').to_owned(),
        _ => folder
            .strip_prefix(&format!("{origin_path}/"))
            .unwrap_or(&folder)
            .trim_end_matches('/')
            .to_owned(),
    };
    let front = if front.is_empty() { String::new() } else { format!("{front}/") };
    let mut paths = Vec::new();
    for file in files {
        let path = format!("/{}", utf8_percent_encode(&format!("{front}{file}"), UNSAFE));
        // Whoever asks for a folder gets its page, cached under the folder's name.
        if let Some(folder) = path.strip_suffix("index.html")
            && folder.ends_with('/')
        {
            paths.push(folder.to_owned());
        }
        paths.push(path);
    }
    paths.sort();
    paths.dedup();
    collapse(paths)
}

/// Replaces paths by wildcards, the folder with most of them first, until few enough are left.
fn collapse(mut paths: Vec<String>) -> Vec<String> {
    while paths.len() > MOST_PATHS {
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        for path in &paths {
            *folders.entry(folder_of(path)).or_default() += 1;
        }
        let depth = |folder: &str| folder.matches('/').count();
        let Some(folder) = folders
            .iter()
            .max_by_key(|(folder, count)| (**count, depth(folder)))
            .map(|(folder, _)| folder.clone())
        else {
            break;
        };
        paths.retain(|path| !path.starts_with(&folder));
        paths.push(format!("{folder}*"));
    }
    paths.sort();
    paths
}

/// The folder that a wildcard for `path` would name: of `/a/*` that is `/`.
fn folder_of(path: &str) -> String {
    let inner = path.strip_suffix('*').unwrap_or(path);
    let inner = if inner.len() < path.len() { inner.trim_end_matches('/') } else { inner };
    inner.rfind('/').map_or_else(|| "/".to_owned(), |at| inner[..=at].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(files: &[&str], prefix: &str, origin_path: &str) -> Vec<String> {
        let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
        cached_paths(&files, prefix, origin_path)
    }

    #[test]
    fn a_page_of_a_folder_is_cached_under_the_folder_too() {
        assert_eq!(
            paths(&["index.html", "docs/index.html", "robots.txt"], "", ""),
            ["/", "/docs/", "/docs/index.html", "/index.html", "/robots.txt"]
        );
        assert_eq!(paths(&["myindex.html"], "", ""), ["/myindex.html"]);
    }

    #[test]
    fn names_are_encoded_as_cloudfront_wants() {
        assert_eq!(
            paths(
                &["a b.txt", "a+b.txt", "a#b?.txt", "100%.txt", "日本.txt", "😀.txt", "a*.txt"],
                "",
                ""
            ),
            [
                "/%E6%97%A5%E6%9C%AC.txt",
                "/%F0%9F%98%80.txt",
                "/100%25.txt",
                "/a%20b.txt",
                "/a%23b%3F.txt",
                "/a%2A.txt",
                "/a+b.txt",
            ]
        );
    }

    #[test]
    fn the_path_of_the_origin_is_not_seen_by_visitors() {
        assert_eq!(paths(&["a.txt"], "site", "site"), ["/a.txt"]);
        assert_eq!(paths(&["a.txt"], "site/v1", "site"), ["/v1/a.txt"]);
        assert_eq!(paths(&["a.txt"], "site", ""), ["/site/a.txt"]);
    }

    #[test]
    fn many_paths_become_few_wildcards() {
        let many: Vec<String> = (0..100).map(|n| format!("docs/page-{n}.html")).collect();
        let mut files = many.clone();
        files.push("index.html".to_owned());
        assert_eq!(cached_paths(&files, "", ""), ["/", "/docs/*", "/index.html"]);
        let folders: Vec<String> = (0..100).map(|n| format!("docs/{n}/a.html")).collect();
        assert_eq!(cached_paths(&folders, "", ""), ["/docs/*"]);
        let roots: Vec<String> = (0..100).map(|n| format!("{n}.html")).collect();
        assert_eq!(cached_paths(&roots, "", ""), ["/*"]);
    }
}
