//! ECR, as far as a deployer asks it: which image a tag is, for which CPU it was built, what its scan found.

use serde_json::{Value, json};

use crate::refusal::{Answer, Refusal, list, page, refuse, required};
use crate::world::{Image, World, arn};
use crate::{ACCOUNT, REGION};

impl World {
    /// The digest that an image reference names, or that its tag has here.
    pub(crate) fn digest(&self, image: &str) -> Option<String> {
        if let Some((_, digest)) = image.split_once('@') {
            return Some(digest.into());
        }
        let (_, path) = image.split_once('/')?;
        let (repository, tag) = path.split_once(':').unwrap_or((path, "latest"));
        let image = self
            .images
            .get(repository)?
            .iter()
            .find(|image| image.tags.iter().any(|known| known == tag))?;
        Some(image.digest.clone())
    }
}

pub(crate) fn call(world: &mut World, operation: &str, body: &Value) -> Answer {
    match operation {
        "DescribeRepositories" => {
            let wanted = list(body, "repositoryNames");
            if let Some(missing) = wanted.iter().find(|name| !world.images.contains_key(*name)) {
                return no_repository(missing);
            }
            let names =
                world.images.keys().filter(|name| wanted.is_empty() || wanted.contains(name));
            let repositories: Vec<Value> = names
                .map(|name| {
                    json!({
                        "repositoryName": name,
                        "repositoryArn": arn("ecr", &format!("repository/{name}")),
                        "registryId": ACCOUNT,
                        "repositoryUri": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"),
                        "imageTagMutability": "IMMUTABLE",
                    })
                })
                .collect();
            Ok(page(body, "repositories", &repositories, 100))
        }
        "DescribeImages" => describe_images(world, body),
        "DescribeImageScanFindings" => scan_findings(world, body),
        "StartImageScan" => {
            let image = image(world, body)?;
            let id = json!({"imageDigest": image.digest});
            Ok(json!({"imageId": id, "imageScanStatus": {"status": "PENDING"}}))
        }
        "PutImage" => put_image(world, body),
        "BatchGetImage" => batch_get(world, body),
        "GetDownloadUrlForLayer" => Ok(
            json!({"layerDigest": body["layerDigest"], "downloadUrl": format!("{{endpoint}}/blobs/{}", body["layerDigest"].as_str().unwrap_or_default())}),
        ),
        _ => refuse(
            "InvalidParameterException",
            format!("the scripted AWS has no ECR operation {operation}"),
        ),
    }
}

fn no_repository<T>(name: &str) -> Result<T, Refusal> {
    refuse(
        "RepositoryNotFoundException",
        format!(
            "The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
        ),
    )
}

fn find<'a>(images: &'a [Image], id: &Value) -> Option<&'a Image> {
    images.iter().find(|image| is(image, id))
}

fn is(image: &Image, id: &Value) -> bool {
    match (id["imageDigest"].as_str(), id["imageTag"].as_str()) {
        (Some(digest), _) => image.digest == digest,
        (None, Some(tag)) => image.tags.iter().any(|known| known == tag),
        (None, None) => false,
    }
}

/// The image that `imageId` of a request names.
fn image<'a>(world: &'a mut World, body: &Value) -> Result<&'a mut Image, Refusal> {
    let name = required(body, "repositoryName")?;
    let Some(images) = world.images.get_mut(name) else { return no_repository(name) };
    match images.iter_mut().find(|image| is(image, &body["imageId"])) {
        Some(image) => Ok(image),
        None => refuse("ImageNotFoundException", "The image requested does not exist"),
    }
}

fn scan_findings(world: &mut World, body: &Value) -> Answer {
    let image = image(world, body)?;
    let answer = match image.scans.len() {
        0 => Value::Null,
        1 => image.scans[0].clone(),
        _ => image.scans.pop_front().unwrap_or_default(),
    };
    if answer.is_null() {
        let told = format!("Image scan does not exist for the image with '{}'", image.digest);
        return refuse("ScanNotFoundException", told);
    }
    Ok(answer)
}

