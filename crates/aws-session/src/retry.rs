//! When a request is sent again, and when not. Pure.
//!
//! A read is repeated until it is answered. A write is repeated when AWS says that it was not done (throttled), when it
//! never left this machine, or when doing it twice is doing it once. Every other end of a write is doubtful: it is handed
//! to the program, which looks before it does anything else.

use std::time::Duration;

use crate::operation::Operation;

/// Each doubles the one before; the actual wait is a random part of it, so that ten rollouts do not come back together.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A server may ask for more patience than ours, but not for a quarter of an hour.
const LONGEST_DIRECTED_WAIT: Duration = Duration::from_secs(20);

/// No attempt begins later than this after the first.
const LONGEST_CALL: Duration = Duration::from_mins(2);

const ATTEMPTS: u32 = 6;
/// Throttling passes by itself, and giving up in the middle of a deployment costs more than waiting.
const ATTEMPTS_THROTTLED: u32 = 25;
/// ECS allows one `RegisterTaskDefinition` a second in an account, and everybody's deployments share it.
const ATTEMPTS_REGISTER: u32 = 40;

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// An answer that stands, good or bad.
    Answered,
    /// Refused for now: nothing was done.
    Throttled {
        /// The server's own wish.
        after: Option<Duration>,
    },
    /// No connection came about: nothing was done.
    NeverSent,
    /// No answer, half an answer, or one that says nothing of what was done (5xx, HTML).
    Doubtful,
}

/// What has been spent on a call so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// How often the request was sent.
    pub(crate) attempts: u32,
    pub(crate) time: Duration,
}

/// How long to wait before the request is sent again; `None`: not again. `random` is from 0 to 1.
pub(crate) fn wait(operation: &Operation, end: End, spent: Spent, random: f64) -> Option<Duration> {
    let most = match end {
        End::Answered => return None,
        End::Throttled { .. } if operation.action == "RegisterTaskDefinition" => ATTEMPTS_REGISTER,
        End::Throttled { .. } => ATTEMPTS_THROTTLED,
        End::Doubtful if operation.writing && !operation.repeatable => return None,
        End::NeverSent | End::Doubtful => ATTEMPTS,
    };
    if spent.attempts >= most {
        return None;
    }
    let doubled = 2_u32.saturating_pow(spent.attempts.saturating_sub(1));
    let wait = match end {
        End::Throttled { after: Some(after) } => after.min(LONGEST_DIRECTED_WAIT),
        _ => FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT).mul_f64(random),
    };
    (spent.time + wait <= LONGEST_CALL).then_some(wait)
}

/// What AWS services call throttling.
///
/// `LimitExceededException` is left out on purpose: for ECS and Logs it is a quota, which waiting does not raise.
const THROTTLING: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

pub(crate) fn is_throttling(code: &str) -> bool {
    THROTTLING.contains(&code)
}

/// What an answer means for the decision above.
pub(crate) fn end(status: u16, code: Option<&str>, message: &str, after: Option<Duration>) -> End {
    // ECS refuses a second revision of a family at the same moment, and calls it a ClientException.
    let family_is_busy = message.contains("Too many concurrent attempts");
    if status == 429 || code.is_some_and(is_throttling) || (status >= 400 && family_is_busy) {
        return End::Throttled { after };
    }
    match (status, code) {
        (500 | 502 | 503 | 504, _) | (_, Some("RequestTimeout" | "RequestTimeoutException")) => {
            End::Doubtful
        }
        _ => End::Answered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(action: &str, writing: bool, repeatable: bool) -> Operation {
        Operation {
            service: "ecs".to_owned(),
            action: action.to_owned(),
            resource: String::new(),
            writing,
            repeatable,
            streaming: false,
        }
    }

    fn spent(attempts: u32) -> Spent {
        Spent { attempts, time: Duration::ZERO }
    }

    #[test]
    fn who_is_sent_again_after_what() {
        let read = operation("DescribeServices", false, false);
        let write = operation("UpdateService", true, false);
        let repeatable = operation("RunTask", true, true);
        let throttled = End::Throttled { after: None };
        for (operation, end, again) in [
            (&read, End::Answered, false),
            (&read, End::Doubtful, true),
            (&read, End::NeverSent, true),
            (&read, throttled, true),
            (&write, End::Doubtful, false),
            (&write, End::NeverSent, true),
            (&write, throttled, true),
            (&repeatable, End::Doubtful, true),
        ] {
            assert_eq!(
                wait(operation, end, spent(1), 0.5).is_some(),
                again,
                "{} after {end:?}",
                operation.action
            );
        }
    }

    #[test]
    fn waits_double_up_to_five_seconds_and_end() {
        let read = operation("DescribeServices", false, false);
        let waits: Vec<_> = (1..=7)
            .map(|attempts| {
                wait(&read, End::Doubtful, spent(attempts), 1.0).map(|wait| wait.as_millis())
            })
            .collect();
        assert_eq!(waits, [Some(200), Some(400), Some(800), Some(1600), Some(3200), None, None]);
        let throttled = End::Throttled { after: None };
        assert_eq!(wait(&read, throttled, spent(20), 1.0), Some(LONGEST_WAIT));
        assert_eq!(wait(&read, throttled, spent(25), 1.0), None);
        let register = operation("RegisterTaskDefinition", true, false);
        assert!(wait(&register, throttled, spent(39), 1.0).is_some());
        assert_eq!(wait(&read, throttled, spent(3), 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn a_server_that_says_when_is_heard() {
        let read = operation("DescribeServices", false, false);
        let after = |seconds| End::Throttled { after: Some(Duration::from_secs(seconds)) };
        assert_eq!(wait(&read, after(7), spent(1), 0.0), Some(Duration::from_secs(7)));
        assert_eq!(wait(&read, after(900), spent(1), 0.0), Some(LONGEST_DIRECTED_WAIT));
    }

    #[test]
    fn two_minutes_are_enough() {
        let read = operation("DescribeServices", false, false);
        let throttled = End::Throttled { after: None };
        let late = |seconds| Spent { attempts: 9, time: Duration::from_secs(seconds) };
        assert!(wait(&read, throttled, late(114), 1.0).is_some());
        assert_eq!(wait(&read, throttled, late(116), 1.0), None);
    }

    #[test]
    fn answers_are_told_apart() {
        let throttled = End::Throttled { after: None };
        for (status, code, message, expected) in [
            (400, Some("ThrottlingException"), "Rate exceeded", throttled),
            (503, Some("SlowDown"), "", throttled),
            (429, None, "", throttled),
            (
                400,
                Some("ClientException"),
                "Too many concurrent attempts to create a new revision of the specified family.",
                throttled,
            ),
            (400, Some("ClientException"), "no", End::Answered),
            (400, Some("LimitExceededException"), "", End::Answered),
            (503, None, "<html>", End::Doubtful),
            (500, Some("ServerException"), "", End::Doubtful),
            (400, Some("RequestTimeout"), "", End::Doubtful),
            (501, None, "", End::Answered),
            (200, None, "", End::Answered),
        ] {
            assert_eq!(end(status, code, message, None), expected, "{status} {code:?}");
        }
    }
}
