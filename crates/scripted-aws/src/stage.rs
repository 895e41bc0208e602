//! One call, from the request to its answer: what a fault does to it, and who hears of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::{Does, Faults};
use crate::limit::Bucket;
use crate::operation::{Api, writes};
use crate::refusal::{Refusal, list, text};
use crate::scenario::{AppAnswer, Scenario};
use crate::world::{Definition, Service, Task, World, short};
use crate::{Call, Outcome, balancers, ecs, identity, logs, parameters, query, registry, secrets};

/// Everything that a play holds while it is on.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    limits: Vec<Bucket>,
    pub(crate) calls: Vec<Call>,
    /// The app's answers to come.
    app: VecDeque<AppAnswer>,
    /// What was there before the last writing call, for stale answers.
    before: Option<Seen>,
}

struct Seen {
    services: Vec<Service>,
    tasks: Vec<Task>,
    definitions: Vec<Definition>,
}

pub(crate) struct Request {
    pub(crate) api: Api,
    pub(crate) operation: String,
    pub(crate) body: Value,
}

/// What goes over the wire.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) cut: Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    No,
    Whole,
    Middle,
}

impl Stage {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            world: World::new(scenario),
            faults: Faults::new(scenario.faults.clone()),
            limits: scenario.limits.iter().cloned().map(Bucket::new).collect(),
            calls: Vec::new(),
            app: scenario.app.clone().into(),
            before: None,
        }
    }

    /// The fault that this call meets. Asked once a call, before it is answered.
    pub(crate) fn strike(&mut self, request: &Request) -> Option<Does> {
        let now = self.world.clock.elapsed();
        let mut limits = self.limits.iter_mut();
        if limits.any(|bucket| !bucket.allows(&request.operation, now)) {
            return Some(Does::Throttle);
        }
        self.faults.strike(&request.operation)
    }

    pub(crate) fn answer(&mut self, request: &Request, fault: Option<Does>) -> Reply {
        self.world.advance();
        if let Some(refused) = fault.as_ref().and_then(|fault| refusal(fault, request)) {
            self.record(request, Outcome::Refused(refused.code.clone()));
            return reply(request.api, Err(refused));
        }
        match fault {
            Some(Does::LoseRequest) => {
                self.record(request, Outcome::NotDone);
                return Reply { cut: Cut::Whole, ..html_503() };
            }
            Some(Does::Html503) => {
                self.record(request, Outcome::NotDone);
                return html_503();
            }
            Some(Does::Failures(reason)) => {
                self.record(request, Outcome::Refused(reason.clone()));
                let nothing =
                    json!({"tasks": [], "services": [], "failures": [{"reason": reason}]});
                return reply(request.api, Ok(nothing.to_string()));
            }
            _ => {}
        }
        let answer = self.work(request, matches!(fault, Some(Does::Stale)));
        let outcome = match (&answer, &fault) {
            (Err(refused), _) => Outcome::Refused(refused.code.clone()),
            (Ok(_), Some(Does::LoseAnswer | Does::CutAnswer | Does::Html503AfterWork)) => {
                Outcome::DoneUnheard
            }
            (Ok(_), _) => Outcome::Done,
        };
        let done = answer.is_ok();
        self.record(request, outcome);
        let whole = reply(request.api, answer);
        if done {
            self.faults.done(&request.operation);
            let names = [list(&request.body, "services"), list(&request.body, "tasks")].concat();
            let names: Vec<String> = names.iter().map(|name| short(name).to_owned()).collect();
            self.world.answered(&request.operation, &names);
        }
        match fault {
            Some(Does::LoseAnswer) => Reply { cut: Cut::Whole, ..whole },
            Some(Does::CutAnswer) => Reply { cut: Cut::Middle, ..whole },
            Some(Does::Html503AfterWork) => html_503(),
            _ => whole,
        }
    }

    /// What the deployed app says now.
    pub(crate) fn app_answer(&mut self) -> AppAnswer {
        self.world.advance();
        let more = self.app.len() > 1;
        let Some(next) = self.app.front_mut() else { return self.usual_app_answer() };
        let answer = next.clone();
        next.times = next.times.saturating_sub(1);
        if next.times == 0 && more {
            self.app.pop_front();
        }
        answer
    }

    fn usual_app_answer(&self) -> AppAnswer {
        let deployments = self
            .world
            .services
            .first()
            .map(|service| service.deployments.as_slice())
            .unwrap_or_default();
        let live =
            deployments.iter().find(|deployment| deployment.completed).or(deployments.first());
        let definition = live.and_then(|deployment| self.world.definition(&deployment.definition));
        let image = definition
            .and_then(|known| known.json.pointer("/containerDefinitions/0/image"))
            .cloned();
        AppAnswer {
            times: 1,
            status: 200,
            headers: BTreeMap::new(),
            body: json!({"status": "ok", "image": image}),
            delay: None,
        }
    }

    fn work(&mut self, request: &Request, stale: bool) -> Result<String, Refusal> {
        if writes(&request.operation) {
            let Self { world, before, .. } = self;
            *before = Some(Seen {
                services: world.services.clone(),
                tasks: world.tasks.clone(),
                definitions: world.definitions.clone(),
            });
        } else if stale {
            self.swap_with_before();
            let answer = self.do_work(request);
            self.swap_with_before();
            return answer;
        }
        self.do_work(request)
    }

    fn swap_with_before(&mut self) {
        if let Some(before) = &mut self.before {
            std::mem::swap(&mut before.services, &mut self.world.services);
            std::mem::swap(&mut before.tasks, &mut self.world.tasks);
            std::mem::swap(&mut before.definitions, &mut self.world.definitions);
        }
    }

    fn do_work(&mut self, request: &Request) -> Result<String, Refusal> {
        let Request { api, operation, body } = request;
        let world = &mut self.world;
        match api {
            Api::Ecs => ecs::call(world, operation, body),
            Api::Logs => logs::call(world, operation, body),
            Api::Ecr => registry::call(world, operation, body),
            Api::Secrets => secrets::call(world, operation, body),
            Api::Parameters => parameters::call(world, operation, body),
            Api::Sts | Api::Iam => identity::call(world, operation, body),
            Api::Balancers => balancers::call(world, operation, body),
        }
        .map(|answer| {
            if api.is_query() { query::answer(operation, &answer) } else { answer.to_string() }
        })
    }

    fn record(&mut self, request: &Request, outcome: Outcome) {
        let at = self.world.clock.elapsed().saturating_sub(crate::world::BEFORE);
        self.calls.push(Call {
            operation: request.operation.clone(),
            body: request.body.clone(),
            outcome,
            at,
        });
    }
}

