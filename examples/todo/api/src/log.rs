//! Lines on stdout, for people or for machines. Without a time: whoever collects them stamps them.

use std::io::{self, Write as _};
use std::str::FromStr;

use serde_json::{Value, json};

use crate::Environment;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    level: Level,
    format: Format,
}

impl Log {
    /// What is not understood is the default here; `Config::read` is who refuses it.
    pub(crate) fn of(environment: &Environment) -> Self {
        let level = environment.get("LOG_LEVEL").and_then(|text| text.trim().parse().ok());
        let format = environment.get("LOG_FORMAT").and_then(|text| text.trim().parse().ok());
        Self { level: level.unwrap_or(Level::Info), format: format.unwrap_or(Format::Text) }
    }

    pub(crate) fn error(self, message: &str, fields: &Value) {
        self.line(Level::Error, message, fields);
    }

    pub(crate) fn warn(self, message: &str, fields: &Value) {
        self.line(Level::Warn, message, fields);
    }

    pub(crate) fn info(self, message: &str, fields: &Value) {
        self.line(Level::Info, message, fields);
    }

    /// `fields` is an object.
    pub(crate) fn line(self, level: Level, message: &str, fields: &Value) {
        if level <= self.level {
            print(&self.render(level, message, fields));
        }
    }

    fn render(self, level: Level, message: &str, fields: &Value) -> String {
        let level = level.name();
        let fields = fields.as_object().into_iter().flatten();
        match self.format {
            Format::Json => {
                let mut line = json!({ "level": level, "message": message });
                for (name, value) in fields {
                    line[name] = value.clone();
                }
                line.to_string()
            }
            Format::Text => {
                let mut line = format!("{level:<5} {message}");
                for (name, value) in fields {
                    line = line + " " + name + "=" + &value.to_string();
                }
                // One event, one line: a client's text must not be able to start another.
                line.replace(|character: char| character.is_control(), " ")
            }
        }
    }
}

/// Nobody listening is no reason to stop serving.
pub(crate) fn print(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

impl Level {
    const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text)).ok_or(())
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        let log = Log { level: Level::Info, format: Format::Text };
        let line = log.render(
            Level::Info,
            "request\ninfo  forged",
            &json!({ "path": "/a\r\nb", "status": 200 }),
        );
        assert_eq!(line, r#"info  request info  forged path="/a\r\nb" status=200"#);
    }

    #[test]
    fn json_keeps_the_types_of_fields() {
        let log = Log { level: Level::Info, format: Format::Json };
        let line = log.render(Level::Warn, "slow", &json!({ "ms": 1200 }));
        assert_eq!(line, r#"{"level":"warn","message":"slow","ms":1200}"#);
    }
}
