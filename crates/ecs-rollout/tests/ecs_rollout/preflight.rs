//! What would fail a whole rollout is found before the first write.

use scripted_aws::ScriptedAws;

use crate::{check, deploy};

#[test]
fn a_missing_secret_and_a_missing_log_group_are_told_together() {
    let aws = ScriptedAws::play("secret-missing");
    let run = deploy(&aws).run();
    assert_eq!(run.code, 2, "{}", run.log);
    for words in [
        "`secrets`: `DATABASE_URL` of the container `api` refers to the secret `todo/databse-AbCdEf`, which does not exist; did you mean `todo/database`?",
        "`task-definition`: the log group `/ecs/todo-api` does not exist",
    ] {
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn an_image_for_another_cpu_is_told() {
    let aws = ScriptedAws::play("image-for-another-cpu");
    let run = deploy(&aws).run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(
        run.log.contains("is built for arm64, and the tasks of `api` run on amd64"),
        "{}",
        run.log
    );
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn an_image_that_ecr_does_not_hold_is_told() {
    let aws = ScriptedAws::play("deployed");
    let digest = "9".repeat(64);
    let image = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api@sha256:{digest}");
    let run = deploy(&aws).input("image", image).run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(run.log.contains("ECR holds no image"), "{}", run.log);
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn a_repository_that_is_mistyped_is_told_with_the_nearest_name() {
    let aws = ScriptedAws::play("deployed");
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/apo:v1";
    let run = deploy(&aws).input("image", image).run();
    assert_eq!(run.code, 2, "{}", run.log);
    assert!(run.log.contains("there is no repository `todo/apo`"), "{}", run.log);
    assert!(run.log.contains("did you mean `todo/api`?"), "{}", run.log);
}

#[test]
fn a_missing_role_parameter_or_stage_is_told_and_nothing_is_written() {
    let aws = ScriptedAws::play("needs-missing");
    let run = deploy(&aws).run();
    assert_eq!(run.code, 2, "{}", run.log);
    for words in [
        "`task-definition`: the execution role `todo-api-execution` does not exist",
        "`secrets`: `DATABASE_URL` of the container `api` refers to the stage `AWSPENDING` of the secret `todo/database`, which it does not have",
        "`secrets`: `FLAGS` of the container `api` refers to the SSM parameter `/todo/flgs`, which does not exist; did you mean `/todo/flags`?",
    ] {
        assert!(run.log.contains(words), "{words}\n{}", run.log);
    }
    assert!(
        !run.log.contains("session-key"),
        "an ARN names it with and without a slash:\n{}",
        run.log
    );
    assert_eq!(aws.writes(), [""; 0]);
}

#[test]
fn what_may_not_be_checked_is_a_note() {
    let denied = "- {on: [BatchGetImage, DescribeSecret, DescribeLogGroups, GetRole, DescribeParameters], times: always, does: deny}";
    let aws = ScriptedAws::play_with("deployed", denied);
    let run = deploy(&aws).input("secrets", "FLAGS=/todo/flags").run();
    check(&run, 0, "deployed", &[]);
    for words in [
        "the log group `/ecs/todo-api` (this run may not call logs:DescribeLogGroups)",
        "the secret `todo/database-AbCdEf` (this run may not call secretsmanager:DescribeSecret)",
        "the execution role `todo-api-execution` (this run may not call iam:GetRole)",
        "the parameters `/todo/flags` (this run may not call ssm:DescribeParameters)",
        "the CPU architecture of",
    ] {
        assert!(run.log.contains(&format!("not checked: {words}")), "{words}\n{}", run.log);
    }
}
