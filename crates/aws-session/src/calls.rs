//! The record of every call to AWS: what a dry run is tested by, a policy is compared with, and a summary sums up.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actions_runtime::Step;

use crate::{
    denied,
    operation::{Operation, is_signing_in},
};

/// The file to which a test build adds the IAM action of each call, a line each. A release does not know it.
const LEDGER: &str = "TODO_ACTIONS_CALLS";

/// One call, however often it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `ecs:UpdateService`.
    pub operation: String,
    /// The service, the bucket and key, …: what the request was about, as far as it says so.
    pub resource: String,
    pub writing: bool,
    /// How often it was sent. More than one: throttled, or a read without an answer.
    pub attempts: u32,
    /// From the first attempt to the last answer.
    pub milliseconds: u64,
    /// The last answer's HTTP status; none where no answer came, or it is still under way.
    pub status: Option<u16>,
    /// Where it was sent.
    pub endpoint: String,
}

impl Call {
    /// The IAM action that allows it: `s3:GetObject` for `s3:HeadObject`.
    pub fn iam_action(&self) -> &str {
        denied::iam_action(&self.operation)
    }
}

/// The calls so far. Cheap to clone; all clones are one record.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    list: Arc<Mutex<Vec<Call>>>,
    ledger: Option<Arc<File>>,
}

impl Calls {
    pub(crate) fn new(step: &Step) -> Self {
        let path = if cfg!(debug_assertions) { step.env(LEDGER) } else { None };
        let open = |path| File::options().create(true).append(true).open(path).ok();
        Self { list: Arc::default(), ledger: path.and_then(open).map(Arc::new) }
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Every call, in the order in which they began.
    pub fn list(&self) -> Vec<Call> {
        self.lock().clone()
    }

    /// The writing ones, in order: `ecs:UpdateService`.
    pub fn writes(&self) -> Vec<String> {
        self.lock().iter().filter(|call| call.writing).map(|call| call.operation.clone()).collect()
    }

    /// How often a request was sent again: throttled, or not answered.
    pub fn repeats(&self) -> usize {
        self.lock().iter().map(|call| call.attempts.saturating_sub(1) as usize).sum()
    }

    /// How often each operation was called.
    pub fn by_operation(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.lock().iter() {
            *counts.entry(call.operation.clone()).or_default() += 1;
        }
        counts
    }

    /// `17 calls, 2 of them writing`.
    pub fn sentence(&self) -> String {
        let (calls, writes) = (self.len(), self.writes().len());
        let plural = if calls == 1 { "" } else { "s" };
        match (calls, writes) {
            (0, _) => "no calls".to_owned(),
            (_, 0) => format!("{calls} call{plural}, none of them writing"),
            (1, _) => "1 writing call".to_owned(),
            _ => format!("{calls} calls, {writes} of them writing"),
        }
    }

    /// The last call of `operation`, by its own name or by that of its IAM action.
    pub(crate) fn last(&self, operation: &str) -> Option<Call> {
        let is_it = |call: &&Call| call.operation == operation || call.iam_action() == operation;
        self.lock().iter().rev().find(is_it).cloned()
    }

    pub(crate) fn begin(&self, operation: &Operation, endpoint: String) -> Entry {
        let call = Call {
            operation: operation.name(),
            resource: operation.resource.clone(),
            writing: operation.writing,
            attempts: 0,
            milliseconds: 0,
            status: None,
            endpoint,
        };
        // Before it is sent: a run that is killed is compared too.
        if let Some(mut ledger) = self.ledger.as_deref()
            && !is_signing_in(&operation.service)
        {
            let _full_disk = writeln!(ledger, "{}", call.iam_action());
        }
        let mut calls = self.lock();
        calls.push(call);
        Entry { calls: self.clone(), index: calls.len() - 1 }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way. It is in the record from its start, so that one that is cut off is not forgotten.
pub(crate) struct Entry {
    calls: Calls,
    index: usize,
}

impl Entry {
    pub(crate) fn sent(&self) {
        self.change(|call| call.attempts += 1);
    }

    pub(crate) fn answered(&self, status: Option<u16>, since_start: Duration) {
        self.change(|call| {
            call.status = status;
            call.milliseconds = u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.lock().get_mut(self.index) {
            change(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_calls_and_writes() {
        let calls = Calls::default();
        assert_eq!(calls.sentence(), "no calls");
        let operation = |writing| Operation {
            service: "ecs".to_owned(),
            action: "X".to_owned(),
            resource: String::new(),
            writing,
            repeatable: false,
            streaming: false,
        };
        let _entry = calls.begin(&operation(true), String::new());
        assert_eq!(calls.sentence(), "1 writing call");
        let _entry = calls.begin(&operation(false), String::new());
        assert_eq!(calls.sentence(), "2 calls, 1 of them writing");
        assert_eq!(calls.writes(), ["ecs:X"]);
    }
}
