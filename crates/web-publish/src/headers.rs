//! The headers that an object is stored with: they reach every visitor as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    class::{Class, Overlap},
    globs::Line,
};

/// What S3 keeps beside an object's bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Headers {
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Headers {
    /// Of an object that was only listed.
    pub(crate) fn unknown() -> Self {
        Self {
            content_type: String::new(),
            cache_control: String::new(),
            metadata: BTreeMap::new(),
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.content_type.is_empty()
    }
}

/// How headers are chosen.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeaderRules {
    pub(crate) cache_control: Vec<Line>,
    pub(crate) content_type: Vec<Line>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl HeaderRules {
    /// The headers of `path`, or which input contradicts itself.
    pub(crate) fn of(&self, path: &str, class: Class) -> Result<Headers, (&'static str, Overlap)> {
        let told = |input, lines| one_value(lines, path).map_err(|overlap| (input, overlap));
        let cache_control = told("cache-control", &self.cache_control)?;
        let content_type = told("content-type", &self.content_type)?;
        Ok(Headers {
            content_type: content_type.unwrap_or_else(|| content_type_of(path)),
            cache_control: cache_control.unwrap_or_else(|| cache_control_of(class).to_owned()),
            metadata: self.metadata.clone(),
        })
    }
}

/// The value that `lines` give `path`; two lines with two values cannot both be meant.
fn one_value(lines: &[Line], path: &str) -> Result<Option<String>, Overlap> {
    let mut found: Option<&Line> = None;
    for line in lines.iter().filter(|line| line.pattern.matches(path)) {
        match found {
            Some(first) if first.value != line.value => {
                return Err(Overlap {
                    path: path.to_owned(),
                    first: first.pattern.text().to_owned(),
                    second: line.pattern.text().to_owned(),
                });
            }
            _ => found = Some(line),
        }
    }
    Ok(found.map(|line| line.value.clone()))
}

fn cache_control_of(class: Class) -> &'static str {
    match class {
        Class::Asset => "public, max-age=31536000, immutable",
        Class::File => "public, max-age=3600",
        Class::Page | Class::Index | Class::Worker => "no-cache",
    }
}

/// The type that a browser needs. Text says its charset: without one a browser guesses.
fn content_type_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension =
        name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let known = match extension.as_str() {
        "html" | "htm" => "text/html",
        "js" | "mjs" | "cjs" => "text/javascript",
        "css" => "text/css",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "avif" => "image/avif",
        "webp" => "image/webp",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "xml" => "application/xml",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "glb" => "model/gltf-binary",
        "geojson" => "application/geo+json",
        // Apple asks for this one, which has no extension.
        "" if name == "apple-app-site-association" => "application/json",
        _ => mime_guess::from_ext(&extension).first_raw().unwrap_or("application/octet-stream"),
    };
    let text = known.starts_with("text/")
        || known.ends_with("+xml")
        || known.ends_with("json")
        || known == "application/xml";
    if text { format!("{known}; charset=utf-8") } else { known.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_the_type_that_a_browser_needs() {
        for (path, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("assets/a.js", "text/javascript; charset=utf-8"),
            ("assets/a.mjs", "text/javascript; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js.map", "application/json; charset=utf-8"),
            ("site.webmanifest", "application/manifest+json; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.SVG", "image/svg+xml; charset=utf-8"),
            ("favicon.ico", "image/x-icon"),
            ("a.woff2", "font/woff2"),
            ("a.png", "image/png"),
            ("sitemap.xml", "application/xml; charset=utf-8"),
            (".well-known/apple-app-site-association", "application/json; charset=utf-8"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type_of(path), expected, "{path}");
        }
    }

    #[test]
    fn a_line_overrides_and_two_that_differ_are_told() {
        let lines = |lines: &[&str]| lines.iter().map(|line| line.parse().unwrap()).collect();
        let mut rules = HeaderRules {
            cache_control: lines(&["data/**: max-age=5", "*.json: max-age=5"]),
            ..HeaderRules::default()
        };
        let headers = rules.of("data/x.json", Class::File).unwrap();
        assert_eq!(headers.cache_control, "max-age=5");
        rules.cache_control = lines(&["data/**: max-age=5", "*.json: no-store"]);
        let (input, overlap) = rules.of("data/x.json", Class::File).unwrap_err();
        assert_eq!((input, overlap.second.as_str()), ("cache-control", "*.json"));
        assert_eq!(rules.of("x.txt", Class::File).unwrap().cache_control, "public, max-age=3600");
    }
}
