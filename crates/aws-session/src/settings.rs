//! What the machine, its environment and its profiles say: region, endpoints, certificates, and the SDK's config of it all.

use std::time::Duration;

use actions_runtime::{Faults, Step};
use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, identity::IdentityCache,
    meta::region::ProvideRegion as _, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{AwsInputs, transport::Transport};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Credentials may need a token, a role and a throttled minute.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_mins(1);
/// Off AWS nobody answers for instance metadata, and a forgotten region must be told soon.
const INSTANCE_REGION_TIMEOUT: Duration = Duration::from_secs(2);

/// As the AWS CLI has it: the bundle replaces the certificates of the system.
pub(crate) fn bundle(step: &Step) -> miette::Result<Option<Vec<u8>>> {
    let Some(path) = step.env("AWS_CA_BUNDLE") else { return Ok(None) };
    let fault = |problem: &str| Faults::one("AWS_CA_BUNDLE", format!("`{path}` {problem}"));
    let pem = std::fs::read(&path).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    // The TLS library takes a bundle at its word and stops the process where it is none.
    if !is_bundle(&pem) {
        return Err(fault("holds no certificates in PEM form").into());
    }
    Ok(Some(pem))
}

/// Whether `pem` holds certificates and each of them is whole.
fn is_bundle(pem: &[u8]) -> bool {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let mut certificates = text.split(BEGIN).skip(1).peekable();
    certificates.peek().is_some()
        && certificates.all(|certificate| {
            let Some((body, _)) = certificate.split_once("-----END CERTIFICATE-----") else {
                return false;
            };
            let body: String = body.split_whitespace().collect();
            // DER: a certificate is a sequence.
            STANDARD.decode(body).is_ok_and(|der| der.first() == Some(&0x30))
        })
}

pub(crate) async fn region(
    step: &Step,
    inputs: &AwsInputs,
    transport: &Transport,
) -> miette::Result<Region> {
    // Blank ones are absent: a workflow sets `AWS_REGION: ${{ vars.REGION }}` also where there is no such variable.
    let named = inputs
        .aws_region
        .clone()
        .or_else(|| step.env("AWS_REGION"))
        .or_else(|| step.env("AWS_DEFAULT_REGION"));
    if let Some(region) = named {
        return Ok(Region::new(region));
    }
    if let Some(region) = aws_config::profile::ProfileFileRegionProvider::new().region().await {
        return Ok(region);
    }
    let metadata = aws_config::imds::region::ImdsRegionProvider::builder()
        .configure(
            &aws_config::provider_config::ProviderConfig::default()
                .with_http_client(transport.clone()),
        )
        .build();
    let asked = tokio::time::timeout(INSTANCE_REGION_TIMEOUT, metadata.region()).await;
    asked.ok().flatten().ok_or_else(|| {
        Faults::one(
            "aws-region",
            "is needed: neither `AWS_REGION` nor `AWS_DEFAULT_REGION` is set, and no profile has a region",
        )
        .into()
    })
}

/// The SDK notices an endpoint that is none only with the first call, and then calls it a failed dispatch.
pub(crate) fn check_endpoints(step: &Step) -> Result<(), Faults> {
    const SERVICES: &[&str] =
        &["", "_CLOUDFRONT", "_CLOUDWATCH_LOGS", "_ECR", "_ECS", "_S3", "_SECRETS_MANAGER", "_STS"];
    let mut faults = Faults::default();
    for service in SERVICES {
        let name = format!("AWS_ENDPOINT_URL{service}");
        let Some(url) = step.env(&name) else { continue };
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            faults.add(name, format!("`{url}` does not begin with `http://` or `https://`"));
        }
    }
    faults.check()
}

pub(crate) async fn config(region: Region, transport: Transport) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(transport)
        // The transport repeats what may be repeated.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .identity_cache(identity_cache());
    if let Ok(name) = AppName::new("todo-actions") {
        loader = loader.app_name(name);
    }
    without_blank_endpoints(loader.load().await)
}

pub(crate) fn identity_cache() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build()
}

/// The SDK stops the process at an endpoint that is set and blank, as `AWS_ENDPOINT_URL: ${{ vars.ENDPOINT }}` makes it.
fn without_blank_endpoints(config: SdkConfig) -> SdkConfig {
    let endpoint = config.endpoint_url().filter(|url| !is_blank(url)).map(str::to_owned);
    let services = NotBlank(config.clone());
    let mut builder = config.into_builder();
    builder.set_endpoint_url(endpoint);
    builder.service_config(services).build()
}

#[derive(Debug)]
struct NotBlank(SdkConfig);

impl LoadServiceConfig for NotBlank {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.service_config()?.load_config(key).filter(|value| !is_blank(value))
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
