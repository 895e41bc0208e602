//! How many resources a plan creates, changes, replaces, and so on.

use super::{Action, Change};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) add: usize,
    pub(crate) change: usize,
    pub(crate) destroy: usize,
    pub(crate) replace: usize,
    pub(crate) import: usize,
    pub(crate) r#move: usize,
    pub(crate) forget: usize,
}

impl Counts {
    pub(super) fn of(changes: &[Change]) -> Self {
        let of = |wanted: &[Action]| changes.iter().filter(|c| wanted.contains(&c.action)).count();
        Self {
            add: of(&[Action::Create, Action::ReplaceAndForget]),
            change: of(&[Action::Update]),
            destroy: of(&[Action::Delete]),
            replace: of(&[Action::Replace]),
            import: changes.iter().filter(|change| change.importing.is_some()).count(),
            r#move: changes.iter().filter(|change| change.previous_address.is_some()).count(),
            forget: of(&[Action::Forget]),
        }
    }

    /// Resources that are touched outside of the state.
    pub(crate) fn touched(self) -> usize {
        self.add + self.change + self.destroy + self.replace
    }

    /// `1 to add, 2 to replace`, or that there is nothing.
    pub(crate) fn sentence(self) -> String {
        self.in_words([
            "to destroy",
            "to replace",
            "to change",
            "to add",
            "to import",
            "to move",
            "to forget",
        ])
    }

    /// `1 added, 2 replaced`, after an apply.
    pub(crate) fn done(self) -> String {
        self.in_words([
            "destroyed",
            "replaced",
            "changed",
            "added",
            "imported",
            "moved",
            "forgotten",
        ])
    }

    fn in_words(self, words: [&str; 7]) -> String {
        let Self { add, change, destroy, replace, import, r#move, forget } = self;
        let parts: Vec<String> = [destroy, replace, change, add, import, r#move, forget]
            .into_iter()
            .zip(words)
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() { "no resource changes".to_owned() } else { parts.join(", ") }
    }
}
