//! Whether the secrets that tasks read are there, at their stage: described, their values never asked for.

use actions_runtime::did_you_mean;
use aws_sdk_secretsmanager::{
    Client,
    config::{Builder, Region},
};
use aws_session::Session;
use futures_util::future::join_all;

use super::{
    Finding,
    references::{References, SecretRef},
    unchecked,
};

pub(super) async fn check(session: &Session, references: &References) -> Vec<Finding> {
    let checks = references
        .secrets
        .iter()
        .map(async |(secret, used_by)| one(session, secret, used_by).await);
    join_all(checks).await.into_iter().flatten().collect()
}

async fn one(session: &Session, secret: &SecretRef, used_by: &str) -> Option<Finding> {
    let mut config = Builder::from(session.config());
    if let Some(region) = &secret.region {
        config = config.region(Region::new(region.clone()));
    }
    let client = Client::from_conf(config.build());
    let answer =
        client.describe_secret().secret_id(&secret.id).send().await.map_err(|error| {
            session.explain("secretsmanager:DescribeSecret", secret.name(), error)
        });
    let fault = |problem: String| Some(Finding::Fault { input: "secrets", problem });
    match answer {
        Ok(found) => secret.problem(used_by, &found).and_then(fault),
        Err(error) if error.is_not_found() => fault(format!(
            "{used_by} refers to the secret `{}`, which does not exist{}",
            secret.name(),
            hint(&client, secret.name()).await
        )),
        Err(error) => Some(unchecked(&format!("the secret `{}`", secret.name()), &error)),
    }
}

/// The nearest name, where they may be listed.
async fn hint(client: &Client, name: &str) -> String {
    let Ok(answer) = client.list_secrets().max_results(100).send().await else {
        return String::new();
    };
    let names: Vec<&str> = answer.secret_list().iter().filter_map(|it| it.name()).collect();
    if names.is_empty() { String::new() } else { did_you_mean(name, &names) }
}
