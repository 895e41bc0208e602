//! The inputs, named, typed, defaulted and described.

use std::{path::PathBuf, str::FromStr, time::Duration};

use actions_runtime::CommonInputs;
use aws_session::AwsInputs;

use crate::globs::{Line, Pattern};

/// Publish a built site to S3 and CloudFront, in an order that is safe for live visitors.
///
/// Hashed assets arrive first, pages switch last, the CDN forgets what changed, and only then is anything deleted:
/// no visitor ever meets a page whose assets are missing, and a tab that was open before keeps working.
#[derive(Debug, Clone, clap::Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an input of its own")]
#[command(version, about, long_about)]
pub struct Inputs {
    /// The directory that holds the built site.
    #[arg(long, value_name = "PATH", default_value = "dist")]
    pub directory: PathBuf,

    /// The bucket that the site is served from.
    #[arg(long, value_name = "NAME")]
    pub bucket: String,

    /// Where the site begins inside the bucket; by default at its root.
    #[arg(long, default_value = "", value_parser = prefix, hide_default_value = true)]
    pub prefix: String,

    /// The CloudFront distribution in front of the bucket.
    ///
    /// Without one nothing is invalidated.
    #[arg(long, value_name = "ID")]
    pub distribution_id: Option<String>,

    /// Where visitors find the site; by default the distribution's own name.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub base_url: Option<String>,

    /// Globs of the files that switch last: pages, service workers, web manifests.
    ///
    /// Of them index.html comes last, and service workers after it. A glob without a slash means a file's name, wherever it lies.
    #[arg(long, value_name = "GLOB")]
    pub entry_points: Vec<Pattern>,

    /// Globs of the files whose name changes with their content.
    ///
    /// Default: what Vite, Rollup, webpack, Angular, Next.js, Nuxt, SvelteKit, Astro and Parcel name by content.
    /// They are sent first, cached for a year, and kept for a while after the last page that named them is gone.
    #[arg(long, value_name = "GLOB")]
    pub immutable: Vec<Pattern>,

    /// Lines of `glob: value`, for a Cache-Control of your own.
    ///
    /// Default: a year and `immutable` for immutable files, `no-cache` for entry points, an hour for the rest.
    #[arg(long, value_name = "GLOB: VALUE")]
    pub cache_control: Vec<Line>,

    /// Lines of `glob: value`, for a Content-Type of your own.
    #[arg(long, value_name = "GLOB: VALUE")]
    pub content_type: Vec<Line>,

    /// Lines of `name: value`, kept with every object as its metadata.
    #[arg(long, value_name = "NAME: VALUE", value_parser = metadata)]
    pub metadata: Vec<(String, String)>,

    /// Delete what the build no longer has.
    #[arg(long, default_value_t = true)]
    pub delete: bool,

    /// How many releases keep their immutable files, the live one counted.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_releases: u32,

    /// How many days immutable files stay after the last release that had them.
    ///
    /// They stay while either this or `keep-releases` says so, or a live page names them: tabs that are still open ask for them.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub keep_days: u32,

    /// The most that may be deleted: a number of objects, or a share of the site such as `50%`.
    #[arg(long, value_name = "COUNT", default_value = "50%")]
    pub max_delete: MaxDelete,

    /// What the CDN is told to forget: `auto` (what changed), `none`, or lines of paths.
    #[arg(long, value_name = "PATH", default_value = "auto", value_parser = invalidation)]
    pub invalidation: Vec<String>,

    /// Wait until the invalidation is completed.
    ///
    /// It is waited for in any case when there is something to delete.
    #[arg(long)]
    pub wait_for_invalidation: bool,

    /// Follow symbolic links that stay inside the directory.
    #[arg(long)]
    pub follow_symlinks: bool,

    /// Globs of files that are neither sent nor deleted.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<Pattern>,

    /// Globs of files that take part although `exclude` names them.
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<Pattern>,

    /// Globs of files that may be published although they look like a secret, a source map, or a changed immutable file.
    #[arg(long, value_name = "GLOB")]
    pub allow: Vec<Pattern>,

    /// Names of environment variables whose values must not be in any file, in no spelling.
    ///
    /// `allow` does not help here: a secret in the bundle is a secret for everybody.
    #[arg(long, value_name = "VARIABLE")]
    pub deny_values_of: Vec<String>,

    /// List and look at every object, instead of believing what the last publish wrote down.
    #[arg(long)]
    pub verify_remote: bool,

    /// Requests in flight at once.
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub concurrency: u16,

    /// The name of this release; by default the commit.
    #[arg(long, value_name = "NAME", value_parser = release_name)]
    pub release: Option<String>,

