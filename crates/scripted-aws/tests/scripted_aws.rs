//! The simulation through its HTTP surface, as any client sees it.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use std::time::Duration;

use scripted_aws::{NEXT_IMAGE, Outcome, Scenario, ScriptedAws};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A call and its answer: HTTP status and JSON, or why there is none.
fn call(
    aws: &ScriptedAws,
    target: &str,
    operation: &str,
    body: &Value,
) -> Result<(u16, Value), String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request =
        agent.post(aws.endpoint()).header("x-amz-target", format!("{target}.{operation}"));
    let mut response = request.send(body.to_string()).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let json = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    Ok((status, json))
}

fn ecs(aws: &ScriptedAws, operation: &str, body: &Value) -> Value {
    let (status, json) = call(aws, "AmazonEC2ContainerServiceV20141113", operation, body).unwrap();
    assert_eq!(status, 200, "{operation}: {json}");
    json
}

fn refused(aws: &ScriptedAws, operation: &str, body: &Value) -> (String, String) {
    let (status, json) = call(aws, "AmazonEC2ContainerServiceV20141113", operation, body).unwrap();
    assert_eq!(status, 400, "{operation}: {json}");
    (json["__type"].as_str().unwrap().into(), json["message"].as_str().unwrap().into())
}

fn look(aws: &ScriptedAws) -> Value {
    ecs(aws, "DescribeServices", &json!({"cluster": "todo", "services": ["todo-api"]}))["services"]
        [0]
    .clone()
}

/// Registers the running task definition with another image and updates the service; the new PRIMARY's id.
fn deploy(aws: &ScriptedAws) -> String {
    let mut definition = ecs(aws, "DescribeTaskDefinition", &json!({"taskDefinition": "todo-api"}))
        ["taskDefinition"]
        .clone();
    for member in [
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
    ] {
        definition.as_object_mut().unwrap().remove(member);
    }
    definition["containerDefinitions"][0]["image"] = NEXT_IMAGE.into();
    let registered = ecs(aws, "RegisterTaskDefinition", &definition);
    assert_eq!(registered["taskDefinition"]["revision"], 42);
    let arn = &registered["taskDefinition"]["taskDefinitionArn"];
    let updated = ecs(
        aws,
        "UpdateService",
        &json!({"cluster": "todo", "service": "todo-api", "taskDefinition": arn}),
    );
    updated["service"]["deployments"][0]["id"].as_str().unwrap().into()
}

/// Looks until `seen`, at most 50 times.
fn look_until(aws: &ScriptedAws, seen: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..50 {
        let service = look(aws);
        if seen(&service) {
            return service;
        }
        pause(Duration::from_millis(20));
    }
    panic!("not seen; {:?}; {:#}", aws.happened(), look(aws));
}

#[expect(clippy::disallowed_methods, reason = "a client that polls, outside any runtime")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn service_deployment(aws: &ScriptedAws, number: usize) -> Value {
    let listed =
        ecs(aws, "ListServiceDeployments", &json!({"cluster": "todo", "service": "todo-api"}));
    let arn = listed["serviceDeployments"][number]["serviceDeploymentArn"].clone();
    ecs(aws, "DescribeServiceDeployments", &json!({"serviceDeploymentArns": [arn]}))["serviceDeployments"][0].clone()
}

