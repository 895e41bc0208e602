//! What ECS will be asked for: the service's settings, translated into what `RunTask` takes. Pure.

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, DeploymentControllerType,
    LaunchType, NetworkConfiguration, PlacementConstraint, PlacementStrategy, PropagateTags,
    Service, Tag, TaskVolumeConfiguration,
};
use ecs_tasks::{LogPlace, LogStream, TaskDefinition};
use serde_json::json;

use crate::{
    inputs::{Inputs, Launch, PublicIp},
    values::Provider,
};

/// The end of the family's name.
const SUFFIX: &str = "-migrate";

/// What `RunTask` is asked for, besides the definition.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ask {
    pub(crate) capacity: Capacity,
    pub(crate) platform_version: Option<String>,
    pub(crate) network: Option<AwsVpcConfiguration>,
    pub(crate) placement_constraints: Vec<PlacementConstraint>,
    pub(crate) placement_strategy: Vec<PlacementStrategy>,
    /// The service's own.
    pub(crate) tags: Vec<Tag>,
    /// Those that the definition leaves to be configured at launch.
    pub(crate) volumes: Vec<TaskVolumeConfiguration>,
    pub(crate) managed_tags: bool,
    pub(crate) propagate_tags: Option<PropagateTags>,
}

/// Launch type and capacity providers exclude each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Capacity {
    /// The cluster's own strategy, which ECS takes where nothing else is said.
    #[default]
    OfTheCluster,
    Launch(LaunchType),
    Providers(Vec<CapacityProviderStrategyItem>),
}

impl Capacity {
    fn is_fargate(&self) -> bool {
        match self {
            Self::OfTheCluster => false,
            Self::Launch(launch) => *launch == LaunchType::Fargate,
            Self::Providers(items) => {
                items.iter().all(|it| it.capacity_provider().starts_with("FARGATE"))
            }
        }
    }

    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::OfTheCluster => "the cluster's default capacity".to_owned(),
            Self::Launch(launch) => launch.as_str().to_owned(),
            Self::Providers(items) => {
                let names: Vec<&str> =
                    items.iter().map(CapacityProviderStrategyItem::capacity_provider).collect();
                names.join(", ")
            }
        }
    }
}

