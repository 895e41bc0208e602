//! Where the image goes: the platform that a task definition runs on, and whether an image fits it.

use actions_runtime::{Faults, did_you_mean};
use aws_session::Session;
use ecs_tasks::{Ecs, EcsError, TaskDefinition};
use serde_json::Value;

use crate::{inputs::Inputs, reference::Platform};

/// What the image is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    pub(crate) platform: Platform,
    /// `family:revision`.
    pub(crate) whose: String,
}

/// The task definition that was named, or that the service runs. Nothing where neither was asked for.
pub(crate) async fn look(
    inputs: &Inputs,
    session: &Session,
    faults: &mut Faults,
) -> Result<Option<Fit>, EcsError> {
    let ecs = Ecs::new(session);
    let service = match &inputs.service {
        Some(service) => ecs.service(&inputs.cluster, service, faults).await?,
        None => None,
    };
    let running = service.as_ref().and_then(|service| service.task_definition());
    let Some(name) = inputs.task_definition.as_deref().or(running) else { return Ok(None) };
    let Some(definition) = ecs.definition(name).await? else {
        let families = ecs.family_names().await;
        let hint = did_you_mean(name, &families);
        faults.add("task-definition", format!("there is no task definition `{name}`{hint}"));
        return Ok(None);
    };
    let whose = definition.name();
    match platform(&definition) {
        Ok(platform) => {
            if !inputs.platforms.is_empty() && !inputs.platforms.contains(&platform) {
                faults.add(
                    "platforms",
                    format!("`{whose}` runs on `{platform}`, which is not among them"),
                );
            }
            Ok(Some(Fit { platform, whose }))
        }
        Err(problem) => {
            faults.add("task-definition", format!("`{whose}` runs on {problem}"));
            Ok(None)
        }
    }
}

/// `runtimePlatform`. ECS takes Linux on x86-64 where nothing is said.
fn platform(definition: &TaskDefinition) -> Result<Platform, String> {
    let runtime = definition.get("runtimePlatform");
    let said = |name: &str| runtime.and_then(|it| it[name].as_str());
    let system = said("operatingSystemFamily").unwrap_or("LINUX");
    let processor = said("cpuArchitecture").unwrap_or("X86_64");
    let system = match system.split('_').next().unwrap_or_default() {
        "LINUX" => "linux",
        "WINDOWS" => "windows",
        _ => return Err(format!("`{system}`, for which nobody builds images")),
    };
    let processor = match processor {
        "X86_64" => "amd64",
        "ARM64" => "arm64",
        other => return Err(format!("`{other}`, for which nobody builds images")),
    };
    format!("{system}/{processor}").parse()
}

/// The platform in an image's configuration (OCI image specification, "Image Configuration").
pub(crate) fn of_configuration(configuration: &Value) -> Option<String> {
    let text = |name: &str| configuration.get(name)?.as_str().filter(|text| !text.is_empty());
    let name = format!("{}/{}", text("os")?, text("architecture")?);
    // What an engine writes without being asked: the only level of the processor.
    Some(match text("variant").filter(|variant| *variant != "v8") {
        Some(variant) => format!("{name}/{variant}"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_definition_runs_on_one_platform() {
        let of = |runtime: Value| {
            let definition = TaskDefinition::of(json!({
                "family": "api", "runtimePlatform": runtime, "containerDefinitions": [{ "name": "api" }]
            }));
            platform(&definition.unwrap()).map(|platform| platform.to_string())
        };
        for (runtime, expected) in [
            (Value::Null, "linux/amd64"),
            (json!({ "cpuArchitecture": "ARM64" }), "linux/arm64"),
            (json!({ "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE" }), "windows/amd64"),
        ] {
            assert_eq!(of(runtime).as_deref(), Ok(expected));
        }
        assert!(of(json!({ "cpuArchitecture": "Z80" })).unwrap_err().contains("`Z80`"));
    }

    #[test]
    fn an_image_says_its_platform() {
        let of = |configuration: Value| of_configuration(&configuration);
        assert_eq!(
            of(json!({ "os": "linux", "architecture": "amd64" })).as_deref(),
            Some("linux/amd64")
        );
        let arm = json!({ "os": "linux", "architecture": "arm64", "variant": "v8" });
        assert_eq!(of(arm).as_deref(), Some("linux/arm64"));
        assert_eq!(of(json!({})), None);
    }
}
