//! What an apply has done so far: kept from the event stream, told while it goes, summed up at its end.

use crate::{
    events::{Diagnostic, Event},
    plan::{Action, Change},
};

/// Between two lines about one slow resource.
const SLOW: f64 = 30.0;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) address: String,
    pub(crate) action: Action,
    pub(crate) state: State,
    told: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    NotReached,
    /// Begun, and not heard of since.
    Running,
    /// One half of a replacement is done: `destroyed` or `created`.
    HalfDone(&'static str),
    Done(f64),
    Failed(String),
}

impl Ledger {
    pub(crate) fn new(changes: &[Change]) -> Self {
        let entries = changes
            .iter()
            .filter(|change| !matches!(change.action, Action::Nothing | Action::Read))
            .map(|change| Entry {
                address: change.address.clone(),
                action: change.action,
                state: State::NotReached,
                told: 0.0,
            })
            .collect();
        Self { entries }
    }

    pub(crate) fn total(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn done(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.state, State::Done(_))).count()
    }

    /// What is being worked on.
    pub(crate) fn running(&self) -> Vec<&str> {
        self.entries
            .iter()
            .filter(|entry| entry.state == State::Running)
            .map(|entry| entry.address.as_str())
            .collect()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes note of an event; the line that is worth telling, if it is.
    pub(crate) fn note(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::ApplyStart { address, .. } => {
                let entry = self.open(address)?;
                if !matches!(entry.state, State::HalfDone(_)) {
                    entry.state = State::Running;
                }
                None
            }
            Event::ApplyProgress { address, seconds } => {
                let entry = self.open(address)?;
                if *seconds < entry.told + SLOW {
                    return None;
                }
                entry.told = *seconds;
                Some(format!("still {} {address} ({seconds:.0} s)", doing(entry.action)))
            }
            Event::ApplyComplete { address, action, seconds } => {
                let entry = self.open(address)?;
                let replacing = matches!(entry.action, Action::Replace | Action::ReplaceAndForget);
                if replacing
                    && !matches!(entry.state, State::HalfDone(_))
                    && entry.action == Action::Replace
                {
                    entry.state =
                        State::HalfDone(if action == "delete" { "destroyed" } else { "created" });
                    return None;
                }
                entry.state = State::Done(*seconds);
                let did = did(entry.action);
                let (done, total) = (self.done(), self.total());
                Some(format!("[{done}/{total}] {did} {address} ({seconds:.0} s)"))
            }
            Event::ApplyErrored { address, seconds, .. } => {
                let entry = self.open(address)?;
                entry.state = State::Failed(String::new());
                Some(format!("failed: {address} ({seconds:.0} s)"))
            }
            Event::Diagnostic(diagnostic) if diagnostic.is_error() => {
                self.blame(diagnostic);
                None
            }
            Event::Diagnostic(_)
            | Event::Refresh { .. }
            | Event::Planned
            | Event::Provisioner { .. }
            | Event::Init { .. }
            | Event::Foreign { .. } => None,
        }
    }

    /// The first entry of that address that is not over: an address can stand twice, with an object left behind.
    fn open(&mut self, address: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| {
            entry.address == address && !matches!(entry.state, State::Done(_) | State::Failed(_))
        })
    }

    fn blame(&mut self, diagnostic: &Diagnostic) {
        let failed = self.entries.iter_mut().find(|entry| {
            diagnostic.address.as_ref() == Some(&entry.address)
                && !matches!(entry.state, State::Done(_))
        });
        if let Some(entry) = failed {
            entry.state = State::Failed(diagnostic.summary.clone());
        }
    }

    /// The ledger by what became of each resource.
    pub(crate) fn lines(&self) -> Vec<String> {
        let done = |action: Action| {
            self.entries
                .iter()
                .filter(|entry| entry.action == action && matches!(entry.state, State::Done(_)))
                .map(|entry| entry.address.clone())
                .collect::<Vec<_>>()
        };
        let of = |wanted: &dyn Fn(&State) -> Option<String>| {
            self.entries
                .iter()
                .filter_map(|entry| {
                    wanted(&entry.state).map(|more| format!("{}{more}", entry.address))
                })
                .collect::<Vec<_>>()
        };
        let groups = [
            ("created", done(Action::Create)),
            ("changed", done(Action::Update)),
            ("replaced", [done(Action::Replace), done(Action::ReplaceAndForget)].concat()),
            ("destroyed", done(Action::Delete)),
            ("forgotten", done(Action::Forget)),
            (
                "failed",
                of(&|state| match state {
                    State::Failed(cause) if cause.is_empty() => Some(String::new()),
                    State::Failed(cause) => Some(format!(": {cause}")),
                    _ => None,
                }),
            ),
            (
                "half replaced",
                of(&|state| match state {
                    State::HalfDone(half) => Some(format!(": {half} only")),
                    _ => None,
                }),
            ),
            ("not finished", of(&|state| (*state == State::Running).then(String::new))),
            ("never reached", of(&|state| (*state == State::NotReached).then(String::new))),
        ];
        groups
            .into_iter()
            .filter(|(_, addresses)| !addresses.is_empty())
            .map(|(what, addresses)| {
                format!("{what:<13} {:>3}  {}", addresses.len(), addresses.join(", "))
            })
            .collect()
    }

    /// Terraform says that all is done: what has no events of its own, such as forgetting, is done too.
    pub(crate) fn complete(&mut self) {
        for entry in &mut self.entries {
            if !matches!(entry.state, State::Done(_)) {
                entry.state = State::Done(0.0);
            }
        }
    }
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "changing",
        Action::Replace | Action::ReplaceAndForget => "replacing",
        Action::Delete => "destroying",
        Action::Forget => "forgetting",
        Action::Read | Action::Nothing => "reading",
    }
}

