//! What a page asks for: scripts, style sheets, preloads. Enough to notice a broken build, not a browser.

use percent_encoding::percent_decode_str;

/// Something that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As it is written in the page.
    pub(crate) url: String,
    /// The page cannot work without it: a script or a style sheet.
    pub(crate) vital: bool,
}

pub(crate) fn is_page(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.eq_ignore_ascii_case("html") || extension.eq_ignore_ascii_case("htm")
}

/// What the page of these bytes names.
pub(crate) fn references_in(html: &[u8]) -> Vec<Reference> {
    // Checking is much cheaper than mending, and pages are hardly ever broken.
    match std::str::from_utf8(html) {
        Ok(text) => references(text),
        Err(_) => references(&String::from_utf8_lossy(html)),
    }
}

/// What `html` names, in the order of the page.
pub(crate) fn references(html: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        // Most tags name nothing, and a site has many thousands of them.
        if !may_name(rest) {
            match after_tag(rest) {
                Some(after) => rest = after,
                None => break,
            }
            continue;
        }
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, after)) = tag(rest) else { break };
        rest = after;
        found.extend(reference(&tag));
        // What stands inside a script is no markup.
        if tag.name == "script" {
            rest = from_closing_script(rest);
        }
    }
    found
}

/// Whether the tag that `text` begins with is one of those that name something, or a comment.
fn may_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is = |name: &str| {
        let there = bytes.get(1..=name.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(name.as_bytes()))
    };
    match bytes.get(1).map(u8::to_ascii_lowercase) {
        Some(b's') => is("script") || is("source"),
        Some(b'l') => is("link"),
        Some(b'i') => is("img"),
        Some(b'v') => is("video"),
        Some(b'a') => is("audio"),
        second => second == Some(b'!'),
    }
}

/// What follows the tag that `text` begins with. A `>` inside quotes does not end it.
fn after_tag(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    if !bytes.get(1).is_some_and(|second| second.is_ascii_alphabetic() || *second == b'/') {
        return text.get(1..);
    }
    // Nearly always the first `>` is it.
    let first = text.find('>')?;
    let inner = &bytes[..first];
    let even = inner.iter().fold(true, |even, byte| even ^ (*byte == b'"'));
    if even && !inner.contains(&b'\'') {
        return text.get(first + 1..);
    }
    let (mut quote, mut value) = (None, false);
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') => return text.get(at + 1..),
            // Only a value can be quoted: an apostrophe elsewhere is just one.
            (None, b'"' | b'\'') if value => quote = Some(*byte),
            (Some(open), byte) if open == *byte => (quote, value) = (None, false),
            (None, b'=') => value = true,
            (None, byte) if !byte.is_ascii_whitespace() => value = false,
            _ => {}
        }
    }
    None
}

/// `text` from the end of a script on.
fn from_closing_script(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        from += at;
        let name = text.as_bytes().get(from + 2..from + 8);
        if name.is_some_and(|name| name.eq_ignore_ascii_case(b"script")) {
            return &text[from..];
        }
        from += 2;
    }
    ""
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn reference(tag: &Tag) -> Option<Reference> {
    let (url, vital) = match tag.name.as_str() {
        "script" => (tag.get("src")?, true),
        "link" => {
            let rel = tag.get("rel").unwrap_or_default().to_ascii_lowercase();
            let has = |word: &str| rel.split_ascii_whitespace().any(|one| one == word);
            (tag.get("href")?, has("stylesheet") || has("modulepreload"))
        }
        "img" | "source" | "video" | "audio" => (tag.get("src")?, false),
        _ => return None,
    };
    let url = url.replace("&amp;", "&");
    Some(Reference { url: url.trim().to_owned(), vital })
}

/// The tag that `text` begins with, and what follows it.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let inner = &text[1..];
    let name_end = inner
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '!' | '/')))
        .unwrap_or(inner.len());
    let name = inner[..name_end].to_ascii_lowercase();
    let mut rest = &inner[name_end..];
    let mut attributes = Vec::new();
    if name.is_empty() {
        return Some((Tag { name, attributes }, inner));
    }
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag { name, attributes }, after));
        }
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))
            .unwrap_or(rest.len());
        // A stray `=` is part of no name: step over it.
        let end = if end == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { end };
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            attributes.push((key, String::new()));
            continue;
        };
        let after = after.trim_start();
        let (value, after) = if let Some(quote @ ('"' | '\'')) = after.chars().next() {
            after[1..].split_once(quote)?
        } else {
            let end = |c: char| c.is_ascii_whitespace() || c == '>';
            after.split_at(after.find(end).unwrap_or(after.len()))
        };
        attributes.push((key, value.to_owned()));
        rest = after;
    }
}

