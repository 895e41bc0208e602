//! Exactly the plan that was reviewed: sealed into a file by `plan`, opened and compared by `apply`; or made afresh and known
//! again by its fingerprint.

use std::{fs, path::PathBuf};

use crate::{
    errors::Error,
    facts::Facts,
    files, fingerprint, github,
    plan::Plan,
    report,
    seal::{self, LOCK_FILE, SealedPlan},
    work::{Stop, Work},
};

/// Seals the plan in `file` where `plan-file` asks for it.
pub(crate) async fn seal(work: &Work<'_>, file: &PathBuf) -> Result<Option<String>, Stop> {
    let Some(path) = &work.inputs.plan_file else { return Ok(None) };
    let plan = fs::read(file).map_err(|source| Error::Read { path: file.clone(), source })?;
    let lock_file = seal::lock_file(&work.inputs.working_directory);
    let sealed = SealedPlan::new(facts(work).await?, lock_file, &plan);
    let bytes = sealed
        .seal(work.key.as_ref())
        .map_err(|source| Error::Write { path: path.clone(), source })?;
    files::write(path, &bytes)?;
    if work.key.is_none() {
        work.step.warning(format!(
            "`{}` is not encrypted, and a plan holds secrets in clear; its seal shows accidents and no forgery: give `plan-key`",
            path.display()
        ));
    }
    Ok(Some(path.display().to_string()))
}

/// Opens the plan that `plan-file` names, and refuses one that is not for this place. Before `init`, which then takes the
/// providers that the plan was made with.
pub(crate) fn open(work: &Work<'_>) -> Result<Option<SealedPlan>, Stop> {
    let Some(path) = &work.inputs.plan_file else { return Ok(None) };
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let sealed = SealedPlan::open(&bytes, work.key.as_ref())
        .map_err(|why| Stop::refused(format!("`{}` is refused: {why}", path.display())))?;
    refuse(work, &sealed.facts.differences(&work.facts))?;
    let root = &work.inputs.working_directory;
    match (&sealed.lock_file, seal::lock_file(root)) {
        (Some(sealed), Some(now)) => {
            let unlike = seal::unlike(sealed, &now);
            if !unlike.is_empty() {
                let other = format!("with another {LOCK_FILE}: {}", unlike.join(", "));
                refuse(work, &[other])?;
            }
        }
        (Some(sealed), None) => files::write(&root.join(LOCK_FILE), sealed.as_bytes())?,
        (None, _) => {}
    }
    Ok(Some(sealed))
}

/// Compares what only `init` made known, and puts Terraform's own plan file where it can be applied.
pub(crate) async fn unpack(work: &Work<'_>, sealed: &SealedPlan) -> Result<PathBuf, Stop> {
    refuse(work, &sealed.facts.differences(&facts(work).await?))?;
    let plan =
        sealed.plan().ok_or_else(|| Stop::refused("the sealed plan holds no plan".to_owned()))?;
    let file = work.folder.path().join("plan");
    files::write(&file, &plan)?;
    Ok(file)
}

fn refuse(work: &Work<'_>, differences: &[String]) -> Result<(), Stop> {
    if differences.is_empty() {
        return Ok(());
    }
    let path = work.inputs.plan_file.as_deref().unwrap_or(std::path::Path::new("the plan"));
    Err(Stop::refused(format!(
        "`{}` is refused: it was made {}",
        path.display(),
        differences.join("; ")
    )))
}

async fn facts(work: &Work<'_>) -> Result<Facts, Stop> {
    let providers = work.terraform.versions(work.step).await?.provider_selections;
    let is_aws = providers.keys().any(|name| name.ends_with("/hashicorp/aws"));
    let account = if is_aws || work.session.initialized() { account(work).await } else { None };
    let mut facts = work.facts.clone();
    facts.add(work.step, work.inputs, providers, account);
    Ok(facts)
}

/// The account of the credentials that Terraform finds for itself.
async fn account(work: &Work<'_>) -> Option<String> {
    let ask = async || -> miette::Result<String> {
        Ok(work.session().await?.account().await?.to_owned())
    };
    match ask().await {
        Ok(account) => Some(account),
        Err(error) => {
            work.step.warning(format!("the account is not known to the plan's seal: {error}"));
            None
        }
    }
}

/// Stops where the changes of `plan` are not those that `plan-fingerprint` stands for.
pub(crate) async fn compare(
    work: &Work<'_>,
    plan: &Plan,
    now: Option<&String>,
) -> Result<(), Stop> {
    // Nothing to do is nothing that anybody would have to see.
    let (Some(now), Some(key), false) = (now, &work.key, plan.is_empty()) else { return Ok(()) };
    let Some(reviewed) = github::reviewed(work).await? else { return Ok(()) };
    if fingerprint::same(&reviewed, now) {
        return Ok(());
    }
    Err(Stop::stale(format!(
        "these are not the changes that were reviewed; now it is: {}; {}",
        report::headline(plan),
        fingerprint::difference(&reviewed, plan, key)
    )))
}
