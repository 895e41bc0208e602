//! References to images: what they name, and how a tag becomes a digest.

use std::{fmt, str::FromStr};

use actions_runtime::did_you_mean;
use aws_sdk_ecr::types::ImageIdentifier;
use aws_session::{AwsError, Session};
use aws_types::region::Region;
use futures_util::future::join_all;

use crate::TaskDefinition;

/// `registry/repository:tag@digest`, as OCI's and Docker's grammar has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// Registry and path, as written.
    pub repository: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

/// The registry of one account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrRegistry {
    /// None where an endpoint of its own serves the caller's account.
    pub account: Option<String>,
    pub region: String,
}

/// What became of a reference on its way to a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// It names one image for good.
    Pinned(ImageRef),
    /// It is used as it stands, and why.
    AsItStands(ImageRef, String),
    /// ECR holds no such image: a fault of the input.
    Missing(String),
}

/// Why a text is no reference to an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a reference to an image: {0}")]
pub struct NotAnImage(String);

impl FromStr for ImageRef {
    type Err = NotAnImage;

    fn from_str(text: &str) -> Result<Self, NotAnImage> {
        let wrong = |problem: &str| NotAnImage(problem.to_owned());
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let path = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[path..].split_once(':') {
            Some((_, tag)) => (&name[..name.len() - tag.len() - 1], Some(tag)),
            None => (name, None),
        };
        if let Some(digest) = digest {
            let hex = digest
                .strip_prefix("sha256:")
                .ok_or_else(|| wrong("a digest begins with `sha256:`"))?;
            if hex.len() != 64
                || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            {
                return Err(wrong("`sha256:` is followed by 64 lower-case hexadecimal digits"));
            }
        }
        if let Some(tag) = tag {
            let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            let fits = tag.len() <= 128
                && tag.bytes().next().is_some_and(word)
                && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
            if !fits {
                return Err(wrong("a tag has up to 128 letters, digits, `_`, `.` and `-`"));
            }
        }
        check_repository(repository).map_err(wrong)?;
        Ok(Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

fn check_repository(repository: &str) -> Result<(), &'static str> {
    if repository.is_empty() {
        return Err("it names no repository");
    }
    if repository.contains("://") {
        return Err("it begins with a registry or a repository, not with `https://`");
    }
    let (host, path) = match repository.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (Some(host), path)
        }
        _ => (None, repository),
    };
    if let Some(host) = host {
        let fits =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        if !host.bytes().all(fits) {
            return Err("the registry is no host name");
        }
    }
    let part = |part: &str| {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        part.bytes().next().is_some_and(word)
            && part.bytes().last().is_some_and(word)
            && part.bytes().all(|b| word(b) || matches!(b, b'.' | b'_' | b'-'))
    };
    if path.split('/').all(part) {
        Ok(())
    } else {
        Err("a repository has lower-case letters, digits, `.`, `_`, `-` and `/`")
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl ImageRef {
    /// The registry where it is one of ECR's (`<account>.dkr.ecr.<region>.amazonaws.com`).
    pub fn ecr(&self) -> Option<EcrRegistry> {
        let host = self.repository.split('/').next()?;
        let mut parts = host.split('.');
        let account =
            parts.next().filter(|it| it.len() == 12 && it.bytes().all(|b| b.is_ascii_digit()))?;
        let rest: Vec<&str> = parts.collect();
        let region = match rest.as_slice() {
            ["dkr", "ecr" | "ecr-fips", region, "amazonaws", "com"]
            | ["dkr", "ecr" | "ecr-fips", region, "amazonaws", "com", "cn"] => *region,
            _ => return None,
        };
        Some(EcrRegistry { account: Some(account.to_owned()), region: region.to_owned() })
    }

    /// ECR's registry, also behind an endpoint of its own: an emulator or a gateway serves images where it serves the API.
    pub(crate) fn registry(&self, session: &Session) -> Option<EcrRegistry> {
        self.ecr().or_else(|| {
            let endpoint = session.endpoint_override("ecr")?;
            let (_scheme, authority) = endpoint.split_once("://")?;
            let host = self.repository.split('/').next()?;
            (authority.trim_end_matches('/') == host)
                .then(|| EcrRegistry { account: None, region: session.region().to_owned() })
        })
    }

    /// The path without the registry: ECR's name of the repository.
    pub fn path(&self) -> &str {
        match self.repository.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => &self.repository,
        }
    }

    fn pinned(&self, digest: &str) -> Self {
        Self { repository: self.repository.clone(), tag: None, digest: Some(digest.to_owned()) }
    }

    /// The image that the tag names now, by digest: by the time a task starts the tag may name another.
    pub async fn resolve(&self, session: &Session) -> Result<Resolved, AwsError> {
        if self.digest.is_some() {
            return Ok(Resolved::Pinned(self.clone()));
        }
        let tag = self.tag.as_deref().unwrap_or("latest");
        let Some(registry) = self.registry(session) else {
            let note = format!("`{self}` is not in ECR: its tag is not resolved to a digest");
            return Ok(Resolved::AsItStands(self.clone(), note));
        };
        let client = client_in(session, &registry.region);
        let repository = self.path();
        let answer = client
            .describe_images()
            .set_registry_id(registry.account.clone())
            .repository_name(repository)
            .image_ids(ImageIdentifier::builder().image_tag(tag).build())
            .send()
            .await
            .map_err(|error| session.explain("ecr:DescribeImages", repository, error));
        let missing_tag = match answer {
            Ok(answer) => {
                match answer.image_details().iter().find_map(|image| image.image_digest()) {
                    Some(digest) => return Ok(Resolved::Pinned(self.pinned(digest))),
                    None => true,
                }
            }
            Err(error) if error.code() == Some("ImageNotFoundException") => true,
            Err(error) if error.code() == Some("RepositoryNotFoundException") => false,
            Err(error) if error.is_access_denied() => {
                let note = format!(
                    "`{self}` is used by its tag: this run may not call ecr:DescribeImages"
                );
                return Ok(Resolved::AsItStands(self.clone(), note));
            }
            Err(error) => return Err(error),
        };
        Ok(Resolved::Missing(if missing_tag {
            let tags = known_tags(&client, registry.account.as_deref(), repository).await;
            format!(
                "the repository `{repository}` holds no image with the tag `{tag}`{}",
                hint(tag, tags)
            )
        } else {
            let names = known_repositories(&client, registry.account.as_deref()).await;
            let place = registry.account.map(|account| format!(" in account {account}"));
            format!(
                "there is no repository `{repository}`{}{}",
                place.unwrap_or_default(),
                hint(repository, names)
            )
        }))
    }
}

impl TaskDefinition {
    /// The size of the largest of its images, in bytes, as far as ECR tells: compressed, as it is pulled.
    pub async fn largest_image(&self, session: &Session) -> Option<i64> {
        let images = self.containers().filter_map(|it| it["image"].as_str()?.parse().ok());
        let images: Vec<ImageRef> = images.collect();
        let sizes = join_all(images.iter().map(|image| image.size(session))).await;
        sizes.into_iter().flatten().max()
    }
}

impl ImageRef {
    async fn size(&self, session: &Session) -> Option<i64> {
        let registry = self.registry(session)?;
        let answer = client_in(session, &registry.region)
            .describe_images()
            .set_registry_id(registry.account)
            .repository_name(self.path())
            .image_ids(self.identifier())
            .send()
            .await
            .ok()?;
        answer.image_details().first()?.image_size_in_bytes()
    }

