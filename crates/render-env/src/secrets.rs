//! The secrets that a template may name: which, in what version, and reading them once.

use std::{collections::BTreeMap, str::FromStr};

use actions_runtime::{Faults, Step};
use aws_sdk_secretsmanager::{
    Client,
    operation::get_secret_value::GetSecretValueOutput,
    types::{Filter, FilterNameStringType},
};
use aws_session::Session;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;

use crate::{errors::Error, expression::Secret, references::Source};

/// A line `ALIAS,id` of the input `secret-ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretId {
    pub(crate) alias: String,
    /// Name or ARN.
    pub(crate) id: String,
    pub(crate) stage: Option<String>,
    pub(crate) version: Option<String>,
}

impl SecretId {
    pub(crate) fn is_arn(&self) -> bool {
        self.id.starts_with("arn:")
    }
}

/// An ARN is seven fields: `arn:aws:secretsmanager:region:account:secret:name`.
const FIELDS_OF_AN_ARN: usize = 7;

impl FromStr for SecretId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (alias, reference) = match text.split_once(',') {
            Some((alias, reference)) => (Some(alias.trim()), reference.trim()),
            None => (None, text.trim()),
        };
        // A name has no colon, so what follows one is key, stage and version as ECS writes them.
        let fields: Vec<&str> = reference.split(':').collect();
        let own = if fields.first() == Some(&"arn") { FIELDS_OF_AN_ARN } else { 1 };
        if fields.len() < own {
            return Err("is not an ARN of a secret".to_owned());
        }
        let (id, rest) = (fields[..own].join(":"), &fields[own..]);
        if id.is_empty() {
            return Err("names no secret".to_owned());
        }
        if rest.len() > 3 {
            return Err("has more than `id:key:stage:version`".to_owned());
        }
        let field =
            |at: usize| rest.get(at).filter(|text| !text.is_empty()).map(|text| (*text).to_owned());
        if let Some(key) = field(0) {
            return Err(format!("names the key `{key}`: leave it out, the template says `.{key}`"));
        }
        let alias = match alias {
            Some(alias) if id.ends_with('*') && !alias.is_empty() => {
                return Err(format!("stands for many secrets, which cannot all be `{alias}`"));
            }
            Some(alias) => alias.to_owned(),
            None => name_of(&id).to_owned(),
        };
        Ok(Self { alias, id, stage: field(1), version: field(2) })
    }
}

/// The name in an ARN, without the six characters that Secrets Manager adds.
fn name_of(id: &str) -> &str {
    let Some(name) = id.strip_prefix("arn:").and_then(|_| id.rsplit(':').next()) else { return id };
    match name.rsplit_once('-') {
        Some((name, random)) if random.len() == 6 => name,
        _ => name,
    }
}

/// Aliases that two lines claim.
pub(crate) fn check(ids: &[SecretId], faults: &mut Faults) {
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].iter().any(|other| other.alias == id.alias) {
            faults.add("secret-ids", format!("two lines have the alias `{}`", id.alias));
        }
    }
}

/// The secrets that `prefix*` stands for, in its place, each by its name.
pub(crate) async fn expand(session: &Session, ids: &[SecretId]) -> miette::Result<Vec<SecretId>> {
    let client = Client::new(session.config());
    let mut faults = Faults::default();
    let mut expanded = Vec::new();
    for id in ids {
        let Some(prefix) = id.id.strip_suffix('*') else {
            expanded.push(id.clone());
            continue;
        };
        let filter = Filter::builder().key(FilterNameStringType::Name).values(prefix).build();
        let mut pages = client.list_secrets().filters(filter).into_paginator().send();
        let before = expanded.len();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| session.explain("secretsmanager:ListSecrets", prefix, error))?;
            // AWS finds the prefix at every word of a name.
            let names = page.secret_list().iter().filter_map(|secret| secret.name());
            expanded.extend(names.filter(|name| name.starts_with(prefix)).map(|name| SecretId {
                alias: name.to_owned(),
                id: name.to_owned(),
                ..id.clone()
            }));
        }
        if expanded.len() == before {
            faults
                .add("secret-ids", format!("there is no secret whose name begins with `{prefix}`"));
        }
    }
    check(&expanded, &mut faults);
    faults.check()?;
    Ok(expanded)
}