/// Only what gives another tag to an image that is there.
fn put_image(world: &mut World, body: &Value) -> Answer {
    let (digest, tag) = (required(body, "imageDigest")?, required(body, "imageTag")?);
    let name = required(body, "repositoryName")?;
    let Some(images) = world.images.get_mut(name) else { return no_repository(name) };
    for image in images.iter_mut().filter(|image| image.digest != digest) {
        image.tags.retain(|known| known != tag);
    }
    match images.iter_mut().find(|image| image.digest == digest) {
        Some(image) => image.tags.push(tag.to_owned()),
        None => return refuse("ImageNotFoundException", "The image requested does not exist"),
    }
    let id = json!({"imageDigest": digest, "imageTag": tag});
    Ok(json!({"image": {"repositoryName": name, "imageId": id}}))
}

fn describe_images(world: &World, body: &Value) -> Answer {
    let name = required(body, "repositoryName")?;
    let Some(images) = world.images.get(name) else { return no_repository(name) };
    let json = |image: &Image| {
        json!({
            "registryId": ACCOUNT,
            "repositoryName": name,
            "imageDigest": image.digest,
            "imageTags": image.tags,
            "imageSizeInBytes": 9_437_184,
            "imageManifestMediaType": media_type(image),
        })
    };
    let ids = body["imageIds"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for id in &ids {
        let Some(image) = find(images, id) else {
            let said = |member: &str| id[member].as_str().unwrap_or("null").to_owned();
            return refuse(
                "ImageNotFoundException",
                format!(
                    "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{name}' in the registry with id '{ACCOUNT}'",
                    said("imageDigest"),
                    said("imageTag")
                ),
            );
        };
        found.push(json(image));
    }
    if ids.is_empty() {
        found = images.iter().map(json).collect();
    }
    Ok(page(body, "imageDetails", &found, 100))
}

fn media_type(image: &Image) -> &'static str {
    if image.architectures.len() > 1 {
        "application/vnd.oci.image.index.v1+json"
    } else {
        "application/vnd.oci.image.manifest.v1+json"
    }
}

/// A digest made of a word, so that a blob says what it is of.
fn config_digest(architecture: &str) -> String {
    let hex: Vec<String> = architecture.bytes().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    format!("sha256:{hex:0<64}")
}

/// The image configuration that `GetDownloadUrlForLayer` leads to.
pub(crate) fn blob(digest: &str) -> Option<Value> {
    let known = ["amd64", "arm64"]
        .into_iter()
        .find(|architecture| config_digest(architecture) == digest)?;
    Some(
        json!({"architecture": known, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}),
    )
}

fn manifest(image: &Image) -> Value {
    let config = |architecture: &str| json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest(architecture), "size": 120});
    match image.architectures.as_slice() {
        [only] => {
            json!({"schemaVersion": 2, "mediaType": media_type(image), "config": config(only), "layers": []})
        }
        several => {
            let manifests: Vec<Value> = several
                .iter()
                .map(|architecture| {
                    json!({
                        "mediaType": "application/vnd.oci.image.manifest.v1+json",
                        "digest": config_digest(architecture),
                        "size": 500,
                        "platform": {"architecture": architecture, "os": "linux"},
                    })
                })
                .collect();
            json!({"schemaVersion": 2, "mediaType": media_type(image), "manifests": manifests})
        }
    }
}

fn batch_get(world: &World, body: &Value) -> Answer {
    let name = required(body, "repositoryName")?;
    let Some(images) = world.images.get(name) else { return no_repository(name) };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for id in body["imageIds"].as_array().into_iter().flatten() {
        match find(images, id) {
            Some(image) => {
                let mut image_id = json!({"imageDigest": image.digest});
                if let Some(tag) = id["imageTag"].as_str() {
                    image_id["imageTag"] = tag.into();
                }
                found.push(json!({
                    "registryId": ACCOUNT,
                    "repositoryName": name,
                    "imageId": image_id,
                    "imageManifest": manifest(image).to_string(),
                    "imageManifestMediaType": media_type(image),
                }));
            }
            None => failures.push(json!({"imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"})),
        }
    }
    Ok(json!({"images": found, "failures": failures}))
}