    /// By digest, else by tag.
    pub(crate) fn identifier(&self) -> ImageIdentifier {
        let id = ImageIdentifier::builder();
        match &self.digest {
            Some(digest) => id.image_digest(digest),
            None => id.image_tag(self.tag.as_deref().unwrap_or("latest")),
        }
        .build()
    }
}

pub(crate) fn client_in(session: &Session, region: &str) -> aws_sdk_ecr::Client {
    let config =
        aws_sdk_ecr::config::Builder::from(session.config()).region(Region::new(region.to_owned()));
    aws_sdk_ecr::Client::from_conf(config.build())
}

/// Only for a better message: `None` without the right to list them.
async fn known_tags(
    client: &aws_sdk_ecr::Client,
    account: Option<&str>,
    repository: &str,
) -> Option<Vec<String>> {
    let request = client
        .describe_images()
        .set_registry_id(account.map(str::to_owned))
        .repository_name(repository);
    let answer = request.send().await.ok()?;
    let mut images = answer.image_details().to_vec();
    // Newest first: a hint names what was pushed last.
    images.sort_by_key(|image| {
        std::cmp::Reverse(image.image_pushed_at().map(aws_sdk_ecr::primitives::DateTime::secs))
    });
    Some(images.iter().flat_map(|image| image.image_tags().to_vec()).collect())
}

async fn known_repositories(
    client: &aws_sdk_ecr::Client,
    account: Option<&str>,
) -> Option<Vec<String>> {
    let request = client.describe_repositories().set_registry_id(account.map(str::to_owned));
    let answer = request.send().await.ok()?;
    Some(
        answer
            .repositories()
            .iter()
            .filter_map(|it| it.repository_name())
            .map(str::to_owned)
            .collect(),
    )
}

fn hint(wanted: &str, names: Option<Vec<String>>) -> String {
    names.map(|names| did_you_mean(wanted, &names)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written_back() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, repository, tag, has_digest) in [
            ("nginx", "nginx", None, false),
            ("localhost:5000/todo/api:1.2", "localhost:5000/todo/api", Some("1.2"), false),
            (
                &format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:a@{digest}"),
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api",
                Some("a"),
                true,
            ),
        ] {
            let image: ImageRef = text.parse().unwrap();
            assert_eq!((image.repository.as_str(), image.tag.as_deref()), (repository, tag));
            assert_eq!(image.digest.is_some(), has_digest);
            assert_eq!(image.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_told_why() {
        for (text, why) in [
            ("", "it names no repository"),
            ("https://x/y", "it begins with a registry or a repository, not with `https://`"),
            ("UPPER/case", "a repository has lower-case letters, digits, `.`, `_`, `-` and `/`"),
            ("x@sha256:12", "`sha256:` is followed by 64 lower-case hexadecimal digits"),
            ("x@md5:12", "a digest begins with `sha256:`"),
            ("x:-a", "a tag has up to 128 letters, digits, `_`, `.` and `-`"),
        ] {
            let error = text.parse::<ImageRef>().unwrap_err();
            assert_eq!(error.to_string(), format!("not a reference to an image: {why}"), "{text}");
        }
    }

    #[test]
    fn registries_of_ecr_are_known_in_every_partition() {
        for (host, region) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("public.ecr.aws", None),
            ("127.0.0.1:5000", None),
        ] {
            let image: ImageRef = format!("{host}/a/b:c").parse().unwrap();
            assert_eq!(image.ecr().map(|it| it.region).as_deref(), region, "{host}");
            assert_eq!(image.path(), "a/b");
        }
    }
}
