//! Calls to ECS that `ecs-rollout` and `migrate` share: look-ups that offer the nearest name, definitions in and out as JSON.

use std::sync::{Arc, Mutex, PoisonError};

use actions_runtime::{Faults, did_you_mean};
use aws_sdk_ecs::{
    Client,
    types::{Service, ServiceField, SortOrder, Tag, TaskDefinitionField, TaskDefinitionStatus},
};
use aws_session::{AwsError, Session};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
            },
            dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use serde_json::Value;

use crate::TaskDefinition;

/// How many of a family's newest revisions are looked through.
const NEWEST: i32 = 50;

/// What can go wrong beside AWS's own answers.
#[derive(Debug, thiserror::Error)]
pub enum EcsError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error("the answer of {operation} cannot be read: {problem}")]
    Unreadable { operation: &'static str, problem: String },
    #[error("RegisterTaskDefinition of `{family}` got no answer, and no such revision is there")]
    NotRegistered { family: String, source: Box<AwsError> },
}

/// By hand: the derive's `transparent` would call `AwsError::code`, which is AWS's code and not miette's.
impl miette::Diagnostic for EcsError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        match self {
            Self::Aws(error) => miette::Diagnostic::help(error),
            Self::Unreadable { .. } => None,
            Self::NotRegistered { .. } => Some(Box::new(
                "nothing was registered and nothing was deployed: running this again is safe",
            )),
        }
    }
}

impl EcsError {
    pub fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Aws(error) => Some(error),
            Self::NotRegistered { source, .. } => Some(source),
            Self::Unreadable { .. } => None,
        }
    }
}

/// ECS, as one session sees it.
#[derive(Clone)]
pub struct Ecs {
    session: Session,
    client: Client,
}