/// Reads each secret once. Those that there are not, are all told at once.
pub(crate) async fn read(
    step: &Step,
    session: &Session,
    ids: &[SecretId],
) -> miette::Result<BTreeMap<String, Secret>> {
    let client = Client::new(session.config());
    let mut faults = Faults::default();
    let mut read: Vec<(&SecretId, GetSecretValueOutput)> = Vec::new();
    for id in ids {
        let same = |other: &SecretId| {
            (&other.id, &other.stage, &other.version) == (&id.id, &id.stage, &id.version)
        };
        if let Some((_, known)) = read.iter().find(|(other, _)| same(other)) {
            read.push((id, known.clone()));
            continue;
        }
        let answer = client
            .get_secret_value()
            .secret_id(&id.id)
            .set_version_stage(id.stage.clone())
            .set_version_id(id.version.clone())
            .send()
            .await
            .map_err(|error| session.explain("secretsmanager:GetSecretValue", &id.id, error));
        match answer {
            Ok(answer) => read.push((id, answer)),
            Err(error) if error.is_not_found() => {
                faults.add("secret-ids", missing(&client, id).await);
            }
            Err(error) => return Err(error.into()),
        }
    }
    faults.check()?;
    one_version_each(&read)?;
    read.into_iter()
        .map(|(id, answer)| {
            let secret = secret_of(id, &answer)?;
            // A JSON document is masked key by key, when used: its braces are not secret.
            if secret.members.is_none() {
                step.mask(&SecretString::from(secret.text.as_str()));
            }
            Ok((id.alias.clone(), secret))
        })
        .collect()
}

/// Where each secret is. An ARN is taken at its word; a name is looked up, and no value read.
pub(crate) async fn sources(
    session: Option<&Session>,
    ids: &[SecretId],
) -> miette::Result<BTreeMap<String, Source>> {
    let mut faults = Faults::default();
    let mut sources = BTreeMap::new();
    for id in ids {
        let arn = if id.is_arn() {
            id.id.clone()
        } else {
            let Some(session) = session else { continue };
            let client = Client::new(session.config());
            let answer = client.describe_secret().secret_id(&id.id).send().await;
            match answer
                .map_err(|error| session.explain("secretsmanager:DescribeSecret", &id.id, error))
            {
                Ok(answer) => answer.arn.unwrap_or_default(),
                Err(error) if error.is_not_found() => {
                    faults.add("secret-ids", missing(&client, id).await);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        };
        let (stage, version) = (id.stage.clone(), id.version.clone());
        sources.insert(id.alias.clone(), Source { arn, stage, version });
    }
    faults.check()?;
    Ok(sources)
}

/// A secret that is rotated between two reads would give a user of one version and a password of another.
fn one_version_each(read: &[(&SecretId, GetSecretValueOutput)]) -> Result<(), Error> {
    for (index, (id, answer)) in read.iter().enumerate() {
        let rotated = read[..index].iter().any(|(other, earlier)| {
            (&other.stage, &other.version) == (&id.stage, &id.version)
                && earlier.arn() == answer.arn()
                && earlier.version_id() != answer.version_id()
        });
        if rotated {
            return Err(Error::Rotated { id: id.id.clone() });
        }
    }
    Ok(())
}

fn secret_of(id: &SecretId, answer: &GetSecretValueOutput) -> Result<Secret, Error> {
    let text = match (answer.secret_string(), answer.secret_binary()) {
        (Some(text), _) => text.to_owned(),
        // An env file holds text: bytes that are not go in as base64.
        (None, Some(bytes)) => String::from_utf8(bytes.as_ref().to_vec())
            .unwrap_or_else(|_| STANDARD.encode(bytes.as_ref())),
        (None, None) => return Err(Error::Empty { id: id.id.clone() }),
    };
    let members = serde_json::from_str(&text).ok();
    Ok(Secret { text, members })
}

/// The sentence for a secret that was not found, with the nearest name where we may list names.
async fn missing(client: &Client, id: &SecretId) -> String {
    if let Some(stage) = id.stage.as_ref().or(id.version.as_ref()) {
        return format!("there is no secret `{}`, or none with `{stage}`", id.id);
    }
    let wanted = name_of(&id.id);
    let names: Vec<String> = match client.list_secrets().max_results(100).send().await {
        Ok(page) => page
            .secret_list()
            .iter()
            .filter_map(|secret| secret.name().map(str::to_owned))
            .collect(),
        // Listing is not among the permissions that this program asks for; without it the name alone must do.
        Err(_) => return format!("there is no secret `{}`", id.id),
    };
    format!("there is no secret `{}`{}", id.id, actions_runtime::did_you_mean(wanted, &names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_name_or_an_arn_with_stage_and_version_as_ecs_writes_them() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:todo/db-AbCdEf";
        for (text, alias, id, stage, version) in [
            ("db,todo/db".to_owned(), "db", "todo/db", None, None),
            ("todo/db".to_owned(), "todo/db", "todo/db", None, None),
            (arn.to_owned(), "todo/db", arn, None, None),
            (format!("db,{arn}::AWSPREVIOUS:"), "db", arn, Some("AWSPREVIOUS"), None),
            (format!("db, {arn}:::v-1"), "db", arn, None, Some("v-1")),
            (",todo/db".to_owned(), "", "todo/db", None, None),
            ("todo/*".to_owned(), "todo/*", "todo/*", None, None),
        ] {
            let expected = SecretId {
                alias: alias.to_owned(),
                id: id.to_owned(),
                stage: stage.map(str::to_owned),
                version: version.map(str::to_owned),
            };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["db,a*", "db,", "db,arn:aws:x", "db,todo:password::", "db,a:::b:c"] {
            assert!(text.parse::<SecretId>().is_err(), "{text}");
        }
    }
}
