//! The way to AWS, opened once by a program before it looks at anything.

use std::{error::Error, fmt, sync::Arc};

use actions_runtime::{Cancelled, Faults, Step};
use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::service_config::ServiceConfigKey;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{
    AccountId, AwsError, AwsInputs, Calls, error, explain::Asked, role::RoleCredentials, settings,
    transport::Transport,
};

/// Shorter ones are stand-ins for an emulator (`test`), and hiding them would blot out half of a log.
const SHORTEST_SECRET: usize = 16;

/// An open way to AWS. Cheap to clone.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    config: SdkConfig,
    transport: Transport,
    calls: Calls,
    region: String,
    profile: Option<String>,
    account: OnceCell<AccountId>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("region", &self.0.region).finish_non_exhaustive()
    }
}

impl Session {
    /// Finds region and credentials, becomes the role that is asked for, and makes sure that the account is allowed.
    ///
    /// Without role and account check nothing is sent: credentials are fetched with the first call.
    pub async fn open(step: &Step, inputs: &AwsInputs) -> miette::Result<Self> {
        tokio::select! {
            session = Self::find(step, inputs) => session,
            () = step.cancelled().cancelled() => Err(Cancelled::new("before anything was changed").into()),
        }
    }

    async fn find(step: &Step, inputs: &AwsInputs) -> miette::Result<Self> {
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            if let Some(secret) = step.env(name).filter(|secret| secret.len() >= SHORTEST_SECRET) {
                step.mask(&SecretString::from(secret));
            }
        }
        let calls = Calls::new(step);
        let transport = Transport::new(calls.clone(), settings::bundle(step)?);
        let region = settings::region(step, inputs, &transport).await?;
        settings::check_endpoints(step)?;
        let mut config = settings::config(region.clone(), transport.clone()).await;
        if let Some(role) = &inputs.role_to_assume {
            let provider = RoleCredentials::open(step, role, &config, transport.clone()).await?;
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                .identity_cache(settings::identity_cache())
                .build();
        }
        let session = Self(Arc::new(Inner {
            config,
            transport,
            calls,
            region: region.to_string(),
            profile: step.env("AWS_PROFILE"),
            account: OnceCell::new(),
        }));
        session.check_account(&inputs.allowed_account_ids).await?;
        Ok(session)
    }

    /// What every SDK client is made from: `aws_sdk_ecs::Client::new(session.config())`.
    ///
    /// The answer may begin 10 s after the request, the time for the request's body comes on top, and no attempt begins
    /// later than two minutes after the first. A client that needs more patience sets its own `read_timeout`.
    pub fn config(&self) -> &SdkConfig {
        &self.0.config
    }

    /// From here on a writing call is stopped before it is sent, by every client of this session: for a dry run, whose
    /// promise is then kept even by a program that forgets it.
    pub fn read_only(&self) {
        self.0.transport.read_only();
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Every call so far.
    pub fn calls(&self) -> &Calls {
        &self.0.calls
    }

    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The account that the credentials belong to. Asked once.
    pub async fn account(&self) -> Result<&str, AwsError> {
        let ask = async || {
            let identity = aws_sdk_sts::Client::new(self.config())
                .get_caller_identity()
                .send()
                .await
                .map_err(|error| self.explain("sts:GetCallerIdentity", "", error))?;
            let account = identity.account.unwrap_or_default();
            account.parse::<AccountId>().map_err(|problem| {
                error::no_credentials(
                    "sts:GetCallerIdentity",
                    "",
                    format!("`{account}`: {problem}"),
                    String::new(),
                )
            })
        };
        self.0.account.get_or_try_init(ask).await.map(AccountId::as_str)
    }

    /// Whether `AWS_ENDPOINT_URL` or its kin send the service with this id (`S3`, `ECS`, `CloudFront`) somewhere else than
    /// to AWS. S3 needs `force_path_style` there: an emulator's host has no name for each bucket.
    pub fn endpoint_overridden(&self, service_id: &str) -> bool {
        self.endpoint_override(service_id).is_some()
    }

    /// The endpoint that `AWS_ENDPOINT_URL` or its kin name for a service, if any does.
    pub fn endpoint_override(&self, service_id: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        self.0
            .config
            .service_config()
            .and_then(|config| config.load_config(key))
            .or_else(|| self.0.config.endpoint_url().map(str::to_owned))
    }

    /// Makes of an SDK client's error one that names the call and says what to do.
    ///
    /// `operation` is written as IAM writes it: `ecs:UpdateService`.
    #[expect(clippy::needless_pass_by_value, reason = "made to be used in `map_err`")]
    pub fn explain<E, R>(
        &self,
        operation: &str,
        resource: impl fmt::Display,
        error: SdkError<E, R>,
    ) -> AwsError
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug + 'static,
    {
        let last = self.0.calls.last(operation);
        let resource = resource.to_string();
        let asked = Asked {
            operation,
            resource: &resource,
            region: &self.0.region,
            last: last.as_ref(),
            profile: self.0.profile.as_deref(),
        };
        asked.explain(&error)
    }

    async fn check_account(&self, allowed: &[AccountId]) -> miette::Result<()> {
        if allowed.is_empty() {
            return Ok(());
        }
        let account = self.account().await?;
        if allowed.iter().any(|allowed| allowed.as_str() == account) {
            return Ok(());
        }
        let allowed: Vec<String> = allowed.iter().map(|id| format!("`{id}`")).collect();
        Err(Faults::one(
            "allowed-account-ids",
            format!(
                "these credentials belong to account `{account}`, not to {}",
                allowed.join(" or ")
            ),
        )
        .into())
    }
}
