//! What would do harm, seen in the build alone or beside what is in the bucket. Pure.

use std::collections::BTreeSet;

use crate::{
    class::Class,
    globs::{Pattern, first_match},
    manifest::FOLDER,
    pages,
    plan::Refusal,
    site::{Found, Read},
};

/// Names that hold secrets wherever they turn up, and what they are.
const SECRETS: [(&str, &str); 16] = [
    (".env", "it holds settings that are not public"),
    (".env.*", "it holds settings that are not public"),
    ("*.pem", "it may be a private key"),
    ("*.key", "it may be a private key"),
    ("*.p12", "it may be a private key"),
    ("*.pfx", "it may be a private key"),
    ("*.jks", "it may be a private key"),
    ("id_{rsa,dsa,ecdsa,ed25519}", "it may be a private key"),
    (".npmrc", "it may hold a token"),
    (".netrc", "it may hold a password"),
    (".htpasswd", "it holds passwords"),
    (".git/**", "it is the repository's history"),
    ("**/.git/**", "it is the repository's history"),
    ("**/.aws/**", "it may hold credentials"),
    ("*.tfstate", "it holds secrets in clear"),
    ("*.map", "a source map shows the sources"),
];

/// Every reason against publishing these files, as far as the files alone tell.
///
/// `denied` are the variables whose values were searched for.
pub(crate) fn in_build(
    files: &[(Found, Class)],
    read: &[Read],
    allow: &[Pattern],
    denied: &[String],
) -> Vec<Refusal> {
    let secrets: Vec<(Pattern, &'static str)> =
        SECRETS.iter().filter_map(|(glob, why)| Some((glob.parse().ok()?, *why))).collect();
    let mut refusals = Vec::new();
    for ((file, _), read) in files.iter().zip(read) {
        let path = &file.path;
        if path.starts_with(FOLDER) {
            refusals.push(Refusal::Reserved { path: path.clone() });
            continue;
        }
        let by_name = secrets.iter().find(|(glob, _)| glob.matches(path)).map(|(_, why)| *why);
        let by_bytes = read.private_key.then_some("it begins as a private key does");
        if let Some(variable) = read.denied.and_then(|at| denied.get(at)) {
            refusals.push(Refusal::Denied { path: path.clone(), variable: variable.clone() });
        }
        if let Some(why) = by_name.or(by_bytes)
            && first_match(allow, path).is_none()
        {
            refusals.push(Refusal::Secret { path: path.clone(), why });
        }
    }
    if !files.iter().any(|(_, class)| class.entry()) {
        refusals.push(Refusal::NoEntryPoint);
    }
    refusals
}

/// An asset that a page cannot do without and that is not in the build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Missing {
    pub(crate) page: String,
    pub(crate) url: String,
    /// Where it may be meant to lie.
    pub(crate) places: Vec<String>,
}

/// What pages name and the build does not have.
pub(crate) fn missing(
    files: &[(Found, Class)],
    read: &[Read],
    base_url: Option<&str>,
    prefix: &str,
    is_asset: impl Fn(&str) -> bool,
) -> Vec<Missing> {
    let there: BTreeSet<&str> = files.iter().map(|(file, _)| file.path.as_str()).collect();
    let mut missing = BTreeSet::new();
    for ((file, _), read) in files.iter().zip(read) {
        for name in &read.names {
            let places = pages::places(&name.url, &file.path, base_url, prefix);
            // Pictures and the like may come from elsewhere, unless their name says that a build made them.
            let vital = name.vital || places.iter().any(|place| is_asset(place));
            if places.is_empty()
                || !vital
                || places.iter().any(|place| there.contains(place.as_str()))
            {
                continue;
            }
            missing.insert(Missing { page: file.path.clone(), url: name.url.clone(), places });
        }
    }
    missing.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::pages::Reference;

    fn files(paths: &[&str]) -> Vec<(Found, Class)> {
        let classes = crate::class::Classes::new(&[], &[]);
        let found = |path: &str| Found { path: path.to_owned(), on_disk: PathBuf::new(), size: 1 };
        paths.iter().map(|path| (found(path), classes.of(path).unwrap())).collect()
    }

    fn refused(paths: &[&str], allow: &[&str]) -> Vec<String> {
        let files = files(paths);
        let read = vec![Read::default(); files.len()];
        let allow: Vec<Pattern> = allow.iter().map(|glob| glob.parse().unwrap()).collect();
        in_build(&files, &read, &allow, &[])
            .into_iter()
            .map(|refusal| match refusal {
                Refusal::Secret { path, .. } | Refusal::Reserved { path } => path,
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_looks_like_a_secret_is_refused_unless_allowed() {
        let paths = [
            ".env",
            ".env.production",
            ".git/config",
            ".releases/current.json",
            ".well-known/security.txt",
            "assets/index-BkPcMr4q.js.map",
            "deep/id_rsa",
            "environment.js",
            "index.html",
            "server.key",
        ];
        assert_eq!(
            refused(&paths, &[]),
            [
                ".env",
                ".env.production",
                ".git/config",
                ".releases/current.json",
                "assets/index-BkPcMr4q.js.map",
                "deep/id_rsa",
                "server.key",
            ]
        );
        assert_eq!(refused(&["index.html", "a.map"], &["*.map"]), Vec::<String>::new());
    }

    #[test]
    fn a_build_without_a_page_is_refused() {
        assert_eq!(refused(&["assets/index-BkPcMr4q.js"], &[]), ["NoEntryPoint"]);
    }

    #[test]
    fn a_page_must_find_what_it_cannot_do_without() {
        let files = files(&["assets/a-BkPcMr4q.js", "docs/index.html", "index.html"]);
        let name = |url: &str, vital| Reference { url: url.to_owned(), vital };
        let page = |names: Vec<Reference>| Read { names, ..Read::default() };
        let read = [
            Read::default(),
            page(vec![name("../assets/a-BkPcMr4q.js", true), name("api/picture.png", false)]),
            page(vec![
                name("/assets/b-BkPcMr4q.js", true),
                name("/assets/c-BkPcMr4q.png", false),
                name("https://cdn.example.org/x.js", true),
            ]),
        ];
        let missing = missing(&files, &read, None, "", crate::class::named_by_content);
        let urls: Vec<_> = missing.iter().map(|one| one.url.as_str()).collect();
        assert_eq!(urls, ["/assets/b-BkPcMr4q.js", "/assets/c-BkPcMr4q.png"]);
    }
}
