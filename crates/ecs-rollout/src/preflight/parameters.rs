//! Whether the SSM parameters that tasks read are there: described, their values never asked for.

use std::collections::BTreeMap;

use actions_runtime::did_you_mean;
use aws_sdk_ssm::{
    Client,
    config::{Builder, Region},
    types::ParameterStringFilter,
};
use aws_session::{AwsError, Session};

use super::{
    Finding,
    references::{ParameterRef, References},
    unchecked,
};

/// A filter holds at most so many names.
const NAMES_A_CALL: usize = 50;

pub(super) async fn check(session: &Session, references: &References) -> Vec<Finding> {
    let mut by_region: BTreeMap<Option<&str>, Vec<(&ParameterRef, &String)>> = BTreeMap::new();
    for (parameter, used_by) in &references.parameters {
        by_region.entry(parameter.region.as_deref()).or_default().push((parameter, used_by));
    }
    let mut findings = Vec::new();
    for (region, wanted) in by_region {
        let mut config = Builder::from(session.config());
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        let client = Client::from_conf(config.build());
        match known(session, &client, &wanted).await {
            Ok(known) => {
                for (parameter, used_by) in wanted {
                    if !parameter.names.iter().any(|name| known.contains(name)) {
                        findings.push(missing(session, &client, parameter, used_by).await);
                    }
                }
            }
            Err(error) => {
                let names = wanted.iter().map(|(it, _)| format!("`{}`", it.name()));
                let names = names.collect::<Vec<_>>().join(", ");
                findings.push(unchecked(&format!("the parameters {names}"), &error));
            }
        }
    }
    findings
}

/// Which of the wanted names there are.
async fn known(
    session: &Session,
    client: &Client,
    wanted: &[(&ParameterRef, &String)],
) -> Result<Vec<String>, AwsError> {
    let names: Vec<&String> = wanted.iter().flat_map(|(it, _)| &it.names).collect();
    let mut known = Vec::new();
    for names in names.chunks(NAMES_A_CALL) {
        let filter = ParameterStringFilter::builder()
            .key("Name")
            .option("Equals")
            .set_values(Some(names.iter().map(|name| (*name).clone()).collect()))
            .build();
        let explain = |error| {
            let about = names.first().map_or("", |name| name.as_str());
            session.explain("ssm:DescribeParameters", about, error)
        };
        let request =
            client.describe_parameters().set_parameter_filters(filter.ok().map(|it| vec![it]));
        // SSM may answer with an empty page that is not the last.
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(explain)?;
            known.extend(page.parameters().iter().filter_map(|it| it.name()).map(str::to_owned));
        }
    }
    Ok(known)
}

async fn missing(
    session: &Session,
    client: &Client,
    parameter: &ParameterRef,
    used_by: &str,
) -> Finding {
    let name = parameter.name();
    // One that another account shares is not listed here.
    if let (Some(theirs), Ok(ours)) = (&parameter.account, session.account().await)
        && theirs != ours
    {
        return Finding::Note(format!(
            "not checked: the parameter `{name}`, which is the account {theirs}'s"
        ));
    }
    let hint = match client.describe_parameters().send().await {
        Ok(answer) if !answer.parameters().is_empty() => {
            let names: Vec<&str> = answer.parameters().iter().filter_map(|it| it.name()).collect();
            did_you_mean(name, &names)
        }
        _ => String::new(),
    };
    Finding::Fault {
        input: "secrets",
        problem: format!(
            "{used_by} refers to the SSM parameter `{name}`, which does not exist{hint}"
        ),
    }
}
