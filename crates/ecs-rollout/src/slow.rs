//! Why a rollout that went well took so long: the settings behind each part, what they cost, the value to set. Pure.

use ecs_tasks::TaskDefinition;

use crate::{
    service::Settings,
    targets::TargetGroup,
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

/// What decides how long a rollout takes.
#[derive(Debug)]
pub(crate) struct Slow {
    pub(crate) settings: Settings,
    pub(crate) definition: TaskDefinition,
    pub(crate) tasks: i32,
    /// The target group, where it may be read.
    pub(crate) group: Option<TargetGroup>,
    /// Compressed, as ECR holds it.
    pub(crate) image_bytes: Option<i64>,
}

/// A check every 5 s, of which two in a row do.
const QUICK_CHECK: i32 = 10;
/// Enough for requests that are short.
const SHORT_DELAY: u32 = 30;

/// A sentence for each part that took long and that a setting would shorten.
pub(crate) fn advice(spans: &[Span], slow: &Slow) -> Vec<String> {
    let took = |name: &str| {
        spans.iter().find(|span| span.name == name).map_or(0.0, |span| span.to - span.from)
    };
    let (waiting, pulling) = (took(WAITING), took(PULLING));
    let starting = took(STARTING) + waiting + pulling + took(BOOTING);
    let parts = [
        (pulling >= 20.0).then(|| pulled(pulling, slow.image_bytes)),
        (waiting >= 60.0).then(|| {
            format!("no host was ready for {}: look at the capacity providers, and at the cluster's scaling", seconds(waiting))
        }),
        batches(&slow.settings, slow.tasks, starting),
        checked(took(HEALTH_CHECKS), slow),
        drained(took(DRAINING), slow),
    ];
    parts.into_iter().flatten().collect()
}

fn pulled(took: f64, bytes: Option<i64>) -> String {
    let size = match bytes {
        // The size of an index is its own, not that of the images in it.
        Some(bytes) if bytes >= 1_000_000 => format!(" of {} MB", bytes / 1_000_000),
        _ => String::new(),
    };
    format!(
        "pulling the image{size} took {}: a smaller one (a slimmer base, fewer layers) in ECR of the same region is there sooner",
        seconds(took)
    )
}

/// How many tasks ECS may replace at a time.
fn batches(settings: &Settings, tasks: i32, starting: f64) -> Option<String> {
    let (minimum, maximum) = (settings.minimum_healthy?, settings.maximum?);
    let at_once = (tasks * maximum / 100 - (tasks * minimum + 99) / 100).max(1);
    if starting < 60.0 || at_once >= tasks {
        return None;
    }
    let batches = (tasks + at_once - 1) / at_once;
    let cost = starting * f64::from(batches - 1) / f64::from(batches);
    Some(format!(
        "minimumHealthyPercent {minimum} and maximumPercent {maximum} let ECS replace {at_once} of {tasks} tasks at a time: {batches} batches one after the other cost about {} of {}; maximumPercent 200 replaces all at once",
        seconds(cost),
        seconds(starting)
    ))
}

fn checked(took: f64, slow: &Slow) -> Option<String> {
    if took < 20.0 || slow.settings.load_balancers.is_empty() {
        return None;
    }
    let took = seconds(took);
    Some(match &slow.group {
        Some(group) if group.interval * group.threshold > QUICK_CHECK => format!(
            "health checks took {took}, of which the target group `{}` costs {}: its interval of {} s × its healthy threshold of {}; `HealthCheckIntervalSeconds` 5 and `HealthyThresholdCount` 2 cost {QUICK_CHECK} s",
            group.name,
            seconds(f64::from(group.interval * group.threshold)),
            group.interval,
            group.threshold
        ),
        Some(group) => format!(
            "health checks took {took}, of which the target group `{}` costs {} s: the rest is the container's, until it answers well",
            group.name,
            group.interval * group.threshold
        ),
        None => format!(
            "health checks took {took}: that is the target group's interval × healthy threshold (30 s × 5 = 150 s by default); 5 s × 2 cost {QUICK_CHECK} s"
        ),
    })
}

fn drained(took: f64, slow: &Slow) -> Option<String> {
    if took < 20.0 {
        return None;
    }
    let delay = match &slow.group {
        Some(TargetGroup { name, deregistration_delay: Some(delay), .. })
            if *delay > SHORT_DELAY =>
        {
            format!(
                "the deregistration delay of the target group `{name}` ({delay} s; {SHORT_DELAY} are enough where requests are short), then "
            )
        }
        Some(TargetGroup { name, deregistration_delay: Some(delay), .. }) => {
            format!("the deregistration delay of the target group `{name}` ({delay} s), then ")
        }
        _ if !slow.settings.load_balancers.is_empty() => format!(
            "the target group's deregistration delay (300 s by default; {SHORT_DELAY} are enough where requests are short), then "
        ),
        _ => String::new(),
    };
    Some(format!(
        "the old tasks took {} to go: that is {delay}`stopTimeout` ({})",
        seconds(took),
        stop_timeout(&slow.definition)
    ))
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

    /// Four tasks of which two may be replaced at a time, behind a load balancer.
    fn slow(group: Option<TargetGroup>) -> Slow {
        let definition = json!({ "family": "api", "containerDefinitions": [{ "name": "api", "stopTimeout": 120 }] });
        Slow {
            settings: Settings {
                load_balancers: vec![LoadBalancer::default()],
                minimum_healthy: Some(100),
                maximum: Some(150),
                ..Settings::default()
            },
            definition: TaskDefinition::of(definition).unwrap(),
            tasks: 4,
            group,
            image_bytes: Some(812_345_678),
        }
    }

    #[track_caller]
    fn check(slow: &Slow, words: &[&str]) {
        let spans = [
            span(PULLING, 0.0, 70.0),
            span(HEALTH_CHECKS, 70.0, 220.0),
            span(DRAINING, 220.0, 530.0),
        ];
        let advice = advice(&spans, slow).join("\n");
        for words in words {
            assert!(advice.contains(words), "{words}\n{advice}");
        }
    }

    #[test]
    fn each_slow_part_names_its_setting_its_seconds_and_the_value_to_set() {
        let group = |interval, threshold, delay| TargetGroup {
            name: "todo-api".to_owned(),
            interval,
            threshold,
            deregistration_delay: Some(delay),
        };
        check(
            &slow(Some(group(30, 5, 300))),
            &[
                "pulling the image of 812 MB took 70 s",
                "let ECS replace 2 of 4 tasks at a time: 2 batches one after the other cost about 35 s of 70 s",
                "health checks took 2 min 30 s, of which the target group `todo-api` costs 2 min 30 s: its interval of 30 s × its healthy threshold of 5; `HealthCheckIntervalSeconds` 5 and `HealthyThresholdCount` 2 cost 10 s",
                "took 5 min 10 s to go: that is the deregistration delay of the target group `todo-api` (300 s; 30 are enough where requests are short), then `stopTimeout` (120 s)",
            ],
        );
        check(
            &slow(Some(group(5, 2, 10))),
            &[
                "costs 10 s: the rest is the container's, until it answers well",
                "the target group `todo-api` (10 s), then",
            ],
        );
        check(
            &slow(None),
            &[
                "interval × healthy threshold (30 s × 5 = 150 s by default)",
                "deregistration delay (300 s by default; 30 are enough where requests are short), then",
            ],
        );
        assert_eq!(advice(&[span(PULLING, 0.0, 5.0)], &slow(None)), [""; 0]);
    }
}
