//! The repository in ECR: what it holds, and the few calls that change it.

pub(crate) mod scan;

use aws_sdk_ecr::{
    Client,
    config::{Builder, Region},
    error::ProvideErrorMetadata as _,
    types::{
        Image, ImageIdentifier, ImageScanningConfiguration, ImageTagMutability,
        Repository as Described,
    },
};
use aws_session::{AwsError, Session};
use secrecy::SecretString;
use serde_json::Value;

use crate::reference::{Registry, Repository, Tag};

/// Asking for all of them keeps ECR from translating a manifest, whose digest would be another.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// Enough to find the name that was meant.
const NAMES: usize = 1000;

/// One repository and the way to it.
pub(crate) struct Ecr {
    session: Session,
    client: Client,
    /// The account of the registry, where the input named one.
    account: Option<String>,
    name: String,
}

/// What `DescribeRepositories` says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) uri: String,
    pub(crate) frozen: Frozen,
}

/// Which tags stay where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Frozen {
    #[default]
    None,
    All,
    /// All but those that match a pattern.
    AllBut(Vec<String>),
    /// None but those that match a pattern.
    Only(Vec<String>),
}

impl Frozen {
    pub(crate) fn holds(&self, tag: &Tag) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|it| wildcard(it, tag.as_str()));
        match self {
            Self::None => false,
            Self::All => true,
            Self::AllBut(patterns) => !any(patterns),
            Self::Only(patterns) => any(patterns),
        }
    }
}

/// `*` stands for any text.
fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| wildcard(tail, &rest[at..]))
        }),
    }
}

/// An image that is in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) digest: String,
    pub(crate) manifest: String,
    pub(crate) media_type: Option<String>,
}

impl Held {
    fn of(image: Image) -> Option<Self> {
        Some(Self {
            digest: image.image_id?.image_digest?,
            manifest: image.image_manifest?,
            media_type: image.image_manifest_media_type,
        })
    }

    /// What a pull transfers: configuration and layers. Nothing for an index, whose members have their own.
    pub(crate) fn size(&self) -> Option<u64> {
        let manifest: Value = serde_json::from_str(&self.manifest).ok()?;
        let size = |part: &Value| part.get("size").and_then(Value::as_u64);
        let layers = manifest.get("layers")?.as_array()?;
        Some(size(manifest.get("config")?)? + layers.iter().filter_map(size).sum::<u64>())
    }

    /// The platforms of an index and the digests of their images.
    pub(crate) fn members(&self) -> Vec<(String, String)> {
        let manifest: Value = serde_json::from_str(&self.manifest).unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let members = manifest.get("manifests").and_then(Value::as_array);
        members
            .into_iter()
            .flatten()
            .filter_map(|member| {
                let platform = member.get("platform")?;
                let mut name =
                    format!("{}/{}", text(platform, "os")?, text(platform, "architecture")?);
                if let Some(variant) = text(platform, "variant") {
                    name = format!("{name}/{variant}");
                }
                // Attestations stand in an index as images for no platform.
                (!name.starts_with("unknown/")).then_some((name, text(member, "digest")?))
            })
            .collect()
    }
}

impl Ecr {
    pub(crate) fn new(
        session: &Session,
        registry: Option<&Registry>,
        repository: &Repository,
    ) -> Self {
        let account = registry
            .or(repository.registry.as_ref())
            .and_then(Registry::account_and_region)
            .map(|(account, _)| account.to_owned());
        Self {
            session: session.clone(),
            client: Client::new(session.config()),
            account,
            name: repository.name.clone(),
        }
    }