fn did(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Replace | Action::ReplaceAndForget => "replaced",
        Action::Delete => "destroyed",
        Action::Forget => "forgot",
        Action::Read | Action::Nothing => "read",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Plan;

    fn ledger(changes: &[(&str, &[&str])]) -> Ledger {
        let changes: Vec<_> = changes
            .iter()
            .map(|(address, actions)| {
                json!({"address": address, "mode": "managed", "change": {"actions": actions}})
            })
            .collect();
        let plan = json!({ "resource_changes": changes }).to_string();
        Ledger::new(&Plan::parse(plan.as_bytes()).unwrap().changes)
    }

    fn complete(address: &str, action: &str) -> Event {
        Event::ApplyComplete {
            address: address.to_owned(),
            action: action.to_owned(),
            seconds: 2.0,
        }
    }

    fn start(address: &str, action: &str) -> Event {
        Event::ApplyStart { address: address.to_owned(), action: action.to_owned() }
    }

    #[test]
    fn a_replacement_is_done_when_both_halves_are() {
        let mut ledger = ledger(&[("a.a", &["delete", "create"]), ("b.b", &["create"])]);
        assert_eq!(ledger.note(&start("a.a", "delete")), None);
        assert_eq!(ledger.note(&complete("a.a", "delete")), None);
        assert_eq!(ledger.lines()[0], "half replaced   1  a.a: destroyed only");
        assert_eq!(ledger.note(&start("a.a", "create")), None);
        assert_eq!(
            ledger.note(&complete("a.a", "create")).as_deref(),
            Some("[1/2] replaced a.a (2 s)")
        );
        assert_eq!((ledger.done(), ledger.total()), (1, 2));
    }

    #[test]
    fn what_failed_and_what_was_never_reached_is_told() {
        let mut ledger = ledger(&[
            ("a.a", &["create"]),
            ("b.b", &["update"]),
            ("c.c", &["delete"]),
            ("d.d", &["create"]),
        ]);
        ledger.note(&start("a.a", "create"));
        ledger.note(&complete("a.a", "create"));
        ledger.note(&start("b.b", "update"));
        ledger.note(&Event::ApplyErrored {
            address: "b.b".to_owned(),
            action: "update".to_owned(),
            seconds: 1.0,
        });
        ledger.note(&Event::Diagnostic(Box::new(Diagnostic {
            severity: "error".to_owned(),
            summary: "it would not".to_owned(),
            address: Some("b.b".to_owned()),
            ..Diagnostic::default()
        })));
        ledger.note(&start("c.c", "delete"));
        assert_eq!(
            ledger.lines(),
            [
                "created         1  a.a",
                "failed          1  b.b: it would not",
                "not finished    1  c.c",
                "never reached   1  d.d",
            ]
        );
    }

    #[test]
    fn a_slow_resource_is_told_now_and_then() {
        let mut ledger = ledger(&[("a.a", &["create"])]);
        ledger.note(&start("a.a", "create"));
        let mut progress =
            |seconds| ledger.note(&Event::ApplyProgress { address: "a.a".to_owned(), seconds });
        assert_eq!(progress(10.0), None);
        assert_eq!(progress(30.0).as_deref(), Some("still creating a.a (30 s)"));
        assert_eq!(progress(40.0), None);
        assert!(progress(60.0).is_some());
    }
}
