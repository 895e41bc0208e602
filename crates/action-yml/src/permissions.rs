//! What a program has to be allowed: its `policy.json`, told as a table, and compared with the calls that its tests made.
//!
//! The files are written by hand and are the only place where a permission is named: the programs print them
//! (`--print-policy`), and `terraform/modules/deploy-role` grants them.

use std::{collections::BTreeSet, fs, path::Path};

use actions_runtime::markdown::{code, table};
use miette::{Context as _, IntoDiagnostic as _};
use serde::Deserialize;

use crate::programs::all;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    statement: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    action: Vec<String>,
    resource: Vec<String>,
}

impl Policy {
    fn of(root: &Path, program: &str) -> miette::Result<Self> {
        let path = root.join("actions").join(program).join("policy.json");
        let read = || path.display().to_string();
        let text = fs::read_to_string(&path).into_diagnostic().wrap_err_with(read)?;
        serde_json::from_str(&text).into_diagnostic().wrap_err_with(read)
    }

    fn actions(&self) -> BTreeSet<&str> {
        self.statement.iter().flat_map(|statement| &statement.action).map(String::as_str).collect()
    }
}

/// Why an action is allowed that no call of the program shows.
fn unseen(program: &str, action: &str) -> Option<&'static str> {
    Some(match (program, action) {
        (_, "iam:PassRole") => "asked of whoever registers or runs what names a role",
        ("migrate", "ecs:TagResource") => "asked of whoever makes something with tags",
        (
            "build-push",
            "ecr:BatchCheckLayerAvailability"
            | "ecr:CompleteLayerUpload"
            | "ecr:GetDownloadUrlForLayer"
            | "ecr:InitiateLayerUpload"
            | "ecr:UploadLayerPart",
        ) => {
            "asked by the registry, of the Docker engine that pushes and of a cache that is pulled"
        }
        ("web-publish", "s3:AbortMultipartUpload") => {
            "called when a large file breaks off for good, which no test stages"
        }
        ("web-publish", "s3:GetObjectVersion") => {
            "asked in the place of `s3:GetObject` where a versioned bucket gives an earlier file back"
        }
        ("provision-infra", "s3:ListBucket") => "Terraform's own call, not the program's",
        _ => return None,
    })
}

/// What a statement is for, by its name; the same name means the same in every program.
fn purpose(sid: &str) -> Option<&'static str> {
    Some(match sid {
        "CreateLogGroup" => "`log-driver`: the log group of the migration",
        "CreateRepository" => "`create-repository`",
        "Deploy" => "the deployment, and a rollback",
        "FindPlatform" => "`service`: for which platform the image is",
        "Files" => "the site's files and releases",
        "FindState" => "finding the state",
        "HandOverRoles" => "the task's two roles, to ECS tasks alone",
        "Invalidate" => "the invalidation, and the wait for it",
        "List" => "what the bucket holds",
        "ListTasks" => "the tasks of this cluster",
        "LockState" => "the lock (`use_lockfile`)",
        "Login" => "the login; AWS has no resource for it",
        "Look" => "the cluster, the service and its tasks",
        "LookAtImage" => "a tag's digest, and whether the image fits the task's CPU",
        "LookAtImages" => "what a tag names today",
        "LookAtRoles" => "whether the task's roles exist, before the first write",
        "LookAtSecrets" => "whether the secrets exist, before the first write; never a value",
        "LookEverywhere" => {
            "the load balancer's health, log groups and parameters, for which AWS has no resource; never a value"
        }
        "NearestNames" => "the nearest name in a message; may be left out",
        "Push" => "the push",
        "ReadLog" => "the task's log",
        "ReadParameters" => "`mask-secrets`: the parameters of the task, to hide them in its log",
        "ReadSecrets" => "the values of the secrets that are named",
        "Run" => "the task",
        "Scan" => "`scan: wait`: what the scan found, and starting one where pushing does not",
        "State" => "the state, and what is kept beside it",
        "Stop" => "stopping the task, on a time-out and on a cancel",
        "TagRevisions" => "the tags of a new revision",
        "TagTasks" => "the tags of the task",
        "TaskDefinitions" => "reading and registering revisions; AWS has no resource for it",
        "WatchAndStop" => "ECS's own word on this deployment, and taking it back",
        _ => return None,
    })
}

pub(crate) fn table_of(root: &Path, program: &str) -> miette::Result<String> {
    let policy = Policy::of(root, program)?;
    let spans =
        |texts: &[String]| texts.iter().map(|text| code(text)).collect::<Vec<_>>().join(" ");
    Ok(table(
        ["statement", "allows", "on", "for"],
        policy.statement.iter().map(|statement| {
            let mut why = purpose(&statement.sid).unwrap_or_default().to_owned();
            let reasons: BTreeSet<_> =
                statement.action.iter().filter_map(|action| unseen(program, action)).collect();
            for reason in reasons {
                why.push_str("; ");
                why.push_str(reason);
            }
            [code(&statement.sid), spans(&statement.action), spans(&statement.resource), why]
        }),
    ))
}

/// Statements that nothing explains, a line each.
pub fn unexplained(root: &Path) -> miette::Result<Vec<String>> {
    let mut lines = Vec::new();
    for program in all() {
        let statements = Policy::of(root, program.name)?.statement.into_iter();
        let silent = statements.filter(|statement| purpose(&statement.sid).is_none());
        lines.extend(silent.map(|statement| format!("{}: {}", program.name, statement.sid)));
    }
    Ok(lines)
}

/// How the policies differ from the calls that were gathered under `calls`, a file a program, a line each.
pub fn unlike_calls(root: &Path, calls: &Path) -> miette::Result<Vec<String>> {
    let mut lines = Vec::new();
    for program in all() {
        let policy = Policy::of(root, program.name)?;
        let called = fs::read_to_string(calls.join(program.name)).unwrap_or_default();
        let differences = compare(program.name, &policy.actions(), &called.lines().collect());
        lines.extend(differences.into_iter().map(|line| format!("{}: {line}", program.name)));
    }
    Ok(lines)
}

fn compare(program: &str, allowed: &BTreeSet<&str>, called: &BTreeSet<&str>) -> Vec<String> {
    let outside =
        called.difference(allowed).map(|action| format!("{action} is called and not allowed"));
    let unused = allowed
        .difference(called)
        .filter(|action| unseen(program, action).is_none())
        .map(|action| format!("{action} is allowed and never called"));
    let shown = called
        .iter()
        .filter(|action| unseen(program, action).is_some())
        .map(|action| format!("{action} is called, and listed among what no call shows"));
    outside.chain(unused).chain(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[&str], called: &[&str], expected: &[&str]) {
        let [allowed, called] = [allowed, called].map(|all| all.iter().copied().collect());
        assert_eq!(compare("migrate", &allowed, &called), expected);
    }

    #[test]
    fn what_is_called_and_what_is_allowed_are_the_same() {
        check(&["ecs:RunTask"], &["ecs:RunTask"], &[]);
        check(&[], &["ecs:RunTask"], &["ecs:RunTask is called and not allowed"]);
        check(&["ecs:RunTask"], &[], &["ecs:RunTask is allowed and never called"]);
    }

    #[test]
    fn what_no_call_shows_has_its_reason() {
        check(&["iam:PassRole"], &[], &[]);
        check(
            &["iam:PassRole"],
            &["iam:PassRole"],
            &["iam:PassRole is called, and listed among what no call shows"],
        );
    }
}
