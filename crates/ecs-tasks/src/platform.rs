//! For which CPU architectures an image is built, as its manifest in ECR says.

use std::time::Duration;

use aws_session::{AwsError, Session};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{ImageRef, TaskDefinition, image::client_in};

/// ECR converts a manifest to what is accepted: all forms are.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// What ECR says of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Platforms {
    /// `amd64`, `arm64`.
    Known(Vec<String>),
    /// It is there; more could not be found out, and why.
    Unknown(String),
    /// It is not there.
    Missing,
}

impl TaskDefinition {
    /// The CPU architecture that its tasks run on, as images name it.
    fn architecture(&self) -> &'static str {
        match self.get("runtimePlatform").and_then(|platform| platform["cpuArchitecture"].as_str())
        {
            Some("ARM64") => "arm64",
            _ => "amd64",
        }
    }
}

/// Something about an image that a task needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFinding {
    /// No task could start with it: ECR does not hold it, or it is built for another CPU.
    Unfit(String),
    /// Whether it fits could not be found out, and why.
    NotChecked(String),
}

impl TaskDefinition {
    /// What ECR says against the images of its containers: each is asked for once, others than ECR's not at all.
    pub async fn check_images(&self, session: &Session) -> Vec<ImageFinding> {
        let mut images: Vec<(String, ImageRef)> = Vec::new();
        for container in self.containers() {
            let name = container["name"].as_str().unwrap_or_default();
            let image = container["image"].as_str().and_then(|image| image.parse().ok());
            if let Some(image) = image
                && !images.iter().any(|(_, known)| *known == image)
            {
                images.push((name.to_owned(), image));
            }
        }
        let answers = join_all(images.iter().map(|(_, image)| image.platforms(session))).await;
        let findings = images.iter().zip(answers).filter_map(|((container, image), platforms)| {
            self.finding(container, image, platforms?)
        });
        findings.collect()
    }

    fn finding(
        &self,
        container: &str,
        image: &ImageRef,
        platforms: Platforms,
    ) -> Option<ImageFinding> {
        let wanted = self.architecture();
        Some(match platforms {
            Platforms::Known(built) if built.iter().any(|it| it == wanted) => return None,
            Platforms::Known(built) => ImageFinding::Unfit(format!(
                "`{image}` is built for {}, and the tasks of `{container}` run on {wanted}: build it for that, or set `runtimePlatform`",
                built.join(", ")
            )),
            Platforms::Missing => ImageFinding::Unfit(format!(
                "ECR holds no image `{image}`, which the container `{container}` needs"
            )),
            Platforms::Unknown(why) => ImageFinding::NotChecked(format!(
                "not checked: the CPU architecture of `{image}` ({why})"
            )),
        })
    }
}

impl ImageRef {
    /// `None` where the image is not in ECR.
    pub(crate) async fn platforms(&self, session: &Session) -> Option<Platforms> {
        let registry = self.registry(session)?;
        let client = client_in(session, &registry.region);
        let answer = client
            .batch_get_image()
            .set_registry_id(registry.account.clone())
            .repository_name(self.path())
            .image_ids(self.identifier())
            .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()))
            .send()
            .await
            .map_err(|error| session.explain("ecr:BatchGetImage", self.path(), error));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("RepositoryNotFoundException") => {
                return Some(Platforms::Missing);
            }
            Err(error) => return Some(unknown(&error)),
        };
        let Some(manifest) = answer.images().iter().find_map(|image| image.image_manifest()) else {
            return Some(if answer.failures().is_empty() {
                Platforms::Unknown("ECR answered without a manifest".to_owned())
            } else {
                Platforms::Missing
            });
        };
        let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
        if let Some(manifests) = manifest["manifests"].as_array() {
            return Some(Platforms::Known(of_index(manifests)));
        }
        let Some(config) = manifest["config"]["digest"].as_str() else {
            return Some(Platforms::Unknown(
                "its manifest is of a kind that this program does not know".to_owned(),
            ));
        };
        let blob = client
            .get_download_url_for_layer()
            .set_registry_id(registry.account.clone())
            .repository_name(self.path())
            .layer_digest(config)
            .send()
            .await
            .map_err(|error| session.explain("ecr:GetDownloadUrlForLayer", self.path(), error));
        Some(match blob {
            Ok(answer) => of_config(session, answer.download_url().unwrap_or_default()).await,
            Err(error) => unknown(&error),
        })
    }
}

/// Attestations are listed beside images, as of the platform `unknown/unknown`.
fn of_index(manifests: &[Value]) -> Vec<String> {
    manifests
        .iter()
        .filter_map(|manifest| manifest["platform"]["architecture"].as_str())
        .filter(|architecture| *architecture != "unknown")
        .map(str::to_owned)
        .collect()
}

async fn of_config(session: &Session, url: &str) -> Platforms {
    const LIMIT: Duration = Duration::from_secs(5);
    let page = match session.page(url, LIMIT).await {
        Ok(page) if page.status == 200 => page,
        Ok(page) => {
            return Platforms::Unknown(format!(
                "its configuration answers with status {}",
                page.status
            ));
        }
        Err(problem) => return Platforms::Unknown(format!("its configuration: {problem}")),
    };
    let config: Value = serde_json::from_str(&page.body).unwrap_or_default();
    match config["architecture"].as_str() {
        Some(architecture) => Platforms::Known(vec![architecture.to_owned()]),
        None => Platforms::Unknown("its configuration names no architecture".to_owned()),
    }
}

fn unknown(error: &AwsError) -> Platforms {
    Platforms::Unknown(if error.is_access_denied() {
        format!("this run may not call {}", error.operation())
    } else {
        error.to_string()
    })
}
