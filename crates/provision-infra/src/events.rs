//! Terraform's event stream (`-json`), one object a line, into what we act on. What is unknown is let pass.

use serde::Deserialize;

/// A line of the stream that means something to us.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Refreshing has come to this resource.
    Refresh {
        address: String,
    },
    /// What is planned, or was: Terraform holds the state's lock by then.
    Planned,
    ApplyStart {
        address: String,
        action: String,
    },
    ApplyProgress {
        address: String,
        seconds: f64,
    },
    ApplyComplete {
        address: String,
        action: String,
        seconds: f64,
    },
    ApplyErrored {
        address: String,
        action: String,
        seconds: f64,
    },
    /// A line that a provisioner printed. It may echo anything.
    Provisioner {
        address: String,
    },
    Diagnostic(Box<Diagnostic>),
    /// A step of `init`.
    Init {
        message: String,
    },
    /// A line that is no event: a wrapper, a provisioner or `init` itself printed it.
    Foreign {
        line: String,
    },
}

/// What Terraform complains about.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Diagnostic {
    #[serde(default)]
    pub(crate) severity: String,
    #[serde(default)]
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) detail: String,
    /// The resource that it is about.
    pub(crate) address: Option<String>,
    pub(crate) range: Option<Range>,
    pub(crate) snippet: Option<Snippet>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Range {
    #[serde(default)]
    pub(crate) filename: String,
    #[serde(default)]
    pub(crate) start: Position,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Position {
    #[serde(default)]
    pub(crate) line: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Snippet {
    #[serde(default)]
    pub(crate) code: String,
}

impl Diagnostic {
    pub(crate) fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// The summary, and where it is from.
    pub(crate) fn headline(&self) -> String {
        // `init` puts a whole paragraph here.
        let mut line = self.summary.lines().next().unwrap_or_default().to_owned();
        if let Some(address) = &self.address {
            line = format!("{address}: {line}");
        }
        if let Some(range) = self.range.as_ref().filter(|range| !range.filename.is_empty()) {
            line = format!("{line} ({}:{})", range.filename, range.start.line);
        }
        line
    }

    /// What else it says.
    pub(crate) fn body(&self) -> String {
        let code = self.snippet.as_ref().map(|snippet| snippet.code.trim()).unwrap_or_default();
        [code, self.detail.trim()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The event in a line. `None` for one that says nothing to us; `Err` for a line that is no event at all.
pub(crate) fn parse(line: &str) -> Result<Option<Event>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Line {
        r#type: Option<String>,
        #[serde(rename = "@message", default)]
        message: String,
        hook: Option<Hook>,
        diagnostic: Option<Diagnostic>,
    }
    #[derive(Deserialize)]
    struct Hook {
        resource: Option<Resource>,
        action: Option<String>,
        elapsed_seconds: Option<f64>,
    }
    #[derive(Deserialize)]
    struct Resource {
        addr: String,
    }
    let line: Line = serde_json::from_str(line)?;
    let hook = || {
        let hook = line.hook.as_ref()?;
        Some((
            hook.resource.as_ref()?.addr.clone(),
            hook.action.clone().unwrap_or_default(),
            hook.elapsed_seconds.unwrap_or_default(),
        ))
    };
    Ok(match line.r#type.as_deref().unwrap_or_default() {
        "refresh_start" => hook().map(|(address, _, _)| Event::Refresh { address }),
        "planned_change" | "resource_drift" | "change_summary" => Some(Event::Planned),
        "apply_start" => hook().map(|(address, action, _)| Event::ApplyStart { address, action }),
        "apply_progress" => {
            hook().map(|(address, _, seconds)| Event::ApplyProgress { address, seconds })
        }
        "apply_complete" => hook().map(|(address, action, seconds)| Event::ApplyComplete {
            address,
            action,
            seconds,
        }),
        "apply_errored" => hook().map(|(address, action, seconds)| Event::ApplyErrored {
            address,
            action,
            seconds,
        }),
        "provision_progress" => hook().map(|(address, _, _)| Event::Provisioner { address }),
        "diagnostic" => line.diagnostic.map(|diagnostic| Event::Diagnostic(Box::new(diagnostic))),
        "init_output" => Some(Event::Init { message: line.message }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_stream_is_read_without_a_complaint() {
        let stream = include_str!("../tests/data/apply-events.jsonl");
        let events: Vec<Event> =
            stream.lines().filter_map(|line| parse(line).expect("an event")).collect();
        let count =
            |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
        assert_eq!(count(|event| matches!(event, Event::Refresh { .. })), 8);
        assert_eq!(count(|event| matches!(event, Event::Diagnostic(_))), 2);
        let Some(Event::Diagnostic(check)) =
            events.iter().find(|event| matches!(event, Event::Diagnostic(_)))
        else {
            panic!("{events:#?}")
        };
        assert_eq!(check.headline(), "Check block assertion failed (main.tf:37)");
        assert_eq!(check.body(), "condition = var.n == 1\nn is not one");
    }

    #[test]
    fn a_line_of_somebody_else_is_no_event() {
        assert!(parse("Warning: hello").is_err());
        assert_eq!(parse("{\"type\":\"something_new\"}").unwrap(), None);
    }
}