impl Ecs {
    pub fn new(session: &Session) -> Self {
        Self { session: session.clone(), client: Client::new(session.config()) }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The service. One that does not exist, or its cluster, is a fault that offers the nearest name.
    pub async fn service(
        &self,
        cluster: &str,
        service: &str,
        faults: &mut Faults,
    ) -> Result<Option<Service>, EcsError> {
        let answer = self
            .client
            .describe_services()
            .cluster(cluster)
            .services(service)
            .include(ServiceField::Tags)
            .send()
            .await
            .map_err(|error| self.session.explain("ecs:DescribeServices", service, error));
        match answer {
            Ok(answer) => {
                let found = answer.services().first().cloned();
                match found {
                    Some(found) if found.status() == Some("INACTIVE") => {
                        faults.add("service", format!("the service `{service}` is INACTIVE: it was deleted, and has to be created again"));
                        Ok(None)
                    }
                    Some(found) if found.status() == Some("DRAINING") => {
                        faults.add(
                            "service",
                            format!("the service `{service}` is DRAINING: it is being deleted"),
                        );
                        Ok(None)
                    }
                    Some(found) => Ok(Some(found)),
                    None => {
                        let names = self.service_names(cluster).await;
                        faults.add(
                            "service",
                            format!(
                                "there is no service `{service}` in the cluster `{cluster}`{}",
                                hint(service, names)
                            ),
                        );
                        Ok(None)
                    }
                }
            }
            Err(error) if error.code() == Some("ClusterNotFoundException") => {
                let names = self.cluster_names().await;
                faults.add(
                    "cluster",
                    format!(
                        "there is no cluster `{cluster}`{}{}",
                        self.in_region(),
                        hint(cluster, names)
                    ),
                );
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the cluster is there and ACTIVE; a fault with the nearest name where it is not.
    pub async fn check_cluster(&self, cluster: &str, faults: &mut Faults) -> Result<(), EcsError> {
        let answer = self
            .client
            .describe_clusters()
            .clusters(cluster)
            .send()
            .await
            .map_err(|error| self.session.explain("ecs:DescribeClusters", cluster, error))?;
        match answer.clusters().first() {
            Some(found) if found.status() == Some("ACTIVE") => {}
            Some(found) => {
                faults.add(
                    "cluster",
                    format!(
                        "the cluster `{cluster}` is {}",
                        found.status().unwrap_or("not ACTIVE")
                    ),
                );
            }
            None => {
                let names = self.cluster_names().await;
                faults.add(
                    "cluster",
                    format!(
                        "there is no cluster `{cluster}`{}{}",
                        self.in_region(),
                        hint(cluster, names)
                    ),
                );
            }
        }
        Ok(())
    }

    fn in_region(&self) -> String {
        format!(" in {}", self.session.region())
    }

    /// Names are only for a better message: `None` without the right to list them.
    async fn cluster_names(&self) -> Option<Vec<String>> {
        let answer = self.client.list_clusters().send().await.ok()?;
        Some(answer.cluster_arns().iter().map(|arn| last_part(arn)).collect())
    }

    async fn service_names(&self, cluster: &str) -> Option<Vec<String>> {
        let answer =
            self.client.list_services().cluster(cluster).max_results(100).send().await.ok()?;
        Some(answer.service_arns().iter().map(|arn| last_part(arn)).collect())
    }

    /// A family, `family:revision` or ARN, as ECS has it, tags included. `None` where there is no such definition.
    pub async fn definition(&self, name: &str) -> Result<Option<TaskDefinition>, EcsError> {
        let body = CapturedBody::default();
        let answer = self
            .client
            .describe_task_definition()
            .task_definition(name)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(body.clone())
            .send()
            .await
            .map_err(|error| self.session.explain("ecs:DescribeTaskDefinition", name, error));
        match answer {
            Ok(_) => body.definition("DescribeTaskDefinition").map(Some),
            // ECS: "Unable to describe task definition." (ClientException) for a family or a revision that is not there.
            Err(error)
                if error.code() == Some("ClientException")
                    && error.message().contains("describe task definition") =>
            {
                Ok(None)
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Families whose names begin alike, for a message.
    pub async fn family_names(&self) -> Vec<String> {
        let answer = self.client.list_task_definition_families().max_results(100).send().await;
        answer.map(|answer| answer.families().to_vec()).unwrap_or_default()
    }

    /// Registers `wanted` exactly as it is. A lost answer is resolved by looking, never by registering again.
    pub async fn register(&self, wanted: &TaskDefinition) -> Result<TaskDefinition, EcsError> {
        let registration = wanted.registration();
        let body = CapturedBody::default();
        let answer = self
            .client
            .register_task_definition()
            // Only for the SDK's own checks: what is sent is `registration`, whole.
            .family(wanted.family())
            .set_container_definitions(Some(Vec::new()))
            .customize()
            .interceptor(ReplacedBody(registration.to_string()))
            .interceptor(body.clone())
            .send()
            .await
            .map_err(|error| {
                self.session.explain("ecs:RegisterTaskDefinition", wanted.family(), error)
            });
        match answer {
            Ok(_) => body.definition("RegisterTaskDefinition"),
            Err(error) if error.is_doubtful() => match self.find(wanted).await? {
                Some(found) => Ok(found),
                None => Err(EcsError::NotRegistered {
                    family: wanted.family().to_owned(),
                    source: Box::new(error),
                }),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The newest revision that was registered as `wanted`, tags included.
    async fn find(&self, wanted: &TaskDefinition) -> Result<Option<TaskDefinition>, EcsError> {
        const LOOKED_AT: usize = 3;
        let newest = self.revisions(wanted.family(), TaskDefinitionStatus::Active).await?;
        for arn in newest.into_iter().take(LOOKED_AT) {
            if let Some(found) = self.definition(&arn).await?
                && found.is_registered_as(wanted)
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Sets one tag of a resource.
    pub async fn tag(&self, arn: &str, key: &str, value: &str) -> Result<(), AwsError> {
        let tag = Tag::builder().key(key).value(value).build();
        let answer = self.client.tag_resource().resource_arn(arn).tags(tag).send().await;
        answer.map_err(|error| self.session.explain("ecs:TagResource", arn, error))?;
        Ok(())
    }

    /// The newest revisions of a family that are ACTIVE, or that are not, newest first: ARNs.
    pub async fn revisions(
        &self,
        family: &str,
        status: TaskDefinitionStatus,
    ) -> Result<Vec<String>, EcsError> {
        let answer = self
            .client
            .list_task_definitions()
            .family_prefix(family)
            .status(status)
            .sort(SortOrder::Desc)
            .max_results(NEWEST)
            .send()
            .await
            .map_err(|error| self.session.explain("ecs:ListTaskDefinitions", family, error))?;
        Ok(answer.task_definition_arns().to_vec())
    }
}

fn hint(wanted: &str, names: Option<Vec<String>>) -> String {
    names.map(|names| did_you_mean(wanted, &names)).unwrap_or_default()
}

/// The name at the end of an ARN.
pub fn last_part(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

/// Keeps the body of the answer, for the SDK's types drop members that they do not know.
#[derive(Debug, Clone, Default)]
struct CapturedBody(Arc<Mutex<Option<Vec<u8>>>>);

impl CapturedBody {
    fn definition(&self, operation: &'static str) -> Result<TaskDefinition, EcsError> {
        let unreadable = |problem: String| EcsError::Unreadable { operation, problem };
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let body = body.ok_or_else(|| unreadable("it has no body".to_owned()))?;
        let value: Value =
            serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
        TaskDefinition::of(value).map_err(unreadable)
    }
}

#[dyn_dispatch_hint]
impl Intercept for CapturedBody {
    fn name(&self) -> &'static str {
        "CapturedBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.to_vec());
        }
        Ok(())
    }
}

/// Sends this body instead of the one that the SDK made.
#[derive(Debug)]
struct ReplacedBody(String);

#[dyn_dispatch_hint]
impl Intercept for ReplacedBody {
    fn name(&self) -> &'static str {
        "ReplacedBody"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        *request.body_mut() = SdkBody::from(self.0.clone());
        request.headers_mut().insert("content-length", self.0.len().to_string());
        Ok(())
    }
}