    /// Bring an earlier release back: its name, or `previous`.
    ///
    /// Nothing is built or sent: its pages come back from the bucket, its immutable files are still there.
    #[arg(long, value_name = "RELEASE")]
    pub rollback_to: Option<String>,

    /// A page to look at once the release is live.
    ///
    /// It and each asset that it names must answer with this release's bytes and their own content types.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub verify_url: Option<String>,

    /// How long `verify-url` may take to answer with this release: `30s`, `2m`.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub verify_for: Patience,

    #[command(flatten)]
    pub aws: AwsInputs,

    #[command(flatten)]
    pub common: CommonInputs,
}

/// A time such as `30s` or `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub(crate) Duration);

impl FromStr for Patience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, seconds) = match text.strip_suffix('m') {
            Some(minutes) => (minutes, 60),
            None => (text.strip_suffix('s').unwrap_or(text), 1),
        };
        let number: u64 =
            number.trim().parse().map_err(|_| format!("`{text}` is not a time such as `30s`"))?;
        if number > 24 * 60 * 60 {
            return Err(format!("`{text}` is too long"));
        }
        Ok(Self(Duration::from_secs(number * seconds)))
    }
}

/// The most that one run may delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDelete {
    Count(u64),
    Percent(u64),
}

impl MaxDelete {
    /// Whether deleting `gone` of the `all` objects of a site is too much.
    pub(crate) fn exceeded(self, gone: usize, all: usize) -> bool {
        let (gone, all) = (gone as u64, all as u64);
        match self {
            Self::Count(most) => gone > most,
            Self::Percent(most) => gone * 100 > all * most,
        }
    }
}

impl std::fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for MaxDelete {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number nor a share such as `50%`");
        match text.trim().strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent) if percent <= 100 => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
            None => text.trim().parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

/// What to tell the CDN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invalidation {
    Auto,
    None,
    Paths(Vec<String>),
}

impl Inputs {
    pub(crate) fn invalidation(&self) -> Invalidation {
        match self.invalidation.as_slice() {
            [one] if one == "auto" => Invalidation::Auto,
            [one] if one == "none" => Invalidation::None,
            paths => Invalidation::Paths(paths.to_vec()),
        }
    }
}

fn invalidation(text: &str) -> Result<String, String> {
    let known = matches!(text, "auto" | "none");
    if known || (text.starts_with('/') && !text.contains(char::is_whitespace)) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is neither `auto` nor `none` nor a path that begins with `/`"))
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let inner = text.trim().trim_matches('/');
    if inner.is_empty() {
        return Ok(String::new());
    }
    if inner.split('/').any(|part| matches!(part, "" | "." | ".." | ".releases")) {
        return Err(format!("`{text}` is not a place inside a bucket"));
    }
    Ok(format!("{inner}/"))
}

fn base_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.trim_matches('/').is_empty()) {
        return Err(format!("`{text}` is not an address that begins with https://"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn metadata(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("`{text}` is not `name: value`");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let token = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !token || value.is_empty() || !value.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(wrong());
    }
    Ok((name, value.to_owned()))
}

/// A release is part of an object's key and of messages, so its name is plain.
pub(crate) fn release_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.len() > 128 || text.starts_with('.') || !text.chars().all(plain) {
        return Err(format!("`{text}` is not a name of letters, digits, `.`, `_` and `-`"));
    }
    if matches!(text, "current" | "previous" | "objects") {
        return Err(format!("`{text}` means something else: choose another name"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_in_a_slash_or_is_nothing() {
        assert_eq!(prefix("/"), Ok(String::new()));
        assert_eq!(prefix("/app/v2"), Ok("app/v2/".to_owned()));
        assert!(prefix("../up").is_err());
        assert!(prefix("a//b").is_err());
    }

    #[test]
    fn too_much_is_counted_or_a_share() {
        let half: MaxDelete = "50%".parse().unwrap();
        assert!(!half.exceeded(5, 10));
        assert!(half.exceeded(6, 10));
        assert!("7".parse::<MaxDelete>().unwrap().exceeded(8, 1000));
        assert!("101%".parse::<MaxDelete>().is_err());
        assert!("half".parse::<MaxDelete>().is_err());
    }

    #[test]
    fn a_release_has_a_plain_name() {
        assert!(release_name("0a1b2c3").is_ok());
        for name in ["", "a/b", "previous", "current", ".x", "ü"] {
            assert!(release_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_time_is_seconds_or_minutes() {
        assert_eq!("30s".parse(), Ok(Patience(Duration::from_secs(30))));
        assert_eq!("2m".parse(), Ok(Patience(Duration::from_mins(2))));
        assert!("soon".parse::<Patience>().is_err());
    }

    #[test]
    fn the_cdn_is_told_a_word_or_paths() {
        assert!(invalidation("/a/*").is_ok());
        assert!(invalidation("everything").is_err());
    }
}
