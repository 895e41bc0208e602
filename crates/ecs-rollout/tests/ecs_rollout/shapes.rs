//! Services and task definitions of other shapes than the todo app's.

use scripted_aws::{NEXT_IMAGE, RUNNING_IMAGE, ScriptedAws};

use crate::{REGISTER_AND_UPDATE, check, deploy};

#[test]
fn a_linear_deployment_ends_with_its_record() {
    let aws = ScriptedAws::play("linear-goes-well");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &["`todo-api:42` serves"]);
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
    for stage in ["PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"] {
        assert_eq!(run.log.matches(&format!("stage {stage}")).count(), 1, "{stage}\n{}", run.log);
    }
}

#[test]
fn a_service_on_capacity_providers_is_only_given_another_revision() {
    let aws = ScriptedAws::play("capacity-providers");
    let run = deploy(&aws).run();
    check(&run, 0, "deployed", &[]);
    let update = aws.calls().into_iter().find(|call| call.operation == "UpdateService").unwrap();
    for member in ["capacityProviderStrategy", "networkConfiguration", "desiredCount"] {
        assert!(update.body.get(member).is_none(), "{member}: {}", update.body);
    }
}

#[test]
fn a_deregistered_revision_that_runs_is_what_the_next_one_is_made_of() {
    for (base, memory) in [("running", "512"), ("newest", "1024")] {
        let aws = ScriptedAws::play("inactive-revision");
        let run = deploy(&aws).input("base", base).run();
        check(&run, 0, "deployed", &["`todo-api:43` serves"]);
        assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
        assert_eq!(aws.task_definition("todo-api:43")["memory"], memory);
    }
}

#[test]
fn a_way_back_that_is_deregistered_is_no_rollback() {
    let aws = ScriptedAws::play("rollback-target-inactive");
    let run = deploy(&aws).run();
    check(
        &run,
        1,
        "failed",
        &["no such table: todos", "it could not be rolled back", "TaskDefinition is inactive"],
    );
    assert_eq!(aws.writes(), REGISTER_AND_UPDATE);
}

#[test]
fn of_two_containers_the_named_one_gets_the_image() {
    // Without a name the one behind the load balancer.
    for name in ["", "api"] {
        let aws = ScriptedAws::play("two-containers");
        let run = deploy(&aws).input("container-name", name).run();
        check(&run, 0, "deployed", &[]);
        let registered = aws.task_definition("todo-api:42");
        let image = |at: usize| registered["containerDefinitions"][at]["image"].clone();
        assert_eq!(image(0), NEXT_IMAGE);
        assert!(image(1).to_string().contains("todo/proxy"), "{registered}");
    }

    // Each with its own.
    let aws = ScriptedAws::play("two-containers");
    let proxy = NEXT_IMAGE.replace("todo/api", "todo/proxy");
    let run = deploy(&aws).input("image", format!("api={NEXT_IMAGE}\nproxy={proxy}")).run();
    check(&run, 0, "deployed", &[]);
    let registered = aws.task_definition("todo-api:42");
    assert_eq!(registered["containerDefinitions"][1]["image"], proxy);
}

#[test]
fn of_several_names_the_nearest_is_offered() {
    let aws = ScriptedAws::play("several-names");
    for (input, wrong, words) in [
        ("cluster", "todo-stagin", "did you mean `todo-staging`?"),
        ("service", "todo-wroker", "did you mean `todo-worker`?"),
        ("image", &RUNNING_IMAGE.replace("todo/api@", "todo/workr:v1@"), "todo/workr"),
        (
            "image",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/workr:v1",
            "did you mean `todo/worker`?",
        ),
        ("container-name", "ap", "did you mean `api`?"),
    ] {
        let run = deploy(&aws).input(input, wrong).run();
        assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{}", run.log);
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
    assert_eq!(aws.writes(), [""; 0]);
}
