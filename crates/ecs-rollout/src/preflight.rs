//! What would fail a whole rollout and can be known before it: read, never written. A secret's value is never asked for.
//!
//! What cannot be checked for lack of rights is a note and not a fault.

mod logs;
mod parameters;
mod references;
mod roles;
mod secrets;

use actions_runtime::Faults;
use aws_session::{AwsError, Session};
use ecs_tasks::{ImageFinding, TaskDefinition};

use self::references::References;
use crate::plan::{Action, Plan};

/// Checks what tasks of the plan's revision need to start. The notes say what was not checked.
pub(crate) async fn check(session: &Session, plan: &Plan) -> Result<Vec<String>, Faults> {
    // What runs already has started once.
    if matches!(plan.action, Action::Nothing | Action::Adopt { .. }) {
        return Ok(Vec::new());
    }
    let definition = plan.revision.definition();
    let references = References::of(definition);
    let findings: [Vec<Finding>; 5] = tokio::join!(
        images(session, definition),
        roles::check(session, definition),
        secrets::check(session, &references),
        parameters::check(session, &references),
        logs::check(session, definition)
    )
    .into();
    let mut faults = Faults::default();
    let mut notes = Vec::new();
    for finding in findings.into_iter().flatten() {
        match finding {
            Finding::Fault { input, problem } => faults.add(input, problem),
            Finding::Note(note) => notes.push(note),
        }
    }
    faults.check()?;
    notes.sort();
    notes.dedup();
    Ok(notes)
}

enum Finding {
    Fault { input: &'static str, problem: String },
    Note(String),
}

async fn images(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
    let findings = definition.check_images(session).await;
    findings.into_iter().map(Finding::from).collect()
}

impl From<ImageFinding> for Finding {
    fn from(finding: ImageFinding) -> Self {
        match finding {
            ImageFinding::Unfit(problem) => Self::Fault { input: "image", problem },
            ImageFinding::NotChecked(note) => Self::Note(note),
        }
    }
}

fn unchecked(what: &str, error: &AwsError) -> Finding {
    Finding::Note(if error.is_access_denied() {
        format!("not checked: {what} (this run may not call {})", error.operation())
    } else {
        format!("not checked: {what} ({error})")
    })
}
