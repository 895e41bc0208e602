//! Where the time went, as spans on one axis. Pure but for the clock that marks them.

use std::{fmt::Write as _, sync::Mutex};

pub(crate) const STARTING: &str = "starting tasks";
pub(crate) const HEALTH_CHECKS: &str = "health checks";
pub(crate) const DRAINING: &str = "draining";

/// A part of the rollout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

/// Seconds since the start of the run at which something happened.
#[derive(Debug, Default)]
pub(crate) struct Timeline(Mutex<Vec<(&'static str, f64)>>);

impl Timeline {
    /// Notes that the part `name` begins, and the one before it ends, unless it has begun already.
    pub(crate) fn begin(&self, name: &'static str, at: f64) {
        let mut marks = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if marks.iter().all(|(known, _)| *known != name) {
            marks.push((name, at));
        }
    }

    pub(crate) fn spans(&self, end: f64) -> Vec<Span> {
        let marks = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ends = marks.iter().skip(1).map(|(_, at)| *at).chain([end]);
        marks
            .iter()
            .zip(ends)
            .map(|((name, from), to)| Span {
                name: (*name).to_owned(),
                from: *from,
                to: to.max(*from),
            })
            .collect()
    }
}

/// A gantt chart in Mermaid, as GitHub draws it.
pub(crate) fn gantt(spans: &[Span]) -> String {
    let mut chart = "```mermaid\ngantt\n  dateFormat x\n  axisFormat %M:%S\n".to_owned();
    for span in spans {
        // Mermaid draws nothing of a span without length.
        let (from, to) =
            (milliseconds(span.from), milliseconds(span.to).max(milliseconds(span.from) + 1));
        let _infallible = writeln!(
            chart,
            "  {} ({}) :{from}, {to}",
            plain(&span.name),
            seconds(span.to - span.from)
        );
    }
    chart.push_str("```\n");
    chart
}

/// `12 s`, `0.4 s`, `2 min 5 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = milliseconds(seconds).saturating_add(500) / 1000;
    if whole < 120 { format!("{whole} s") } else { format!("{} min {} s", whole / 60, whole % 60) }
}

fn milliseconds(seconds: f64) -> u64 {
    u64::try_from(
        std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_millis(),
    )
    .unwrap_or(u64::MAX)
}

/// Mermaid gives `:`, `;` and `#` a meaning.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ':' | ';' | '#' | ',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_begin_once() {
        let timeline = Timeline::default();
        timeline.begin("looking", 0.0);
        timeline.begin("starting", 1.5);
        timeline.begin("looking", 2.0);
        let spans = timeline.spans(4.0);
        assert_eq!(
            spans.iter().map(|it| (it.name.as_str(), it.from, it.to)).collect::<Vec<_>>(),
            [("looking", 0.0, 1.5), ("starting", 1.5, 4.0)]
        );
        assert_eq!(
            gantt(&spans),
            "```mermaid\ngantt\n  dateFormat x\n  axisFormat %M:%S\n  looking (1.5 s) :0, 1500\n  starting (2.5 s) :1500, 4000\n```\n"
        );
    }

    #[test]
    fn times_read_well() {
        assert_eq!(
            ["0.4 s", "12 s", "2 min 5 s"],
            [seconds(0.42), seconds(12.3), seconds(125.2)].each_ref().map(String::as_str)
        );
    }
}