    /// The repository whose name has `suffix` too.
    pub(crate) fn beside(&self, suffix: &str) -> Self {
        Self {
            session: self.session.clone(),
            client: self.client.clone(),
            account: self.account.clone(),
            name: format!("{}{suffix}", self.name),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The repository, if it is there.
    pub(crate) async fn settings(&self) -> Result<Option<Settings>, AwsError> {
        let answer = self
            .client
            .describe_repositories()
            .set_registry_id(self.account.clone())
            .repository_names(&self.name)
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:DescribeRepositories", &self.name, error));
        match answer {
            Ok(answer) => {
                Ok(answer.repositories.unwrap_or_default().into_iter().find_map(settings))
            }
            Err(error) if error.code() == Some("RepositoryNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of repositories, for whoever mistyped one. Without the right to list there are none to offer.
    pub(crate) async fn names(&self) -> Vec<String> {
        let mut pages = self
            .client
            .describe_repositories()
            .set_registry_id(self.account.clone())
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while let Some(Ok(repository)) = pages.next().await {
            names.extend(repository.repository_name);
            if names.len() >= NAMES {
                break;
            }
        }
        names
    }

    pub(crate) async fn create(
        &self,
        mutability: ImageTagMutability,
    ) -> Result<Option<Settings>, AwsError> {
        let answer = self
            .client
            .create_repository()
            .set_registry_id(self.account.clone())
            .repository_name(&self.name)
            .image_tag_mutability(mutability)
            .image_scanning_configuration(
                ImageScanningConfiguration::builder().scan_on_push(true).build(),
            )
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:CreateRepository", &self.name, error));
        match answer {
            Ok(answer) => Ok(answer.repository.and_then(settings)),
            // Another run was first, or an answer was lost.
            Err(error) if error.code() == Some("RepositoryAlreadyExistsException") => {
                self.settings().await
            }
            Err(error) if error.is_doubtful() => match self.settings().await? {
                Some(settings) => Ok(Some(settings)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn tagged(&self, tag: &Tag) -> Result<Option<Held>, AwsError> {
        self.image(None, &self.name, ImageIdentifier::builder().image_tag(tag.as_str()).build())
            .await
    }

    pub(crate) async fn held(&self, digest: &str) -> Result<Option<Held>, AwsError> {
        self.image(None, &self.name, ImageIdentifier::builder().image_digest(digest).build()).await
    }

    /// The digest of an image in this or another repository of ECR.
    pub(crate) async fn digest_of(
        &self,
        account: Option<&str>,
        name: &str,
        tag: &str,
    ) -> Result<Option<String>, AwsError> {
        let id = ImageIdentifier::builder().image_tag(tag).build();
        Ok(self.image(account, name, id).await?.map(|held| held.digest))
    }

    async fn image(
        &self,
        account: Option<&str>,
        name: &str,
        id: ImageIdentifier,
    ) -> Result<Option<Held>, AwsError> {
        let answer = self
            .client
            .batch_get_image()
            .set_registry_id(account.map(str::to_owned).or_else(|| self.account.clone()))
            .repository_name(name)
            .image_ids(id)
            .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).into()))
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:BatchGetImage", name, error));
        let answer = match answer {
            Err(error) if error.code() == Some("RepositoryNotFoundException") => return Ok(None),
            answer => answer?,
        };
        // `failures` says that it is missing, or unreadable: then the build will tell.
        Ok(answer.images.unwrap_or_default().into_iter().find_map(Held::of))
    }

    /// All tags of an image.
    pub(crate) async fn tags_of(&self, digest: &str) -> Result<Vec<String>, AwsError> {
        let answer = self
            .client
            .describe_images()
            .set_registry_id(self.account.clone())
            .repository_name(&self.name)
            .image_ids(ImageIdentifier::builder().image_digest(digest).build())
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:DescribeImages", &self.name, error))?;
        Ok(answer.image_details().iter().flat_map(|it| it.image_tags().to_vec()).collect())
    }

    /// Lets `tag` name `image`. `false`: it names another and may not move.
    pub(crate) async fn tag(&self, image: &Held, tag: &Tag) -> Result<bool, AwsError> {
        let answer = self
            .client
            .put_image()
            .set_registry_id(self.account.clone())
            .repository_name(&self.name)
            .image_manifest(&image.manifest)
            .set_image_manifest_media_type(image.media_type.clone())
            .image_digest(&image.digest)
            .image_tag(tag.as_str())
            .send()
            .await;
        let Err(error) = answer else { return Ok(true) };
        let taken = error.code().is_some_and(|code| {
            ["ImageTagAlreadyExistsException", "ImageAlreadyExistsException"].contains(&code)
        });
        let error = self.session.explain("ecr:PutImage", format!("{}:{tag}", self.name), error);
        if !taken && !error.is_doubtful() {
            return Err(error);
        }
        // Taken, perhaps by this very image; or an answer was lost: looking tells.
        match self.tagged(tag).await? {
            Some(held) if held.digest == image.digest => Ok(true),
            Some(_) if taken => Ok(false),
            _ => Err(error),
        }
    }

    /// What docker logs in with: `base64(AWS:password)`.
    pub(crate) async fn token(&self) -> Result<Option<SecretString>, AwsError> {
        self.token_of(&self.client).await
    }

    /// The same for the registries of another region.
    pub(crate) async fn token_in(&self, region: &str) -> Result<Option<SecretString>, AwsError> {
        let config =
            Builder::from(self.session.config()).region(Region::new(region.to_owned())).build();
        self.token_of(&Client::from_conf(config)).await
    }

    async fn token_of(&self, client: &Client) -> Result<Option<SecretString>, AwsError> {
        let answer = client
            .get_authorization_token()
            .send()
            .await
            .map_err(|error| self.session.explain("ecr:GetAuthorizationToken", "*", error))?;
        let data = answer.authorization_data.unwrap_or_default().into_iter().next();
        Ok(data.and_then(|data| data.authorization_token).map(SecretString::from))
    }
}

fn settings(repository: Described) -> Option<Settings> {
    let patterns: Vec<String> = repository
        .image_tag_mutability_exclusion_filters()
        .iter()
        .map(|filter| filter.filter().to_owned())
        .collect();
    let frozen = match repository.image_tag_mutability {
        Some(ImageTagMutability::Immutable) => Frozen::All,
        Some(ImageTagMutability::ImmutableWithExclusion) => Frozen::AllBut(patterns),
        Some(ImageTagMutability::MutableWithExclusion) => Frozen::Only(patterns),
        _ => Frozen::None,
    };
    Some(Settings { uri: repository.repository_uri?, frozen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_frozen_as_the_repository_says() {
        let tag: Tag = "dev-1".parse().unwrap();
        let patterns = || vec!["dev-*".to_owned()];
        assert!(!Frozen::None.holds(&tag) && Frozen::All.holds(&tag));
        assert!(!Frozen::AllBut(patterns()).holds(&tag) && Frozen::Only(patterns()).holds(&tag));
        assert!(wildcard("*", "") && wildcard("a*c*", "abcd") && !wildcard("a*c", "abcd"));
    }

    #[test]
    fn a_size_is_configuration_and_layers_and_an_index_has_members() {
        let held = |manifest: &str| Held {
            digest: "sha256:1".to_owned(),
            manifest: manifest.to_owned(),
            media_type: None,
        };
        let image = held(r#"{"config":{"size":5},"layers":[{"size":7},{"size":8}]}"#);
        assert_eq!((image.size(), image.members()), (Some(20), Vec::new()));
        let index = held(
            r#"{"manifests":[{"digest":"sha256:2","platform":{"os":"linux","architecture":"arm","variant":"v7"}},
                {"digest":"sha256:3","platform":{"os":"unknown","architecture":"unknown"}}]}"#,
        );
        assert_eq!(index.size(), None);
        assert_eq!(index.members(), [("linux/arm/v7".to_owned(), "sha256:2".to_owned())]);
    }
}