/// Where `url`, written in the page `page`, lies: paths of the site that it may mean, or nothing where it leads elsewhere.
///
/// `base` is the path at which visitors find the site's root (`/`, `/app/`). A site under a prefix may be served at the
/// prefix or at the root, so an absolute path may mean either.
pub(crate) fn places(url: &str, page: &str, base_url: Option<&str>, prefix: &str) -> Vec<String> {
    let path = match base_url.and_then(|base| url.strip_prefix(base)) {
        // The address of the site itself, written out.
        Some(below) if below.is_empty() || below.starts_with('/') => {
            return vec![clean(below, "")];
        }
        _ => url,
    };
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let path = &path[..end];
    let scheme = path.find(':').is_some_and(|at| !path[..at].contains('/'));
    if path.is_empty() || scheme || path.starts_with("//") {
        return Vec::new();
    }
    let Some(absolute) = path.strip_prefix('/') else { return vec![clean(path, folder(page))] };
    let mut places = vec![clean(absolute, "")];
    let host_end = base_url.and_then(|base| base.find("://")).map_or(0, |at| at + 3);
    let base_path = base_url
        .and_then(|base| base[host_end..].split_once('/'))
        .map(|(_, path)| format!("{path}/"));
    for front in [prefix, base_path.as_deref().unwrap_or_default()] {
        if let Some(below) = absolute.strip_prefix(front)
            && !front.is_empty()
        {
            places.push(clean(below, ""));
        }
    }
    places
}

fn folder(page: &str) -> &str {
    page.rfind('/').map_or("", |at| &page[..at])
}

/// `path` below `folder`, without `.` and `..`, decoded.
fn clean(path: &str, folder: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    percent_decode_str(&parts.join("/")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_scripts_and_styles() {
        let html = r#"<!doctype html><html><head>
            <!-- <script src="/gone.js"></script> -->
            <link rel="icon" href="/favicon.svg">
            <script type="module" crossorigin src="/assets/index-BkPcMr4q.js"></script>
            <LINK REL=stylesheet HREF='assets/a%20b.css'/>
            <script>if (a < b) document.write('<script src="x.js">')</script>
            </head><body data-x="a>b" title='<script src="no.js">'><p>it's a < b &amp; c</p><img src=logo.png alt></body></html>"#;
        let found = references(html);
        let seen: Vec<_> = found.iter().map(|one| (one.url.as_str(), one.vital)).collect();
        assert_eq!(
            seen,
            [
                ("/favicon.svg", false),
                ("/assets/index-BkPcMr4q.js", true),
                ("assets/a%20b.css", true),
                ("logo.png", false),
            ]
        );
    }

    #[test]
    fn broken_markup_ends_quietly() {
        for html in ["<", "<script src=\"x", "<a =b>", "<é>", "text", "<!-- open", "<p a=>"] {
            references(html);
        }
    }

    #[test]
    fn a_reference_leads_to_a_place_in_the_site_or_elsewhere() {
        let check = |url: &str, page: &str| places(url, page, Some("https://x.org/app"), "app/");
        assert_eq!(check("a/b.js?v=1#x", "docs/index.html"), ["docs/a/b.js"]);
        assert_eq!(check("../b.js", "docs/index.html"), ["b.js"]);
        assert_eq!(check("/app/b.js", "index.html"), ["app/b.js", "b.js", "b.js"]);
        assert_eq!(check("/a%20b.js", "index.html"), ["a b.js"]);
        assert_eq!(check("https://x.org/app/b.js", "index.html"), ["b.js"]);
        for elsewhere in ["https://cdn.org/b.js", "//cdn.org/b.js", "data:text/css,a", "", "#x"] {
            assert!(check(elsewhere, "index.html").is_empty(), "{elsewhere}");
        }
    }
}
