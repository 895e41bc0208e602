//! Token buckets: how often an account may call what.

use std::time::Duration;

use serde::Deserialize;

use crate::fault::Operation;

/// `{on: [ListTasks, DescribeTasks], burst: 100, per-second: 20}`: these share one bucket.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Limit {
    pub(crate) on: Vec<Operation>,
    pub(crate) burst: u32,
    pub(crate) per_second: f64,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    limit: Limit,
    left: f64,
    filled: Duration,
}

impl Bucket {
    pub(crate) fn new(limit: Limit) -> Self {
        Self { left: f64::from(limit.burst), filled: Duration::ZERO, limit }
    }

    /// Takes a token for this call; false when there is none left.
    pub(crate) fn allows(&mut self, operation: &str, now: Duration) -> bool {
        if !self.limit.on.iter().any(|known| known.is(operation)) {
            return true;
        }
        let since = now.saturating_sub(self.filled).as_secs_f64();
        self.left = (self.left + since * self.limit.per_second).min(f64::from(self.limit.burst));
        self.filled = now;
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_so_many_a_second() {
        let limit = "{on: [ListTasks, DescribeTasks], burst: 3, per-second: 2}";
        let mut bucket = Bucket::new(serde_norway::from_str(limit).unwrap());
        let mut at = |milliseconds, operation: &str| {
            bucket.allows(operation, Duration::from_millis(milliseconds))
        };
        assert!(at(0, "ListTasks") && at(0, "DescribeTasks") && at(0, "ListTasks"));
        assert!(!at(0, "DescribeTasks"));
        assert!(at(0, "RunTask"));
        assert!(at(500, "ListTasks"));
        assert!(!at(600, "ListTasks"));
    }
}
