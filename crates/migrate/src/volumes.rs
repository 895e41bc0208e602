//! Volumes that are configured at launch: a service says how for its tasks, and `RunTask` wants it said again in its own
//! words. Pure.

use aws_sdk_ecs::types::{
    Deployment, EbsTagSpecification, PropagateTags, Service, ServiceManagedEbsVolumeConfiguration,
    TaskManagedEbsVolumeConfiguration, TaskVolumeConfiguration,
};
use ecs_tasks::TaskDefinition;

/// What `RunTask` is told of the definition's volumes, or those that nobody configures.
pub(crate) fn configured_at_launch(
    definition: &TaskDefinition,
    service: Option<&Service>,
) -> Result<Vec<TaskVolumeConfiguration>, String> {
    let volumes = definition.get("volumes").and_then(|volumes| volumes.as_array());
    let names = volumes
        .into_iter()
        .flatten()
        .filter(|volume| volume["configuredAtLaunch"] == true)
        .filter_map(|volume| volume["name"].as_str());
    let deployments = service.map(Service::deployments).unwrap_or_default();
    let primary = deployments.iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    let given = primary.map(Deployment::volume_configurations).unwrap_or_default();
    let (mut configured, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let ebs = given
            .iter()
            .find(|volume| volume.name() == name)
            .and_then(|volume| volume.managed_ebs_volume());
        match ebs.and_then(|ebs| translated(name, ebs)) {
            Some(volume) => configured.push(volume),
            None => missing.push(name),
        }
    }
    if missing.is_empty() {
        return Ok(configured);
    }
    let told = match service.and_then(Service::service_name) {
        Some(service) => format!("the service `{service}` does not say how"),
        None => "there is no `service` that says how".to_owned(),
    };
    Err(format!(
        "`{definition}` leaves `{}` to be configured at launch, and {told}: name a `service` that does, or a definition without it",
        missing.join("`, `")
    ))
}

/// The task's volume is deleted with the task, which is what ECS does where nothing else is said.
fn translated(
    name: &str,
    ebs: &ServiceManagedEbsVolumeConfiguration,
) -> Option<TaskVolumeConfiguration> {
    let volume = TaskManagedEbsVolumeConfiguration::builder()
        .set_encrypted(ebs.encrypted)
        .set_kms_key_id(ebs.kms_key_id.clone())
        .set_volume_type(ebs.volume_type.clone())
        .set_size_in_gib(ebs.size_in_gib)
        .set_snapshot_id(ebs.snapshot_id.clone())
        .set_volume_initialization_rate(ebs.volume_initialization_rate)
        .set_iops(ebs.iops)
        .set_throughput(ebs.throughput)
        .set_filesystem_type(ebs.filesystem_type.clone())
        .set_tag_specifications(
            ebs.tag_specifications.as_ref().map(|tags| tags.iter().map(for_a_task).collect()),
        )
        .role_arn(ebs.role_arn())
        .build()
        .ok()?;
    TaskVolumeConfiguration::builder().name(name).managed_ebs_volume(volume).build().ok()
}

/// A task has no service to take tags from.
fn for_a_task(tags: &EbsTagSpecification) -> EbsTagSpecification {
    let mut tags = tags.clone();
    tags.propagate_tags = tags.propagate_tags.filter(|from| *from != PropagateTags::Service);
    tags
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{EbsResourceType, ServiceVolumeConfiguration};
    use serde_json::json;

    use super::*;

    fn definition(volumes: &serde_json::Value) -> TaskDefinition {
        let containers = json!([{ "name": "api", "image": "a:1" }]);
        TaskDefinition::of(
            json!({ "family": "api", "containerDefinitions": containers, "volumes": volumes }),
        )
        .unwrap()
    }

    fn service() -> Service {
        let tags = EbsTagSpecification::builder()
            .resource_type(EbsResourceType::Volume)
            .propagate_tags(PropagateTags::Service)
            .build()
            .unwrap();
        let ebs = ServiceManagedEbsVolumeConfiguration::builder()
            .size_in_gib(20)
            .volume_type("gp3")
            .tag_specifications(tags)
            .role_arn("arn:aws:iam::1:role/ebs")
            .build()
            .unwrap();
        let volume =
            ServiceVolumeConfiguration::builder().name("data").managed_ebs_volume(ebs).build();
        let primary =
            Deployment::builder().status("PRIMARY").volume_configurations(volume.unwrap());
        Service::builder().service_name("todo-api").deployments(primary.build()).build()
    }

    #[test]
    fn a_volume_of_the_service_is_the_tasks_too() {
        let wanted =
            definition(&json!([{ "name": "tmp" }, { "name": "data", "configuredAtLaunch": true }]));
        let told = configured_at_launch(&wanted, Some(&service())).unwrap();
        let [volume] = told.as_slice() else { panic!("{told:?}") };
        let ebs = volume.managed_ebs_volume().unwrap();
        assert_eq!(
            (volume.name(), ebs.size_in_gib(), ebs.volume_type()),
            ("data", Some(20), Some("gp3"))
        );
        assert_eq!(ebs.role_arn(), "arn:aws:iam::1:role/ebs");
        assert_eq!(ebs.tag_specifications()[0].propagate_tags(), None);
        let none = definition(&json!([{ "name": "tmp" }]));
        assert_eq!(configured_at_launch(&none, None), Ok(Vec::new()));
    }

    #[test]
    fn a_volume_that_nobody_configures_is_named() {
        let wanted = definition(&json!([{ "name": "other", "configuredAtLaunch": true }]));
        let told = configured_at_launch(&wanted, Some(&service())).unwrap_err();
        assert!(told.contains("leaves `other` to be configured at launch, and the service `todo-api` does not say how"), "{told}");
        assert!(configured_at_launch(&wanted, None).unwrap_err().contains("there is no `service`"));
    }
}
