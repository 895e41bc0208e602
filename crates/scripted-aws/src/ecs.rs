//! ECS: which operation reads or changes what.

mod answers;
mod definitions;
mod deployments;
mod services;
mod tasks;

use serde_json::{Value, json};

use crate::refusal::{Answer, Refusal, page, refuse, text};
use crate::world::{Task, World, arn, short};

pub(crate) fn call(world: &mut World, operation: &str, body: &Value) -> Answer {
    match operation {
        "ListClusters" => {
            let arns: Vec<Value> = world
                .clusters
                .iter()
                .map(|name| arn("ecs", &format!("cluster/{name}")).into())
                .collect();
            Ok(page(body, "clusterArns", &arns, 100))
        }
        "DescribeClusters" => Ok(describe_clusters(world, body)),
        "ListServices" => services::list_services(world, body),
        "DescribeServices" => services::describe(world, body),
        "UpdateService" => services::update(world, body),
        "ListTagsForResource" => services::list_tags(world, body),
        "RegisterTaskDefinition" => definitions::register(world, body),
        "DescribeTaskDefinition" => definitions::describe(world, body),
        "TagResource" => definitions::tag(world, body),
        "DeregisterTaskDefinition" => definitions::deregister(world, body),
        "ListTaskDefinitions" => Ok(definitions::list_definitions(world, body)),
        "ListTaskDefinitionFamilies" => Ok(definitions::families(world, body)),
        "ListServiceDeployments" => deployments::list_deployments(world, body),
        "DescribeServiceDeployments" => Ok(deployments::describe(world, body)),
        "DescribeServiceRevisions" => Ok(deployments::revisions(world, body)),
        "StopServiceDeployment" => deployments::stop(world, body),
        "ListTasks" => tasks::list_tasks(world, body),
        "DescribeTasks" => tasks::describe(world, body),
        "RunTask" => tasks::run(world, body),
        "StopTask" => tasks::stop(world, body),
        _ => refuse(
            "UnsupportedFeatureException",
            format!("the scripted AWS has no ECS operation {operation}"),
        ),
    }
}

/// A task, its tags included.
pub(crate) fn task(world: &World, task: &Task) -> Value {
    answers::task(world, task, true)
}

/// The cluster's name that a request is about.
fn cluster(world: &World, body: &Value) -> Result<String, Refusal> {
    let name = short(text(body, "cluster").unwrap_or("default"));
    if world.clusters.iter().any(|known| known == name) {
        Ok(name.into())
    } else {
        refuse("ClusterNotFoundException", "Cluster not found.")
    }
}

fn describe_clusters(world: &World, body: &Value) -> Value {
    let mut wanted = crate::refusal::list(body, "clusters");
    if wanted.is_empty() {
        wanted.push("default".into());
    }
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in &wanted {
        let name = short(name);
        let cluster_arn = arn("ecs", &format!("cluster/{name}"));
        if !world.clusters.iter().any(|known| known == name) {
            failures.push(json!({"arn": cluster_arn, "reason": "MISSING"}));
            continue;
        }
        let count = |status: &str| {
            world.tasks.iter().filter(|task| task.cluster == name && task.status == status).count()
        };
        clusters.push(json!({
            "clusterArn": cluster_arn,
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": count("RUNNING"),
            "pendingTasksCount": count("PENDING") + count("PROVISIONING"),
            "activeServicesCount": world.services.iter().filter(|service| service.cluster == name).count(),
            "statistics": [],
            "tags": [],
            "settings": [],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
        }));
    }
    json!({"clusters": clusters, "failures": failures})
}
