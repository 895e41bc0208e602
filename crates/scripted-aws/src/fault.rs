//! What can go wrong between a client and AWS, an operation at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::operation::known_operation;
use crate::step::parse_duration;

/// `{on: UpdateService, after: 2, times: 5, does: throttle}`: its third to seventh call is throttled.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Fault {
    /// An operation, a list of them, or `"*"`, each operation counting for itself; or `anything`: all calls counting as one row.
    pub(crate) on: On,
    /// Only calls after this operation was first done count.
    #[serde(default)]
    pub(crate) since: Option<Operation>,
    /// So many calls go well first.
    #[serde(default)]
    pub(crate) after: u32,
    /// So many calls are hit: 1, a number or `always`.
    #[serde(default)]
    pub(crate) times: Times,
    #[serde(with = "serde_norway::with::singleton_map")]
    pub(crate) does: Does,
}

#[derive(Debug, Clone)]
pub(crate) enum On {
    One(String),
    Several(Vec<String>),
}

/// The name of an operation that is played here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation(String);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Times {
    Count(u32),
    Always,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Does {
    /// "Rate exceeded", nothing done.
    Throttle,
    /// The work is done, then the connection ends without an answer.
    LoseAnswer,
    /// The work is done, then the connection ends in the middle of the answer.
    CutAnswer,
    /// The connection ends and nothing was done.
    LoseRequest,
    /// A load balancer's 503 page, in HTML; nothing done.
    #[serde(rename = "html-503")]
    Html503,
    /// The work is done; the answer is a load balancer's 503 page.
    #[serde(rename = "html-503-after-work")]
    Html503AfterWork,
    /// `AccessDeniedException`, worded as IAM words it.
    Deny,
    /// `ExpiredTokenException`.
    ExpireToken,
    /// The answer is the one from before the last write.
    Stale,
    /// HTTP 200 with nothing but `failures[]`, with this reason (`RunTask` without capacity).
    Failures(String),
    /// The work is done at once; its answer takes so much longer: `300ms`.
    Delay(Delay),
    /// Any other error of AWS.
    Error { status: u16, code: String, message: String },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Delay(pub(crate) Duration);

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom(format!("`delay: {text}`: expected `200ms` or `2s`")))
    }
}

impl Operation {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.0 == name
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        known_operation(&name).map_err(de::Error::custom)?;
        Ok(Self(name))
    }
}

impl<'de> Deserialize<'de> for On {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Several(Vec<String>),
        }
        let known = |name: &String| known_operation(name).map_err(de::Error::custom);
        match Written::deserialize(deserializer)? {
            Written::One(name) if name == "*" || name == "anything" => Ok(Self::One(name)),
            Written::One(name) => known(&name).map(|()| Self::One(name)),
            Written::Several(names) => {
                names.iter().try_for_each(known)?;
                Ok(Self::Several(names))
            }
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Count(u32),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Count(count) => Ok(Self::Count(count)),
            Written::Word(word) if word == "always" => Ok(Self::Always),
            Written::Word(word) => {
                Err(de::Error::custom(format!("`times: {word}`: expected a number or `always`")))
            }
        }
    }
}

/// The faults of a scenario, and how far each has come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    fault: Fault,
    /// It waits for no operation any more.
    armed: bool,
    /// Calls that it covers, by operation; under one name where all calls are one row.
    calls: BTreeMap<String, u32>,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let planned = faults.into_iter().map(|fault| Planned {
            armed: fault.since.is_none(),
            fault,
            calls: BTreeMap::new(),
        });
        Self { planned: planned.collect() }
    }

    /// What happens to this call: the first fault that fits. Those behind it count the call too.
    pub(crate) fn strike(&mut self, operation: &str) -> Option<Does> {
        let mut met = None;
        for planned in &mut self.planned {
            if planned.hits(operation) && met.is_none() {
                met = Some(planned.fault.does.clone());
            }
        }
        met
    }

    /// An operation was done, whether or not its caller heard of it.
    pub(crate) fn done(&mut self, operation: &str) {
        for planned in &mut self.planned {
            planned.armed |= planned.fault.since.as_ref().is_some_and(|since| since.is(operation));
        }
    }
}

impl Planned {
    fn hits(&mut self, operation: &str) -> bool {
        if !self.armed || !self.fault.on.covers(operation) {
            return false;
        }
        let row = if self.fault.on.is_anything() { "anything" } else { operation };
        let calls = self.calls.entry(row.into()).or_default();
        *calls += 1;
        *calls > self.fault.after
            && match self.fault.times {
                Times::Always => true,
                Times::Count(times) => *calls - self.fault.after <= times,
            }
    }
}

impl On {
    fn is_anything(&self) -> bool {
        matches!(self, Self::One(name) if name == "anything")
    }

    fn covers(&self, operation: &str) -> bool {
        let fits = |name: &str| name == "*" || name == "anything" || name == operation;
        match self {
            Self::One(name) => fits(name),
            Self::Several(names) => names.iter().any(|name| fits(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_counts_for_itself() {
        let faults: Vec<Fault> =
            serde_norway::from_str("- {on: '*', after: 1, times: 2, does: throttle}").unwrap();
        let mut faults = Faults::new(faults);
        let hits: Vec<bool> = (0..4).map(|_| faults.strike("ListTasks").is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(faults.strike("RunTask").is_none());
    }

    #[test]
    fn anything_counts_all_calls_as_one_row() {
        let fault = "- {on: anything, after: 2, times: always, does: expire-token}";
        let mut faults = Faults::new(serde_norway::from_str(fault).unwrap());
        let hits = ["ListTasks", "RunTask", "StopTask", "ListTasks"]
            .map(|operation| faults.strike(operation).is_some());
        assert_eq!(hits, [false, false, true, true]);
    }

    #[test]
    fn a_fault_may_wait_for_an_operation() {
        let fault = "- {on: DescribeServices, since: UpdateService, does: stale}";
        let mut faults = Faults::new(serde_norway::from_str(fault).unwrap());
        assert!(faults.strike("DescribeServices").is_none());
        faults.done("UpdateService");
        assert!(faults.strike("DescribeServices").is_some());
        assert!(faults.strike("DescribeServices").is_none());
    }
}