/// Translates a service, and lets the inputs override it.
pub(crate) fn ask(inputs: &Inputs, service: Option<&Service>, definition: &TaskDefinition) -> Ask {
    let capacity = capacity(inputs, service);
    // A service of CodeDeploy has its settings in its task sets, and there is one that serves.
    let task_set = service.and_then(|service| {
        let by_code_deploy = service
            .deployment_controller()
            .is_some_and(|it| *it.r#type() != DeploymentControllerType::Ecs);
        service.task_sets().iter().find(|set| by_code_deploy && set.status() == Some("PRIMARY"))
    });
    let network = service
        .and_then(Service::network_configuration)
        .or_else(|| task_set.and_then(|set| set.network_configuration()))
        .and_then(NetworkConfiguration::awsvpc_configuration);
    // ECS refuses a network for a task that has none of its own.
    let awsvpc = definition.get("networkMode").is_some_and(|mode| mode == "awsvpc");
    let placed = service.filter(|_| !capacity.is_fargate());
    let tags = service.map(Service::tags).unwrap_or_default().iter();
    let by_aws = |tag: &&Tag| tag.key().is_some_and(|key| key.starts_with("aws:"));
    Ask {
        platform_version: service
            .and_then(Service::platform_version)
            .or_else(|| task_set.and_then(|set| set.platform_version()))
            .filter(|_| capacity.is_fargate())
            .map(str::to_owned),
        network: awsvpc.then(|| overridden(inputs, network, &capacity)).flatten(),
        placement_constraints: placed
            .map(|it| it.placement_constraints().to_vec())
            .unwrap_or_default(),
        placement_strategy: placed.map(|it| it.placement_strategy().to_vec()).unwrap_or_default(),
        managed_tags: service.is_some_and(Service::enable_ecs_managed_tags),
        tags: tags.filter(|tag| !by_aws(tag)).cloned().collect(),
        // RunTask cannot take over a service's tags: they are given to it.
        propagate_tags: service
            .and_then(Service::propagate_tags)
            .filter(|from| **from == PropagateTags::TaskDefinition)
            .cloned(),
        capacity,
        ..Ask::default()
    }
}

fn capacity(inputs: &Inputs, service: Option<&Service>) -> Capacity {
    if let Some(launch) = inputs.launch_type {
        return Capacity::Launch(match launch {
            Launch::Fargate => LaunchType::Fargate,
            Launch::Ec2 => LaunchType::Ec2,
            Launch::External => LaunchType::External,
        });
    }
    let given: Vec<_> = inputs.capacity_provider_strategy.iter().filter_map(item).collect();
    let strategy = if given.is_empty() {
        service.map(|it| it.capacity_provider_strategy().to_vec()).unwrap_or_default()
    } else {
        given
    };
    // DescribeServices may tell a launch type beside the strategy that rules.
    match (strategy.is_empty(), service.and_then(Service::launch_type)) {
        (false, _) => Capacity::Providers(strategy),
        (true, Some(launch)) => Capacity::Launch(launch.clone()),
        (true, None) => Capacity::OfTheCluster,
    }
}

fn item(provider: &Provider) -> Option<CapacityProviderStrategyItem> {
    CapacityProviderStrategyItem::builder()
        .capacity_provider(&provider.name)
        .weight(provider.weight)
        .base(provider.base)
        .build()
        .ok()
}

fn overridden(
    inputs: &Inputs,
    from: Option<&AwsVpcConfiguration>,
    capacity: &Capacity,
) -> Option<AwsVpcConfiguration> {
    let subnets = match (inputs.subnets.is_empty(), from) {
        (false, _) => inputs.subnets.clone(),
        (true, Some(from)) => from.subnets().to_vec(),
        (true, None) => return None,
    };
    let groups = if inputs.security_groups.is_empty() {
        from.map(|it| it.security_groups().to_vec()).unwrap_or_default()
    } else {
        inputs.security_groups.clone()
    };
    let public = match inputs.assign_public_ip {
        Some(PublicIp::Enabled) => Some(AssignPublicIp::Enabled),
        Some(PublicIp::Disabled) => Some(AssignPublicIp::Disabled),
        // Only Fargate gives a task a public address.
        None if matches!(capacity, Capacity::Launch(LaunchType::Ec2 | LaunchType::External)) => {
            None
        }
        None => from.and_then(AwsVpcConfiguration::assign_public_ip).cloned(),
    };
    AwsVpcConfiguration::builder()
        .set_subnets(Some(subnets))
        .set_security_groups((!groups.is_empty()).then_some(groups))
        .set_assign_public_ip(public)
        .build()
        .ok()
}

/// The family of the copy.
pub(crate) fn family(of: &str) -> String {
    if of.ends_with(SUFFIX) { of.to_owned() } else { format!("{of}{SUFFIX}") }
}

/// The copy: `container` with its new image, command and variables; everything else as it was.
pub(crate) fn copy(
    from: &TaskDefinition,
    container: &str,
    image: Option<&str>,
    inputs: &Inputs,
) -> TaskDefinition {
    let mut copy = from.clone();
    copy.set_family(&family(from.family()));
    if let Some(image) = image {
        copy.set_image(container, image);
    }
    if let Some(command) = &inputs.command {
        copy.set_command(container, &command.0);
    }
    for variable in &inputs.environment_variables {
        copy.set_environment(container, &variable.key, &variable.value);
    }
    if let Some(cpu) = inputs.cpu {
        copy.set("cpu", Some(json!(cpu.to_string())));
    }
    if let Some(memory) = inputs.memory {
        copy.set("memory", Some(json!(memory.to_string())));
    }
    if let Some(members) = copy.container_mut(container) {
        // The task ends with the migration, and the migration is not begun again by the agent.
        if members.get("essential").is_some_and(|essential| essential == false) {
            members.insert("essential".to_owned(), json!(true));
        }
        members.shift_remove("restartPolicy");
    }
    copy
}

/// Where the copy logs when it was asked to log to `CloudWatch` and would not: its group is to be created.
pub(crate) fn redirect_log(
    copy: &mut TaskDefinition,
    container: &str,
    region: &str,
) -> Option<LogStream> {
    if matches!(copy.log_place(container, ""), LogPlace::CloudWatch(_)) {
        return None;
    }
    let options = json!({
        "awslogs-group": format!("/ecs/{}", copy.family()),
        "awslogs-region": region,
        "awslogs-stream-prefix": "migrate",
    });
    let log = json!({ "logDriver": "awslogs", "options": options });
    copy.container_mut(container)?.insert("logConfiguration".to_owned(), log);
    match copy.log_place(container, "") {
        LogPlace::CloudWatch(stream) => Some(stream),
        LogPlace::Elsewhere(_) => None,
    }
}

/// The container that migrates: the one that was named, or the only one.
pub(crate) fn container(from: &TaskDefinition, asked_for: Option<&str>) -> Result<String, String> {
    let names = from.container_names();
    match (asked_for, names.as_slice()) {
        (Some(name), _) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
        (Some(name), _) => Err(format!(
            "`{from}` has no container `{name}`{}",
            actions_runtime::did_you_mean(name, &names)
        )),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(format!(
            "`{from}` has several containers: say which one migrates, `{}`",
            names.join("` or `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::DeploymentController;
    use clap::Parser as _;

    use super::*;

    fn inputs(words: &[&str]) -> Inputs {
        Inputs::try_parse_from(["migrate", "--service=api"].iter().chain(words)).unwrap()
    }

    fn definition() -> TaskDefinition {
        TaskDefinition::of(json!({
            "family": "api", "revision": 7, "networkMode": "awsvpc", "cpu": "256",
            "containerDefinitions": [
                { "name": "api", "image": "a:1", "essential": false, "restartPolicy": { "enabled": true },
                  "secrets": [{ "name": "URL", "valueFrom": "arn:x" }] },
                { "name": "proxy", "image": "p:1" }
            ]
        }))
        .unwrap()
    }

    fn service() -> aws_sdk_ecs::types::builders::ServiceBuilder {
        let network = AwsVpcConfiguration::builder().subnets("subnet-1").security_groups("sg-1");
        let network = network.assign_public_ip(AssignPublicIp::Enabled).build().unwrap();
        let network = NetworkConfiguration::builder().awsvpc_configuration(network).build();
        Service::builder().network_configuration(network).launch_type(LaunchType::Fargate)
    }

    fn providers(names: &[&str]) -> Vec<CapacityProviderStrategyItem> {
        let item = |name: &&str| item(&name.parse::<Provider>().unwrap()).unwrap();
        names.iter().map(item).collect()
    }

    #[test]
    fn the_network_is_the_services_unless_something_else_was_asked_for() {
        let service = service().build();
        let network = ask(&inputs(&[]), Some(&service), &definition()).network.unwrap();
        assert_eq!(network.subnets(), ["subnet-1"]);
        assert_eq!(network.assign_public_ip(), Some(&AssignPublicIp::Enabled));
        let other =
            inputs(&["--subnets=a,b", "--security-groups=c", "--assign-public-ip=disabled"]);
        let network = ask(&other, Some(&service), &definition()).network.unwrap();
        assert_eq!(
            (network.subnets(), network.security_groups()),
            (["a".to_owned(), "b".to_owned()].as_slice(), ["c".to_owned()].as_slice())
        );
        assert_eq!(network.assign_public_ip(), Some(&AssignPublicIp::Disabled));
        let network = ask(&inputs(&["--launch-type=EC2"]), Some(&service), &definition()).network;
        assert_eq!(network.unwrap().assign_public_ip(), None);
        let mut bridge = definition();
        bridge.set("networkMode", Some(json!("bridge")));
        assert_eq!(ask(&inputs(&[]), Some(&service), &bridge).network, None);
    }

    #[test]
    fn launch_type_and_providers_exclude_each_other() {
        let strategy = providers(&["FARGATE_SPOT"]);
        let service = service()
            .set_capacity_provider_strategy(Some(strategy.clone()))
            .platform_version("1.4.0")
            .build();
        let asked = ask(&inputs(&[]), Some(&service), &definition());
        assert_eq!(asked.capacity, Capacity::Providers(strategy));
        assert_eq!(asked.platform_version.as_deref(), Some("1.4.0"));
        let asked = ask(&inputs(&["--launch-type=EC2"]), Some(&service), &definition());
        assert_eq!(
            (asked.capacity, asked.platform_version),
            (Capacity::Launch(LaunchType::Ec2), None)
        );
        let asked =
            ask(&inputs(&["--capacity-provider-strategy=mine"]), Some(&service), &definition());
        assert_eq!(asked.capacity, Capacity::Providers(providers(&["mine"])));
        let nothing = Service::builder().build();
        let asked = ask(&inputs(&[]), Some(&nothing), &definition());
        assert_eq!(asked.capacity, Capacity::OfTheCluster);
    }

    #[test]
    fn tags_of_the_service_are_given_and_not_propagated() {
        let tag = |key: &str| Tag::builder().key(key).value("v").build();
        let service = service()
            .tags(tag("team"))
            .tags(tag("aws:x"))
            .propagate_tags(PropagateTags::Service)
            .build();
        let asked = ask(&inputs(&[]), Some(&service), &definition());
        assert_eq!((asked.tags, asked.propagate_tags), (vec![tag("team")], None));
        let from = PropagateTags::TaskDefinition;
        let service = Service::builder().tags(tag("team")).propagate_tags(from.clone()).build();
        let asked = ask(&inputs(&[]), Some(&service), &definition());
        assert_eq!((asked.tags, asked.propagate_tags), (vec![tag("team")], Some(from)));
    }

    #[test]
    fn a_service_of_code_deploy_has_its_network_in_its_task_set() {
        let network = service().build().network_configuration.unwrap();
        let set = aws_sdk_ecs::types::TaskSet::builder()
            .status("PRIMARY")
            .network_configuration(network)
            .build();
        let controller = DeploymentController::builder()
            .r#type(DeploymentControllerType::CodeDeploy)
            .build()
            .unwrap();
        let service = Service::builder().task_sets(set).deployment_controller(controller).build();
        let asked = ask(&inputs(&[]), Some(&service), &definition());
        assert_eq!(asked.network.unwrap().subnets(), ["subnet-1"]);
    }

    #[test]
    fn the_copy_is_another_family_with_another_command() {
        let words = ["--command=todo-api migrate", "--environment-variables=URL=x", "--cpu=512"];
        let copy = copy(&definition(), "api", Some("a@sha256:1"), &inputs(&words));
        assert_eq!(copy.family(), "api-migrate");
        assert_eq!(family(copy.family()), "api-migrate");
        let container = copy.container("api").unwrap();
        assert_eq!(container["command"], json!(["todo-api", "migrate"]));
        assert_eq!(container["image"], "a@sha256:1");
        assert_eq!(container["essential"], true);
        assert_eq!(container["secrets"], json!([]), "a variable takes the place of a secret");
        assert!(container.get("restartPolicy").is_none());
        assert_eq!(copy.get("cpu"), Some(&json!("512")));
        assert_eq!(copy.container("proxy"), definition().container("proxy"));
    }

    #[test]
    fn the_container_is_named_or_the_only_one() {
        assert_eq!(container(&definition(), Some("api")), Ok("api".to_owned()));
        assert!(container(&definition(), Some("apo")).unwrap_err().contains("did you mean `api`?"));
        assert!(container(&definition(), None).unwrap_err().contains("`api` or `proxy`"));
    }
}
