//! A service as ECS describes it at one moment: plain values, so that what is decided of them needs no AWS.

use aws_sdk_ecs::types;

/// The service at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) desired: i32,
    pub(crate) running: i32,
    pub(crate) pending: i32,
    pub(crate) deployments: Vec<Deployment>,
    /// Newest first.
    pub(crate) events: Vec<ServiceEvent>,
    /// The ARN of the service deployment that ECS says is going on.
    pub(crate) record: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) is_primary: bool,
    /// The ARN of its task definition.
    pub(crate) definition: String,
    pub(crate) desired: i32,
    pub(crate) running: i32,
    pub(crate) pending: i32,
    pub(crate) failed: i32,
    pub(crate) state: State,
    pub(crate) reason: Option<String>,
    /// Seconds since 1970 by ECS's clock.
    pub(crate) created_at: Option<f64>,
}

/// `rolloutState`. ECS reports none for controllers of other kinds, so that absent is not failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Absent,
    InProgress,
    Completed,
    Failed,
    /// One that this program does not know: watch on.
    Unknown(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) message: String,
}

/// What does not change while a deployment is watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) breaker: bool,
    /// The breaker, or an alarm, takes a failed deployment back.
    pub(crate) rolls_back: bool,
    /// ROLLING, `BLUE_GREEN`, CANARY, LINEAR, or one not known yet.
    pub(crate) strategy: String,
    pub(crate) daemon: bool,
    pub(crate) controller: String,
    /// `minimumHealthyPercent` and `maximumPercent`.
    pub(crate) minimum_healthy: Option<i32>,
    pub(crate) maximum: Option<i32>,
    pub(crate) load_balancers: Vec<LoadBalancer>,
}

/// A load balancer that sends requests to the service's tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    /// The container behind it.
    pub(crate) container: String,
    /// ARNs. A blue/green deployment has a second one to change over to; a classic load balancer has none.
    pub(crate) target_groups: Vec<String>,
}

impl Service {
    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.is_primary)
    }

    pub(crate) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }
}

impl Deployment {
    /// All its tasks run, and none is on its way.
    pub(crate) fn is_full(&self) -> bool {
        self.running >= self.desired && self.pending == 0
    }

    /// Done, as far as ECS says: where it says nothing, all tasks running has to do.
    pub(crate) fn is_done(&self) -> bool {
        match self.state {
            State::Completed => true,
            State::Absent => self.is_full(),
            State::InProgress | State::Failed | State::Unknown(_) => false,
        }
    }
}

impl Settings {
    /// Nothing but one set of tasks after the other: `rolloutState` says all.
    pub(crate) fn is_rolling(&self) -> bool {
        self.strategy == "ROLLING"
    }
}

impl From<&types::Service> for Service {
    fn from(service: &types::Service) -> Self {
        Self {
            name: service.service_name().unwrap_or_default().to_owned(),
            desired: service.desired_count(),
            running: service.running_count(),
            pending: service.pending_count(),
            deployments: service.deployments().iter().map(Deployment::from).collect(),
            events: service
                .events()
                .iter()
                .map(|event| ServiceEvent {
                    id: event.id().unwrap_or_default().to_owned(),
                    message: event.message().unwrap_or_default().to_owned(),
                })
                .collect(),
            record: service.current_service_deployment().map(str::to_owned),
        }
    }
}

impl From<&types::Deployment> for Deployment {
    fn from(deployment: &types::Deployment) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(deployment.id()),
            is_primary: deployment.status() == Some("PRIMARY"),
            definition: text(deployment.task_definition()),
            desired: deployment.desired_count(),
            running: deployment.running_count(),
            pending: deployment.pending_count(),
            failed: deployment.failed_tasks(),
            state: match deployment.rollout_state().map(types::DeploymentRolloutState::as_str) {
                None => State::Absent,
                Some("IN_PROGRESS") => State::InProgress,
                Some("COMPLETED") => State::Completed,
                Some("FAILED") => State::Failed,
                Some(other) => State::Unknown(other.to_owned()),
            },
            reason: deployment.rollout_state_reason().map(str::to_owned),
            created_at: deployment.created_at().map(aws_sdk_ecs::primitives::DateTime::as_secs_f64),
        }
    }
}

impl From<&types::LoadBalancer> for LoadBalancer {
    fn from(balancer: &types::LoadBalancer) -> Self {
        let alternate = balancer
            .advanced_configuration()
            .and_then(types::AdvancedConfiguration::alternate_target_group_arn);
        let groups = [balancer.target_group_arn(), alternate];
        Self {
            container: balancer.container_name().unwrap_or_default().to_owned(),
            target_groups: groups.into_iter().flatten().map(str::to_owned).collect(),
        }
    }
}

impl From<&types::Service> for Settings {
    fn from(service: &types::Service) -> Self {
        let configuration = service.deployment_configuration();
        let breaker =
            configuration.and_then(types::DeploymentConfiguration::deployment_circuit_breaker);
        let alarms = configuration.and_then(types::DeploymentConfiguration::alarms);
        Self {
            breaker: breaker.is_some_and(types::DeploymentCircuitBreaker::enable),
            rolls_back: breaker.is_some_and(|it| it.enable() && it.rollback())
                || alarms.is_some_and(|it| it.enable() && it.rollback()),
            strategy: configuration
                .and_then(types::DeploymentConfiguration::strategy)
                .map_or("ROLLING", types::DeploymentStrategy::as_str)
                .to_owned(),
            daemon: service.scheduling_strategy() == Some(&types::SchedulingStrategy::Daemon),
            controller: service
                .deployment_controller()
                .map_or("ECS", |controller| controller.r#type().as_str())
                .to_owned(),
            minimum_healthy: configuration
                .and_then(types::DeploymentConfiguration::minimum_healthy_percent),
            maximum: configuration.and_then(types::DeploymentConfiguration::maximum_percent),
            load_balancers: service.load_balancers().iter().map(LoadBalancer::from).collect(),
        }
    }
}
