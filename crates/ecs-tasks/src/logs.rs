//! Where a container's lines go, and the lines themselves.

use aws_sdk_cloudwatchlogs::{Client, config::Builder};
use aws_session::{AwsError, Session};
use aws_types::region::Region;

use crate::TaskDefinition;

/// Where the lines of a container are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPlace {
    CloudWatch(LogStream),
    /// Somewhere that promises nothing in `CloudWatch`; the text says where.
    Elsewhere(String),
}

/// One stream of `CloudWatch` Logs. It does not exist before its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    pub group: String,
    pub stream: String,
    /// May be another one than the service's.
    pub region: Option<String>,
}

impl TaskDefinition {
    /// Where the lines of `container` go when it runs in the task `task_id`.
    pub fn log_place(&self, container: &str, task_id: &str) -> LogPlace {
        let configuration = self.container(container).map(|it| &it["logConfiguration"]);
        let Some(driver) = configuration.and_then(|it| it["logDriver"].as_str()) else {
            return LogPlace::Elsewhere(format!(
                "container `{container}` has no log configuration: its lines are kept nowhere"
            ));
        };
        let option = |name: &str| {
            configuration.and_then(|it| it["options"][name].as_str()).map(str::to_owned)
        };
        if driver != "awslogs" {
            return LogPlace::Elsewhere(format!(
                "container `{container}` logs through `{driver}`: its lines are where that driver sends them, not in CloudWatch Logs"
            ));
        }
        match (option("awslogs-group"), option("awslogs-stream-prefix")) {
            (Some(group), Some(prefix)) => LogPlace::CloudWatch(LogStream {
                group,
                stream: format!("{prefix}/{container}/{task_id}"),
                region: option("awslogs-region"),
            }),
            (Some(group), None) => LogPlace::Elsewhere(format!(
                "container `{container}` logs to the group `{group}` without `awslogs-stream-prefix`: which stream is this task's cannot be told"
            )),
            (None, _) => LogPlace::Elsewhere(format!(
                "container `{container}` uses `awslogs` without `awslogs-group`"
            )),
        }
    }
}

impl LogStream {
    fn client(&self, session: &Session) -> Client {
        let mut config = Builder::from(session.config());
        if let Some(region) = &self.region {
            config = config.region(Region::new(region.clone()));
        }
        Client::from_conf(config.build())
    }

    /// The newest `count` lines; none where the stream does not exist (yet).
    pub async fn last_lines(
        &self,
        session: &Session,
        count: usize,
    ) -> Result<Vec<String>, AwsError> {
        /// A page may be empty though an older one is not.
        const PAGES: usize = 3;
        let client = self.client(session);
        let mut lines: Vec<String> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let answer = client
                .get_log_events()
                .log_group_name(&self.group)
                .log_stream_name(&self.stream)
                .start_from_head(false)
                .limit(i32::try_from(count.clamp(1, 10_000)).unwrap_or(10_000))
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| session.explain("logs:GetLogEvents", &self.group, error));
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.is_not_found() => break,
                Err(error) => return Err(error),
            };
            let mut page = split(answer.events().iter().filter_map(|event| event.message()));
            page.append(&mut lines);
            lines = page;
            let next = answer.next_backward_token().map(str::to_owned);
            if lines.len() >= count || next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(lines.split_off(lines.len().saturating_sub(count)))
    }

    /// Creates the group; one that is there is fine.
    pub async fn create_group(&self, session: &Session) -> Result<(), AwsError> {
        let answer = self
            .client(session)
            .create_log_group()
            .log_group_name(&self.group)
            .send()
            .await
            .map_err(|error| session.explain("logs:CreateLogGroup", &self.group, error));
        match answer {
            // Somebody's, or our own that was not heard of.
            Err(error) if error.code() != Some("ResourceAlreadyExistsException") => Err(error),
            _ => Ok(()),
        }
    }

    /// Follows the stream from its first line.
    pub fn follow(&self, session: &Session) -> Follower {
        Follower {
            client: self.client(session),
            session: session.clone(),
            stream: self.clone(),
            token: None,
            newest: None,
        }
    }
}

/// A reader of one stream that gives each line once, in order.
pub struct Follower {
    client: Client,
    session: Session,
    stream: LogStream,
    token: Option<String>,
    newest: Option<f64>,
}

impl Follower {
    /// When the newest line of all so far was written, in seconds since 1970.
    pub fn newest(&self) -> Option<f64> {
        self.newest
    }

    /// Every line that came since the last call. Empty where there is none, or no stream yet.
    /// After a task has STOPPED its last lines may take some seconds to come: call until they stay away.
    pub async fn read(&mut self) -> Result<Vec<String>, AwsError> {
        let mut lines = Vec::new();
        loop {
            let (page, end) = self.page().await?;
            lines.extend(page);
            if end {
                return Ok(lines);
            }
        }
    }

    /// One page, and whether the stream holds no more at present. For those who print while a burst comes in.
    pub async fn page(&mut self) -> Result<(Vec<String>, bool), AwsError> {
        let answer = self
            .client
            .get_log_events()
            .log_group_name(&self.stream.group)
            .log_stream_name(&self.stream.stream)
            .start_from_head(true)
            .set_next_token(self.token.clone())
            .send()
            .await
            .map_err(|error| self.session.explain("logs:GetLogEvents", &self.stream.group, error));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok((Vec::new(), true)),
            Err(error) => return Err(error),
        };
        let next = answer.next_forward_token().map(str::to_owned);
        // CloudWatch Logs: the end is reached when the token that comes back is the one that was sent.
        let end = next.is_none() || next == self.token;
        let events = answer.events();
        let lines = split(events.iter().filter_map(|event| event.message()));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit")]
        let newest = events
            .iter()
            .filter_map(aws_sdk_cloudwatchlogs::types::OutputLogEvent::timestamp)
            .max()
            .map(|it| it as f64 / 1000.0);
        if newest > self.newest {
            self.newest = newest;
        }
        if next.is_some() {
            self.token = next;
        }
        Ok((lines, end))
    }
}

/// An event may hold several lines.
fn split<'a>(messages: impl Iterator<Item = &'a str>) -> Vec<String> {
    messages
        .flat_map(|message| message.split('\n'))
        .map(|line| line.trim_end_matches('\r').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn place(configuration: &Value) -> LogPlace {
        TaskDefinition::of(json!({
            "family": "api", "containerDefinitions": [{ "name": "api", "logConfiguration": configuration }]
        }))
        .unwrap()
        .log_place("api", "0123")
    }

    #[test]
    fn the_stream_of_a_container_is_known_beforehand() {
        let options = json!({ "awslogs-group": "/ecs/api", "awslogs-stream-prefix": "v1", "awslogs-region": "us-east-1" });
        assert_eq!(
            place(&json!({ "logDriver": "awslogs", "options": options })),
            LogPlace::CloudWatch(LogStream {
                group: "/ecs/api".to_owned(),
                stream: "v1/api/0123".to_owned(),
                region: Some("us-east-1".to_owned()),
            })
        );
    }

    #[test]
    fn other_drivers_are_told_plainly() {
        for (configuration, expected) in [
            (json!({ "logDriver": "awsfirelens" }), "logs through `awsfirelens`"),
            (
                json!({ "logDriver": "awslogs", "options": { "awslogs-group": "g" } }),
                "without `awslogs-stream-prefix`",
            ),
            (Value::Null, "has no log configuration"),
        ] {
            let LogPlace::Elsewhere(text) = place(&configuration) else {
                panic!("{configuration}")
            };
            assert!(text.contains(expected), "{text}");
        }
    }
}
