//! What others do in the same account at the same time.

use scripted_aws::{CLUSTER, Outcome, ScriptedAws};

use crate::{REGISTER_AND_UPDATE, check, deploy};

#[test]
fn what_was_never_complete_is_nothing_to_go_back_to() {
    let aws = ScriptedAws::play("other-deploy-just-before-ours");
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["`todo-api:41` is back", "no such table: todos"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);

    let aws = ScriptedAws::play("other-deploy-just-before-ours-without-rollback");
    let run = deploy(&aws).run();
    check(&run, 3, "rolled-back", &["`todo-api:41` is back", "no such table: todos"]);
    assert_eq!(aws.count("RegisterTaskDefinition"), 1, "{}", run.log);
    assert_eq!(
        aws.service(CLUSTER, "todo-api")["taskDefinition"].as_str().map(last),
        Some("todo-api:41")
    );
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[test]
fn registering_is_throttled_for_a_minute() {
    let aws = ScriptedAws::play("register-throttled");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &["`todo-api:42` serves"]);
    assert_eq!(aws.count("RegisterTaskDefinition"), 31);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn ten_rollouts_of_one_account_throttle_nobody() {
    let aws = ScriptedAws::play("ten-rollouts");
    let services: Vec<String> = ["todo-api".to_owned()]
        .into_iter()
        .chain((1..10).map(|number| format!("todo-{number}")))
        .collect();
    let rollout = &|service: &String| {
        let run = deploy(&aws).input("service", service).input("poll-interval", "5s").run();
        check(&run, 0, "deployed", &[service]);
    };
    std::thread::scope(|scope| {
        for service in &services {
            scope.spawn(move || rollout(service));
        }
    });
    let throttled: Vec<String> = aws
        .calls()
        .into_iter()
        .filter(|call| call.outcome == Outcome::Refused("ThrottlingException".to_owned()))
        .map(|call| call.operation)
        .collect();
    assert_eq!(throttled, [""; 0]);
    assert_eq!(aws.count("UpdateService"), 10);
}
