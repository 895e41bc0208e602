//! The one call that deploys, and the only other one, which takes a deployment back.
//!
//! An answer that got lost is found again by looking, never by calling again: two calls would be two deployments.

use std::time::Duration;

use aws_sdk_ecs::types::StopServiceDeploymentStopType;
use aws_session::AwsError;
use ecs_tasks::{Ecs, EcsError, last_part};
use tokio::time::sleep;

use crate::{
    error::RolloutError,
    plan::Update,
    service::{Deployment, Service},
};

/// `DescribeServices` is eventually consistent: a deployment may take this many looks to show.
const LOOKS: u32 = 12;
const BETWEEN_LOOKS: Duration = Duration::from_millis(700);

/// A service by name, and the way to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) ecs: Ecs,
    pub(crate) cluster: String,
    pub(crate) service: String,
}

impl Target {
    /// The service now; `None` where it is gone.
    pub(crate) async fn look(&self) -> Result<Option<Service>, EcsError> {
        let answer = self
            .ecs
            .client()
            .describe_services()
            .cluster(&self.cluster)
            .services(&self.service)
            .send()
            .await
            .map_err(|error| {
                self.ecs.session().explain("ecs:DescribeServices", &self.service, error)
            })?;
        Ok(answer.services().first().map(Service::from))
    }

    /// Deploys `definition`. Returns the service as it is right after that; its PRIMARY deployment is ours.
    pub(crate) async fn deploy(
        &self,
        definition: &str,
        update: &Update,
        before: &Service,
    ) -> Result<Service, RolloutError> {
        let answer = self.update_service(definition, update).await;
        let is_ours = |service: &Service| {
            service.primary().is_some_and(|primary| {
                primary.definition == definition
                    // A count alone makes no new deployment; everything else does.
                    && (before.deployment(&primary.id).is_none() || update.keeps_the_deployment(before, definition))
            })
        };
        match answer {
            Ok(Some(service)) if is_ours(&service) => Ok(service),
            Ok(_) => self
                .find(is_ours)
                .await?
                .ok_or_else(|| RolloutError::NoPrimary { service: self.service.clone() }),
            Err(error) if error.is_doubtful() => {
                let (service, definition_name) = (self.service.clone(), last_part(definition));
                match self.find(is_ours).await {
                    Ok(Some(found)) => Ok(found),
                    Ok(None) => Err(RolloutError::NotDeployed {
                        service,
                        definition: definition_name,
                        source: Box::new(error),
                    }),
                    Err(error) => Err(RolloutError::Unknown {
                        service,
                        definition: definition_name,
                        source: Box::new(error),
                    }),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn update_service(
        &self,
        definition: &str,
        update: &Update,
    ) -> Result<Option<Service>, AwsError> {
        let answer = self
            .ecs
            .client()
            .update_service()
            .cluster(&self.cluster)
            .service(&self.service)
            .task_definition(definition)
            .set_force_new_deployment(update.force.then_some(true))
            .set_desired_count(update.desired_count.and_then(|count| i32::try_from(count).ok()))
            .send()
            .await
            .map_err(|error| {
                self.ecs.session().explain("ecs:UpdateService", &self.service, error)
            })?;
        Ok(answer.service().map(Service::from))
    }

    /// Looks until the service is as `is_it` wants it; `None` where it never is.
    async fn find(&self, is_it: impl Fn(&Service) -> bool) -> Result<Option<Service>, EcsError> {
        for look in 0..LOOKS {
            if look > 0 {
                sleep(BETWEEN_LOOKS).await;
            }
            match self.look().await? {
                Some(service) if is_it(&service) => return Ok(Some(service)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Asks ECS to take a deployment back: by its own rollback where its record is known, else by an update.
    pub(crate) async fn roll_back(&self, undo: &Undo) -> Result<Asked, String> {
        if let Some(record) = &undo.record {
            let answer = self
                .ecs
                .client()
                .stop_service_deployment()
                .service_deployment_arn(record)
                .stop_type(StopServiceDeploymentStopType::Rollback)
                .send()
                .await
                .map_err(|error| {
                    self.ecs.session().explain("ecs:StopServiceDeployment", &self.service, error)
                });
            let asked = match answer {
                Ok(_) => true,
                // Heard or not, the service shows it: an update after it would be a deployment too many.
                Err(error) if error.is_doubtful() => {
                    let gone = |service: &Service| {
                        service.primary().is_some_and(|primary| primary.id != undo.id)
                    };
                    matches!(self.find(gone).await, Ok(Some(_)))
                }
                Err(_) => false,
            };
            if asked {
                return Ok(Asked { by: "StopServiceDeployment(ROLLBACK)", id: None });
            }
            // It has ended already, the right is missing, or an emulator does not know the call: the update always works.
        }
        let Some(previous) = &undo.previous else {
            return Err(
                "there is no deployment that ever completed, so nothing to go back to".to_owned()
            );
        };
        let update = Update { force: *previous == undo.definition, desired_count: None, why: None };
        let is_back = |service: &Service| {
            service
                .primary()
                .filter(|primary| primary.id != undo.id && primary.definition == *previous)
                .cloned()
        };
        let id = |deployment: Option<Deployment>| deployment.map(|deployment| deployment.id);
        match self.update_service(previous, &update).await {
            Ok(service) => {
                Ok(Asked { by: "UpdateService", id: id(service.as_ref().and_then(is_back)) })
            }
            Err(error) if error.is_doubtful() => match self
                .find(|service| is_back(service).is_some())
                .await
            {
                Ok(Some(service)) => Ok(Asked { by: "UpdateService", id: id(is_back(&service)) }),
                _ => Err(format!("{error}, and the service does not show it")),
            },
            Err(error) => Err(format!("{error}: {}", error.message())),
        }
    }
}

/// What is to be undone.
#[derive(Debug, Clone)]
pub(crate) struct Undo {
    /// The deployment.
    pub(crate) id: String,
    pub(crate) definition: String,
    pub(crate) previous: Option<String>,
    /// The ARN of its service deployment, where it is known.
    pub(crate) record: Option<String>,
}

/// A rollback that ECS accepted.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) by: &'static str,
    /// The deployment that goes back, where an update made one.
    pub(crate) id: Option<String>,
}

impl Update {
    /// Whether ECS answers this update with the deployment that is there.
    pub(crate) fn keeps_the_deployment(&self, before: &Service, definition: &str) -> bool {
        !self.force && before.primary().is_some_and(|primary| primary.definition == definition)
    }
}
