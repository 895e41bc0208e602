//! Why a rollout that went well took so long: the settings behind each part, what they cost, the value to set. Pure.

use ecs_tasks::TaskDefinition;

use crate::{
    service::Settings,
    timeline::{DRAINING, HEALTH_CHECKS, STARTING, Span, seconds},
};

pub(crate) const WAITING: &str = "waiting for a host";
pub(crate) const PULLING: &str = "pulling the image";
pub(crate) const BOOTING: &str = "starting the container";

/// When the slowest task came that far: seconds since 1970 by ECS's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TaskTimes {
    pub(crate) created: Option<f64>,
    pub(crate) pull_started: Option<f64>,
    pub(crate) pull_stopped: Option<f64>,
    pub(crate) started: Option<f64>,
}

/// `STARTING` taken apart by what the slowest task tells. ECS's clock and ours differ: only lengths are taken over.
pub(crate) fn in_detail(spans: Vec<Span>, task: TaskTimes) -> Vec<Span> {
    let TaskTimes {
        created: Some(created),
        pull_started: Some(pull),
        pull_stopped: Some(pulled),
        started: Some(started),
    } = task
    else {
        return spans;
    };
    let mut detailed = Vec::new();
    for span in spans {
        if span.name != STARTING {
            detailed.push(span);
            continue;
        }
        // What came before the slowest task's last try belongs to the wait for it.
        let end = span.to;
        let boot = (end - (started - pulled).max(0.0)).max(span.from);
        let pulling = (boot - (pulled - pull).max(0.0)).max(span.from);
        let waiting = if pull >= created { span.from } else { pulling };
        let part = |name: &str, from: f64, to: f64| Span { name: name.to_owned(), from, to };
        detailed.extend([
            part(WAITING, waiting, pulling),
            part(PULLING, pulling, boot),
            part(BOOTING, boot, end),
        ]);
    }
    detailed
}

/// A sentence for each part that took long and that a setting would shorten.
pub(crate) fn advice(
    spans: &[Span],
    settings: &Settings,
    definition: &TaskDefinition,
    tasks: i32,
) -> Vec<String> {
    let took = |name: &str| {
        spans.iter().find(|span| span.name == name).map_or(0.0, |span| span.to - span.from)
    };
    let mut advice = Vec::new();
    let pulling = took(PULLING);
    if pulling >= 20.0 {
        advice.push(format!(
            "pulling the image took {}: a smaller image (a slimmer base, fewer layers) in ECR of the same region is there sooner",
            seconds(pulling)
        ));
    }
    let waiting = took(WAITING);
    if waiting >= 60.0 {
        advice.push(format!("no host was ready for {}: look at the capacity providers, and at the cluster's scaling", seconds(waiting)));
    }
    let starting = took(STARTING) + waiting + pulling + took(BOOTING);
    advice.extend(batches(settings, tasks, starting));
    let load_balanced = !settings.load_balancers.is_empty();
    let checks = took(HEALTH_CHECKS);
    if checks >= 30.0 && load_balanced {
        advice.push(format!(
            "health checks took {}: that is the target group's interval × healthy threshold (30 s × 5 = 150 s by default); 5 s × 2 takes 10 s",
            seconds(checks)
        ));
    }
    let draining = took(DRAINING);
    if draining >= 30.0 {
        let delay = if load_balanced {
            "the target group's deregistration delay (300 s by default; 30 s is enough where requests are short), then "
        } else {
            ""
        };
        advice.push(format!(
            "the old tasks took {} to go: that is {delay}`stopTimeout` ({})",
            seconds(draining),
            stop_timeout(definition)
        ));
    }
    advice
}

/// How many tasks ECS may replace at a time.
fn batches(settings: &Settings, tasks: i32, starting: f64) -> Option<String> {
    let (minimum, maximum) = (settings.minimum_healthy?, settings.maximum?);
    let at_once = tasks * maximum / 100 - (tasks * minimum + 99) / 100;
    let slow = starting >= 60.0 && tasks > 1 && at_once < tasks;
    slow.then(|| {
        format!(
            "minimumHealthyPercent {minimum} and maximumPercent {maximum} let ECS replace {} of {tasks} tasks at a time, {} in all: maximumPercent 200 replaces them at once",
            at_once.max(1),
            seconds(starting)
        )
    })
}

fn stop_timeout(definition: &TaskDefinition) -> String {
    let longest = definition.containers().filter_map(|it| it["stopTimeout"].as_u64()).max();
    match longest {
        Some(timeout) => format!("{timeout} s"),
        None => "30 s by default, and in full when the container does not obey SIGTERM".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::LoadBalancer;

    fn span(name: &str, from: f64, to: f64) -> Span {
        Span { name: name.to_owned(), from, to }
    }

    #[test]
    fn the_slowest_task_tells_what_starting_was_made_of() {
        let task = TaskTimes {
            created: Some(100.0),
            pull_started: Some(110.0),
            pull_stopped: Some(140.0),
            started: Some(145.0),
        };
        let spans = in_detail(vec![span("looking", 0.0, 2.0), span(STARTING, 2.0, 50.0)], task);
        assert_eq!(
            spans,
            [
                span("looking", 0.0, 2.0),
                span(WAITING, 2.0, 15.0),
                span(PULLING, 15.0, 45.0),
                span(BOOTING, 45.0, 50.0)
            ]
        );
        assert_eq!(in_detail(spans.clone(), TaskTimes::default()), spans);
    }

    #[test]
    fn each_slow_part_names_its_setting_and_its_seconds() {
        let definition = TaskDefinition::of(json!({
            "family": "api", "containerDefinitions": [{ "name": "api", "stopTimeout": 120 }]
        }))
        .unwrap();
        let settings = Settings {
            load_balancers: vec![LoadBalancer::default()],
            minimum_healthy: Some(100),
            maximum: Some(150),
            ..Settings::default()
        };
        let spans = [
            span(PULLING, 0.0, 70.0),
            span(HEALTH_CHECKS, 70.0, 220.0),
            span(DRAINING, 220.0, 530.0),
        ];
        let advice = advice(&spans, &settings, &definition, 4).join("\n");
        for words in [
            "pulling the image took 70 s",
            "let ECS replace 2 of 4 tasks at a time",
            "health checks took 2 min 30 s: that is the target group's interval × healthy threshold",
            "took 5 min 10 s to go: that is the target group's deregistration delay (300 s by default; 30 s is enough where requests are short), then `stopTimeout` (120 s)",
        ] {
            assert!(advice.contains(words), "{words}\n{advice}");
        }
        assert_eq!(super::advice(&[span(PULLING, 0.0, 5.0)], &settings, &definition, 4), [""; 0]);
    }
}
