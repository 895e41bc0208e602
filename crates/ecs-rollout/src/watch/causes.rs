//! Why tasks of a deployment stopped, each distinct cause once, with the last lines of its container.

use aws_session::AwsError;
use ecs_tasks::{Blame, Cause, Ecs, LogPlace, StoppedTask, TaskDefinition};

use crate::targets::failed_check;

/// One cause, and how many tasks ended by it.
#[derive(Debug, Clone)]
pub(crate) struct Explained {
    pub(crate) cause: Cause,
    pub(crate) tasks: usize,
    /// The first of them.
    pub(crate) task: StoppedTask,
    pub(crate) log: Vec<String>,
    /// Why there are no lines, where that can be said.
    pub(crate) log_note: Option<String>,
    /// What its load balancer's check got, where that is why it was stopped.
    pub(crate) check: Option<String>,
}

/// Those known so far, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Causes(Vec<Explained>);

impl Causes {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Explained> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cause that stands for the deployment: of those that are the release's doing, the one with the most tasks.
    pub(crate) fn main(&self) -> Option<&Explained> {
        let blamed = |it: &&Explained| it.cause.blame == Blame::Release;
        // The first of equals: what came later may be its consequence.
        self.0
            .iter()
            .filter(blamed)
            .rev()
            .max_by_key(|it| it.tasks)
            .or_else(|| self.0.iter().find(|it| it.cause.blame == Blame::Platform))
    }

    /// Takes a task in. Returns its cause when it is a new one.
    pub(crate) async fn add(
        &mut self,
        ecs: &Ecs,
        definition: &TaskDefinition,
        task: &StoppedTask,
        lines: usize,
    ) -> Option<&Explained> {
        let cause = task.cause(&definition.essential_containers());
        if let Some(known) = self.0.iter_mut().find(|known| known.cause.key == cause.key) {
            known.tasks += 1;
            return None;
        }
        let mut explained = Explained {
            cause,
            tasks: 1,
            task: task.clone(),
            log: Vec::new(),
            log_note: None,
            check: None,
        };
        if let Some(failed) = failed_check(ecs.session(), task).await {
            explained.cause.advice = Some(failed.advice);
            explained.check = Some(failed.what);
        }
        if explained.cause.blame != Blame::Asked {
            explained.read_log(ecs, definition, lines).await;
        }
        self.0.push(explained);
        self.0.last()
    }

    /// Reads the logs again that were empty: the last lines of a task come late. Returns those that now have lines.
    pub(crate) async fn read_late_lines(
        &mut self,
        ecs: &Ecs,
        definition: &TaskDefinition,
        lines: usize,
    ) -> Vec<Explained> {
        let mut late = Vec::new();
        for explained in &mut self.0 {
            if explained.cause.blame == Blame::Asked
                || !explained.log.is_empty()
                || explained.log_note.is_some()
            {
                continue;
            }
            explained.read_log(ecs, definition, lines).await;
            if !explained.log.is_empty() {
                late.push(explained.clone());
            }
        }
        late
    }
}

impl Explained {
    async fn read_log(&mut self, ecs: &Ecs, definition: &TaskDefinition, lines: usize) {
        let Some(container) = &self.cause.container else { return };
        if lines == 0 {
            return;
        }
        match definition.log_place(container, self.task.id()) {
            LogPlace::Elsewhere(note) => self.log_note = Some(note),
            LogPlace::CloudWatch(stream) => match stream.last_lines(ecs.session(), lines).await {
                Ok(lines) => {
                    self.cause = self.cause.clone().with_log(&lines);
                    self.log = lines;
                }
                Err(error) => self.log_note = Some(unreadable(&stream.group, &error)),
            },
        }
    }

    /// The last line of the log that says something.
    pub(crate) fn last_line(&self) -> Option<&str> {
        self.log.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())
    }
}

fn unreadable(group: &str, error: &AwsError) -> String {
    if error.is_access_denied() {
        format!("its log in `{group}` cannot be read: this run may not call logs:GetLogEvents")
    } else {
        format!("its log in `{group}` cannot be read: {error}")
    }
}