#[test]
fn a_rollout_goes_through_its_stages() {
    let aws = ScriptedAws::play("deployed");
    let before = look(&aws);
    assert_eq!(before["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(before["runningCount"], 2);
    let id = deploy(&aws);
    let first = look(&aws);
    assert_eq!(first["deployments"][0]["id"], id.as_str());
    assert_eq!(
        (&first["deployments"][0]["status"], &first["deployments"][1]["status"]),
        (&json!("PRIMARY"), &json!("ACTIVE"))
    );
    assert_eq!(look(&aws)["deployments"][0]["pendingCount"], 2);
    let done = look_until(&aws, |service| service["deployments"][0]["rolloutState"] == "COMPLETED");
    assert_eq!(done["deployments"].as_array().unwrap().len(), 1);
    assert_eq!((&done["runningCount"], &done["pendingCount"]), (&json!(2), &json!(0)));
    assert!(done["events"][0]["message"].as_str().unwrap().contains("has reached a steady state"));
    assert_eq!(service_deployment(&aws, 0)["status"], "SUCCESSFUL");
    assert_eq!(aws.writes(), ["RegisterTaskDefinition", "UpdateService"]);
    let revision = service_deployment(&aws, 0)["targetServiceRevision"]["arn"].clone();
    let revision =
        ecs(&aws, "DescribeServiceRevisions", &json!({"serviceRevisionArns": [revision]}));
    assert_eq!(revision["serviceRevisions"][0]["taskDefinition"], done["taskDefinition"]);
    assert_eq!(
        revision["serviceRevisions"][0]["containerImages"][0]["imageDigest"],
        scripted_aws::NEXT_DIGEST
    );
}

#[test]
fn the_breaker_trips_at_the_third_failure_and_the_rollback_is_over_before_the_next_look() {
    let aws = ScriptedAws::play("breaker-rollback-between-polls");
    let old = look(&aws)["deployments"][0]["id"].clone();
    let id = deploy(&aws);
    for _ in 0..3 {
        assert_eq!(look(&aws)["deployments"][0]["id"], id.as_str());
    }
    let after = look(&aws);
    assert_eq!(after["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(after["deployments"][0]["id"], old);
    assert_eq!(after["deployments"][0]["rolloutState"], "COMPLETED");
    let record = service_deployment(&aws, 0);
    assert_eq!(record["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(
        record["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    );
    assert_eq!(
        record["rollback"]["reason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    let stopped = ecs(
        &aws,
        "ListTasks",
        &json!({"cluster": "todo", "startedBy": id, "desiredStatus": "STOPPED"}),
    );
    let tasks =
        ecs(&aws, "DescribeTasks", &json!({"cluster": "todo", "tasks": stopped["taskArns"]}));
    assert_eq!(tasks["tasks"][0]["containers"][0]["exitCode"], 1);
    assert_eq!(tasks["tasks"][0]["stopCode"], "EssentialContainerExited");
}

#[test]
fn without_rollback_the_deployment_stays_failed_until_somebody_asks() {
    let aws = ScriptedAws::play("failed-without-rollback");
    let id = deploy(&aws);
    let failed = look_until(&aws, |service| service["deployments"][0]["rolloutState"] == "FAILED");
    assert_eq!(failed["deployments"][0]["id"], id.as_str());
    assert_eq!(failed["runningCount"], 2);
    assert_eq!(service_deployment(&aws, 0)["status"], "STOPPED");
}

#[test]
fn a_stop_request_rolls_back_what_is_under_way() {
    let aws = ScriptedAws::play("never-finishes");
    deploy(&aws);
    let record = service_deployment(&aws, 0);
    assert_eq!(record["status"], "IN_PROGRESS");
    ecs(
        &aws,
        "StopServiceDeployment",
        &json!({"serviceDeploymentArn": record["serviceDeploymentArn"], "stopType": "ROLLBACK"}),
    );
    assert_eq!(service_deployment(&aws, 0)["status"], "ROLLBACK_IN_PROGRESS");
    look_until(&aws, |service| service["deployments"][0]["rolloutState"] == "COMPLETED");
    assert_eq!(service_deployment(&aws, 0)["status"], "ROLLBACK_SUCCESSFUL");
    let again = refused(
        &aws,
        "StopServiceDeployment",
        &json!({"serviceDeploymentArn": record["serviceDeploymentArn"]}),
    );
    assert_eq!(again.0, "ConflictException");
}

#[test]
fn another_deployer_supersedes_ours() {
    let aws = ScriptedAws::play("superseded-midway");
    let id = deploy(&aws);
    let theirs = look_until(&aws, |service| service["deployments"].as_array().unwrap().len() == 1);
    assert_ne!(theirs["deployments"][0]["id"], id.as_str());
    assert!(theirs["taskDefinition"].as_str().unwrap().ends_with("todo-api:43"));
    assert_eq!(service_deployment(&aws, 1)["status"], "STOPPED");
}

#[test]
fn an_update_without_a_change_makes_no_deployment() {
    let aws = ScriptedAws::play("unchanged");
    let before = look(&aws)["deployments"][0]["id"].clone();
    let same = ecs(
        &aws,
        "UpdateService",
        &json!({"cluster": "todo", "service": "todo-api", "taskDefinition": "todo-api:41"}),
    );
    assert_eq!(same["service"]["deployments"][0]["id"], before);
    let forced = ecs(
        &aws,
        "UpdateService",
        &json!({"cluster": "todo", "service": "todo-api", "forceNewDeployment": true}),
    );
    assert_ne!(forced["service"]["deployments"][0]["id"], before);
}

#[test]
fn a_lost_answer_leaves_its_work_behind() {
    let aws = ScriptedAws::play("update-answer-lost");
    let before = look(&aws)["deployments"][0]["id"].clone();
    let update = json!({"cluster": "todo", "service": "todo-api", "forceNewDeployment": true});
    call(&aws, "AmazonEC2ContainerServiceV20141113", "UpdateService", &update).unwrap_err();
    assert_ne!(look(&aws)["deployments"][0]["id"], before);
    assert_eq!(aws.writes(), ["UpdateService"]);
    assert_eq!(aws.calls()[1].outcome, Outcome::DoneUnheard);
}

#[test]
fn faults_of_every_kind_reach_the_wire() {
    let describe = json!({"cluster": "todo", "services": ["todo-api"]});
    let fault = |does: &str| {
        let aws = ScriptedAws::play_with(
            "unchanged",
            &format!("- {{on: DescribeServices, does: {does}}}"),
        );
        let met = call(&aws, "AmazonEC2ContainerServiceV20141113", "DescribeServices", &describe);
        look(&aws);
        met
    };
    assert_eq!(fault("throttle").unwrap().1["__type"], "ThrottlingException");
    assert!(
        fault("deny").unwrap().1["message"]
            .as_str()
            .unwrap()
            .contains("not authorized to perform: ecs:DescribeServices")
    );
    assert_eq!(fault("expire-token").unwrap().1["__type"], "ExpiredTokenException");
    assert_eq!(
        fault("{error: {status: 500, code: ServerException, message: Oops}}").unwrap(),
        (500, json!({"__type": "ServerException", "message": "Oops"}))
    );
    assert!(fault("html-503").unwrap_err().contains("<html>"));
    for cut in ["lose-answer", "cut-answer", "lose-request"] {
        fault(cut).unwrap_err();
    }
    let begun = Instant::now();
    fault("{delay: 150ms}").unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[test]
fn a_stale_answer_is_from_before_the_last_write() {
    let aws = ScriptedAws::play_with(
        "deployed",
        "- {on: DescribeServices, after: 1, times: 2, does: stale}",
    );
    let before = look(&aws)["deployments"][0]["id"].clone();
    let id = deploy(&aws);
    assert_eq!(look(&aws)["deployments"][0]["id"], before);
    assert_eq!(look(&aws)["deployments"][0]["id"], before);
    assert_eq!(look(&aws)["deployments"][0]["id"], id.as_str());
}

#[test]
fn what_is_not_there_is_refused_in_the_words_of_aws() {
    let aws = ScriptedAws::play("unchanged");
    let said = |operation: &str, body: Value| refused(&aws, operation, &body);
    let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    assert_eq!(
        said("DescribeServices", json!({"cluster": "tod", "services": ["x"]})),
        pair("ClusterNotFoundException", "Cluster not found.")
    );
    assert_eq!(
        said("UpdateService", json!({"cluster": "todo", "service": "x"})),
        pair("ServiceNotFoundException", "Service not found.")
    );
    assert_eq!(
        said("DescribeTaskDefinition", json!({"taskDefinition": "x"})),
        pair("ClientException", "Unable to describe task definition.")
    );
    let missing =
        ecs(&aws, "DescribeServices", &json!({"cluster": "todo", "services": ["todo-app"]}));
    assert_eq!(
        missing["failures"],
        json!([{"arn": "arn:aws:ecs:eu-west-1:123456789012:service/todo/todo-app", "reason": "MISSING"}])
    );
    assert_eq!(
        ecs(&aws, "ListClusters", &json!({}))["clusterArns"],
        json!(["arn:aws:ecs:eu-west-1:123456789012:cluster/todo"])
    );
}

#[test]
fn members_that_nobody_knows_survive_registering() {
    let aws = ScriptedAws::play("unchanged");
    let body = json!({"family": "new", "containerDefinitions": [{"name": "a", "image": "b", "fromTheFuture": {"x": 1}}], "alsoNew": [1], "tags": [{"key": "commit", "value": "abc"}]});
    ecs(&aws, "RegisterTaskDefinition", &body);
    let kept = aws.task_definition("new:1");
    assert_eq!(kept["containerDefinitions"], body["containerDefinitions"]);
    assert_eq!((&kept["alsoNew"], &kept["tags"]), (&json!([1]), &body["tags"]));
}

fn run_task(aws: &ScriptedAws, more: &Value) -> Result<Value, (String, String)> {
    let mut body = json!({
        "cluster": "todo", "taskDefinition": "todo-api", "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let (status, json) = call(aws, "AmazonEC2ContainerServiceV20141113", "RunTask", &body).unwrap();
    if status == 200 {
        Ok(json)
    } else {
        Err((json["__type"].as_str().unwrap().into(), json["message"].as_str().unwrap().into()))
    }
}

fn logs(aws: &ScriptedAws, task: &str, token: Option<&str>) -> (u16, Value) {
    let stream = format!("api/api/{}", task.rsplit('/').next().unwrap());
    let mut body =
        json!({"logGroupName": "/ecs/todo-api", "logStreamName": stream, "startFromHead": true});
    if let Some(token) = token {
        body["nextToken"] = token.into();
    }
    call(aws, "Logs_20140328", "GetLogEvents", &body).unwrap()
}

#[test]
fn a_task_runs_ends_and_writes_its_last_lines_late() {
    let aws = ScriptedAws::play("migrate-exits-0");
    let arn =
        run_task(&aws, &json!({})).unwrap()["tasks"][0]["taskArn"].as_str().unwrap().to_owned();
    assert_eq!(logs(&aws, &arn, None).1["__type"], "ResourceNotFoundException");
    let describe = || {
        ecs(&aws, "DescribeTasks", &json!({"cluster": "todo", "tasks": [arn]}))["tasks"][0].clone()
    };
    let mut task = describe();
    assert_eq!(task["lastStatus"], "PROVISIONING");
    for _ in 0..10 {
        if task["lastStatus"] == "STOPPED" {
            break;
        }
        task = describe();
    }
    assert_eq!(
        (&task["lastStatus"], &task["containers"][0]["exitCode"]),
        (&json!("STOPPED"), &json!(0))
    );
    let (_, first) = logs(&aws, &arn, None);
    assert_eq!(first["events"].as_array().unwrap().len(), 2);
    let token = first["nextForwardToken"].as_str().unwrap();
    assert_eq!(logs(&aws, &arn, Some(token)).1["nextForwardToken"], token);
    pause(Duration::from_millis(600));
    let (_, late) = logs(&aws, &arn, Some(token));
    assert_eq!(late["events"][1]["message"], "done");
}

#[test]
fn run_task_is_as_strict_as_the_real_one() {
    let aws = ScriptedAws::play("unchanged");
    let why = |more: Value| run_task(&aws, &more).unwrap_err().1;
    assert!(
        why(json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}))
            .contains("both a launch type and capacity provider")
    );
    assert!(why(json!({"propagateTags": "SERVICE"})).contains("propagateTags"));
    assert!(
        why(json!({"networkConfiguration": null}))
            .contains("Network Configuration must be provided")
    );
    assert!(
        why(json!({"overrides": {"containerOverrides": [{"name": "web"}]}}))
            .contains("container named web")
    );
    let token = json!({"clientToken": "one"});
    let first = run_task(&aws, &token).unwrap();
    assert_eq!(
        run_task(&aws, &token).unwrap()["tasks"][0]["taskArn"],
        first["tasks"][0]["taskArn"]
    );
    assert_eq!(aws.tasks().len(), 1);
}

#[test]
fn a_task_that_hangs_ends_when_it_is_asked() {
    let aws = ScriptedAws::play("migrate-never-ends");
    let arn = run_task(&aws, &json!({})).unwrap()["tasks"][0]["taskArn"].clone();
    let describe = || {
        ecs(&aws, "DescribeTasks", &json!({"cluster": "todo", "tasks": [arn]}))["tasks"][0].clone()
    };
    describe();
    assert_eq!(describe()["lastStatus"], "RUNNING");
    ecs(&aws, "StopTask", &json!({"cluster": "todo", "task": arn, "reason": "timed out"}));
    let asked = describe();
    assert_eq!(
        (&asked["lastStatus"], &asked["desiredStatus"], &asked["stopCode"]),
        (&json!("RUNNING"), &json!("STOPPED"), &json!("UserInitiated"))
    );
    describe();
    let ended = describe();
    assert_eq!(
        (&ended["lastStatus"], &ended["containers"][0]["exitCode"]),
        (&json!("STOPPED"), &json!(143))
    );
    assert_eq!(ended["stoppedReason"], "timed out");
}

#[test]
fn who_calls_which_image_and_which_secret() {
    let aws = ScriptedAws::play("unchanged");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let who = agent
        .post(aws.endpoint())
        .send("Action=GetCallerIdentity&Version=2011-06-15")
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(who.contains("<Account>123456789012</Account>"), "{who}");
    let ecr = |operation: &str, body: Value| {
        call(&aws, "AmazonEC2ContainerRegistry_V20150921", operation, &body).unwrap().1
    };
    let image = ecr(
        "DescribeImages",
        json!({"repositoryName": "todo/api", "imageIds": [{"imageTag": "v2"}]}),
    );
    assert_eq!(image["imageDetails"][0]["imageDigest"], scripted_aws::NEXT_DIGEST);
    assert_eq!(
        ecr(
            "DescribeImages",
            json!({"repositoryName": "todo/api", "imageIds": [{"imageTag": "v3"}]})
        )["__type"],
        "ImageNotFoundException"
    );
    assert_eq!(
        ecr("DescribeImages", json!({"repositoryName": "todo/web"}))["__type"],
        "RepositoryNotFoundException"
    );
    let manifest = ecr(
        "BatchGetImage",
        json!({"repositoryName": "todo/api", "imageIds": [{"imageTag": "v2"}]}),
    );
    let manifest: Value =
        serde_json::from_str(manifest["images"][0]["imageManifest"].as_str().unwrap()).unwrap();
    let layer = ecr(
        "GetDownloadUrlForLayer",
        json!({"repositoryName": "todo/api", "layerDigest": manifest["config"]["digest"]}),
    );
    let config = agent
        .get(layer["downloadUrl"].as_str().unwrap())
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(config.contains("\"architecture\":\"amd64\""), "{config}");
    let secret = |id: &str| {
        call(&aws, "secretsmanager", "DescribeSecret", &json!({"SecretId": id})).unwrap().1
    };
    assert_eq!(secret("todo/database")["Name"], "todo/database");
    assert_eq!(secret("todo/other")["__type"], "ResourceNotFoundException");
}

#[test]
fn a_failed_deployment_of_before_is_there_from_the_first_look() {
    let aws = ScriptedAws::play("rerun-after-failure");
    let service = look(&aws);
    assert!(service["taskDefinition"].as_str().unwrap().ends_with("todo-api:42"));
    let states = [0, 1].map(|number| service["deployments"][number]["rolloutState"].clone());
    assert_eq!(states, ["FAILED", "COMPLETED"]);
    assert_eq!(
        (&service["runningCount"], &service["deployments"][0]["failedTasks"]),
        (&json!(2), &json!(3))
    );
}

#[test]
fn an_alarm_takes_a_canary_back() {
    let aws = ScriptedAws::play("canary-alarm");
    deploy(&aws);
    look_until(&aws, |_| service_deployment(&aws, 0)["lifecycleStage"] == "BAKE_TIME");
    look_until(&aws, |service| service["deployments"][0]["rolloutState"] == "COMPLETED");
    let record = service_deployment(&aws, 0);
    assert_eq!(
        (&record["status"], &record["alarms"]["status"]),
        (&json!("ROLLBACK_SUCCESSFUL"), &json!("TRIGGERED"))
    );
    assert_eq!(record["lifecycleStage"], "CLEAN_UP");
}

#[test]
fn a_rollback_can_fail_too() {
    let aws = ScriptedAws::play("rollback-fails");
    deploy(&aws);
    look_until(&aws, |_| service_deployment(&aws, 0)["status"] == "ROLLBACK_FAILED");
}

#[test]
fn a_rollback_may_get_a_new_id() {
    let aws = ScriptedAws::play("rollback-with-new-id");
    let before = look(&aws)["deployments"][0]["id"].clone();
    let ours = deploy(&aws);
    let after = look_until(&aws, |service| {
        let only = service["deployments"].as_array().unwrap().len() == 1;
        only && service["deployments"][0]["rolloutState"] == "COMPLETED"
    });
    let id = &after["deployments"][0]["id"];
    assert!(*id != before && id != ours.as_str());
    assert!(after["taskDefinition"].as_str().unwrap().ends_with("todo-api:41"));
}

#[test]
fn the_app_answers_as_it_is_told() {
    let aws = ScriptedAws::play("verify-flapping");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let statuses = (0..9).map(|_| agent.get(aws.app_url()).call().unwrap().status().as_u16());
    assert_eq!(statuses.collect::<Vec<_>>(), [200, 200, 503, 200, 200, 503, 503, 200, 200]);
}

#[test]
fn a_burst_comes_in_pages_and_each_line_once() {
    let aws = ScriptedAws::play("migrate-burst");
    let arn =
        run_task(&aws, &json!({})).unwrap()["tasks"][0]["taskArn"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        ecs(&aws, "DescribeTasks", &json!({"cluster": "todo", "tasks": [arn]}));
    }
    let (mut lines, mut pages, mut token) = (0, 0, None::<String>);
    loop {
        let (_, page) = logs(&aws, &arn, token.as_deref());
        let next = page["nextForwardToken"].as_str().unwrap().to_owned();
        if token.as_ref() == Some(&next) {
            break;
        }
        (lines, pages, token) =
            (lines + page["events"].as_array().unwrap().len(), pages + 1, Some(next));
    }
    assert_eq!(lines, 24_001);
    assert!(pages > 3, "{pages}");
}

/// Every scenario, with a deployer and a migrator that understand nothing: no call may be answered with what is not AWS's.
#[test]
fn every_scenario_can_be_played_through() {
    for name in Scenario::names() {
        let aws = ScriptedAws::play(&name);
        let ask = |operation: &str, body: Value| {
            call(&aws, "AmazonEC2ContainerServiceV20141113", operation, &body)
        };
        let _ = ask(
            "UpdateService",
            json!({"cluster": "todo", "service": "todo-api", "forceNewDeployment": true}),
        );
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let run = json!({"cluster": "todo", "taskDefinition": "todo-api", "networkConfiguration": network});
        let task = ask("RunTask", run)
            .ok()
            .and_then(|(_, answer)| Some(answer["tasks"].get(0)?["taskArn"].clone()));
        for _ in 0..5 {
            let _ = ask("DescribeServices", json!({"cluster": "todo", "services": ["todo-api"]}));
            if let Some(task) = &task {
                let _ = ask("DescribeTasks", json!({"cluster": "todo", "tasks": [task]}));
            }
            if name == "slow-calls" {
                break;
            }
        }
        let service = aws.service("todo", "todo-api");
        assert_eq!(service["serviceName"], "todo-api", "{name}");
    }
}