/// What AWS itself says when it does nothing.
fn refusal(fault: &Does, request: &Request) -> Option<Refusal> {
    // Codes and statuses differ with the protocol.
    let (status, throttling, denied, expired) = if request.api.is_query() {
        (403, "Throttling", "AccessDenied", "ExpiredToken")
    } else {
        (400, "ThrottlingException", "AccessDeniedException", "ExpiredTokenException")
    };
    let (status, code, message) = match fault {
        Does::Throttle => (400, throttling, "Rate exceeded".into()),
        Does::Deny => (status, denied, denied_text(request)),
        Does::ExpireToken => {
            (status, expired, "The security token included in the request is expired".into())
        }
        Does::Error { status, code, message } => (*status, code.as_str(), message.clone()),
        _ => return None,
    };
    Some(Refusal { status, code: code.into(), message })
}

fn denied_text(request: &Request) -> String {
    let Request { api, operation, body } = request;
    let action = format!("{}:{operation}", api.prefix());
    let named = [
        "service",
        "serviceDeploymentArn",
        "taskDefinition",
        "task",
        "resourceArn",
        "logGroupName",
        "SecretId",
        "RoleName",
        "TargetGroupArn",
        "repositoryName",
        "cluster",
    ];
    let resource =
        named.iter().find_map(|member| text(body, member)).map_or("*".to_owned(), |name| {
            if name.starts_with("arn:") {
                name.to_owned()
            } else {
                crate::world::arn(api.prefix(), name)
            }
        });
    format!(
        "User: arn:aws:sts::{}:assumed-role/deploy/ci is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action",
        crate::ACCOUNT
    )
}

fn reply(api: Api, answer: Result<String, Refusal>) -> Reply {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(refusal) if api.is_query() => (refusal.status, query::error(&refusal)),
        Err(refusal) => (
            refusal.status,
            json!({"__type": refusal.code, "message": refusal.message}).to_string(),
        ),
    };
    let content_type = if api.is_query() { "text/xml" } else { "application/x-amz-json-1.1" };
    Reply { status, content_type, body, cut: Cut::No }
}

fn html_503() -> Reply {
    let body = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n";
    Reply { status: 503, content_type: "text/html", body: body.into(), cut: Cut::No }
}

pub(crate) fn delay(fault: Option<&Does>) -> Option<Duration> {
    match fault {
        Some(Does::Delay(delay)) => Some(delay.0),
        _ => None,
    }
}
