//! Operations: whose they are, which are played here, and which of them write.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Ecs,
    Logs,
    Ecr,
    Secrets,
    Parameters,
    Sts,
    Iam,
    Balancers,
}

impl Api {
    /// By the service's name in `x-amz-target`.
    pub(crate) fn of(target: &str) -> Option<Self> {
        Some(match target {
            "AmazonEC2ContainerServiceV20141113" => Self::Ecs,
            "Logs_20140328" => Self::Logs,
            "AmazonEC2ContainerRegistry_V20150921" => Self::Ecr,
            "secretsmanager" => Self::Secrets,
            "AmazonSSM" => Self::Parameters,
            _ => return None,
        })
    }

    /// By the scope of a query's signature (`…/eu-west-1/iam/aws4_request`); who signs in signs nothing.
    pub(crate) fn of_query(authorization: Option<&str>) -> Self {
        let signed_for = |service: &str| {
            authorization.is_some_and(|it| it.contains(&format!("/{service}/aws4_request")))
        };
        [Self::Iam, Self::Balancers]
            .into_iter()
            .find(|api| signed_for(api.prefix()))
            .unwrap_or(Self::Sts)
    }

    /// Forms come in and XML goes out.
    pub(crate) fn is_query(self) -> bool {
        matches!(self, Self::Sts | Self::Iam | Self::Balancers)
    }

    /// As IAM's actions name it.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Logs => "logs",
            Self::Ecr => "ecr",
            Self::Secrets => "secretsmanager",
            Self::Parameters => "ssm",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Balancers => "elasticloadbalancing",
        }
    }
}

/// Every operation that is played here: a scenario that names another has a typing error.
pub(crate) const OPERATIONS: [(Api, &[&str]); 8] = [
    (
        Api::Ecs,
        &[
            "DeregisterTaskDefinition",
            "DescribeClusters",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "DescribeServices",
            "DescribeTaskDefinition",
            "DescribeTasks",
            "ListClusters",
            "ListServiceDeployments",
            "ListServices",
            "ListTagsForResource",
            "ListTaskDefinitionFamilies",
            "ListTaskDefinitions",
            "ListTasks",
            "RegisterTaskDefinition",
            "RunTask",
            "StopServiceDeployment",
            "StopTask",
            "TagResource",
            "UpdateService",
        ],
    ),
    (
        Api::Logs,
        &[
            "CreateLogGroup",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "GetLogEvents",
            "PutRetentionPolicy",
        ],
    ),
    (
        Api::Ecr,
        &[
            "BatchGetImage",
            "DescribeImageScanFindings",
            "DescribeImages",
            "DescribeRepositories",
            "GetDownloadUrlForLayer",
            "PutImage",
            "StartImageScan",
        ],
    ),
    (Api::Secrets, &["DescribeSecret", "GetSecretValue", "ListSecrets"]),
    (Api::Parameters, &["DescribeParameters", "GetParameters"]),
    (Api::Iam, &["GetRole"]),
    (
        Api::Balancers,
        &["DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth"],
    ),
    (Api::Sts, &["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]),
];

/// The operation, or what a scenario's author may have meant.
pub(crate) fn known_operation(name: &str) -> Result<(), String> {
    let mut known = OPERATIONS.iter().flat_map(|(_, names)| names.iter());
    if known.any(|known| *known == name) {
        return Ok(());
    }
    let known = OPERATIONS.iter().flat_map(|(_, names)| names.iter());
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let nearest = scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or("", |(_, known)| known);
    Err(format!("there is no operation `{name}` here; did you mean `{nearest}`?"))
}

/// What an operation's name says of it.
pub(crate) fn writes(operation: &str) -> bool {
    !["Describe", "List", "Get", "Batch", "Assume"]
        .iter()
        .any(|reading| operation.starts_with(reading))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::Scenario;
    use crate::stage::{Request, Stage};

    #[test]
    fn every_operation_that_a_scenario_may_name_is_played() {
        let mut stage = Stage::new(&Scenario::load("unchanged").unwrap());
        for (api, operations) in OPERATIONS {
            for operation in operations {
                let request = Request { api, operation: (*operation).into(), body: json!({}) };
                let reply = stage.answer(&request, None);
                assert!(!reply.body.contains("has no "), "{operation}: {}", reply.body);
                assert!(!reply.body.contains("InvalidAction"), "{operation}: {}", reply.body);
            }
        }
    }
}
