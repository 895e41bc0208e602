//! `terraform/envs/local` on a local AWS: a real provider, real resources, the state on S3 under a native lock.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use local_aws::{LocalAws, Needs, terraform_config};
use scripted_github::ScriptedGitHub;
use serde_json::{Value, json};
use step_harness::Step;

use crate::root::Root;

fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| LocalAws::start(Needs::default()).unwrap())
}

/// A root with a bucket of its own for its state.
struct Stack {
    root: Root,
    name: &'static str,
}

impl Stack {
    /// `terraform/envs/local`.
    fn local(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform/envs/local");
        Self::of(Root::copy(&folder), name)
    }

    fn of(root: Root, name: &'static str) -> Self {
        let location = json!({"LocationConstraint": local_aws::REGION});
        let bucket =
            json!({"Bucket": format!("state-{name}"), "CreateBucketConfiguration": location});
        aws().call("s3", "create_bucket", &bucket).unwrap();
        Self { root, name }
    }

    fn step(&self, command: &str) -> Step {
        let step =
            self.root.step(command).input("backend-config", format!("bucket=state-{}", self.name));
        aws().environment().into_iter().fold(step, |step, (name, value)| step.env(name, value))
    }

    /// With the variables of `envs/local`, and its provider.
    fn with(&self, command: &str, variables: &str) -> Step {
        let config = terraform_config(&|_downloading| {}).unwrap();
        self.step(command).env("TF_CLI_CONFIG_FILE", config).input(
            "variables",
            format!("endpoint={}\nname={}\n{variables}", aws().endpoint(), self.name),
        )
    }

    fn objects(&self) -> Vec<String> {
        let listed =
            aws().call("s3", "list_objects_v2", &json!({"Bucket": format!("state-{}", self.name)}));
        let listed = listed.unwrap();
        let objects = listed["Contents"].as_array().into_iter().flatten();
        objects.map(|object| object["Key"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn the_local_stack_is_applied_kept_and_taken_down() {
    let stack = Stack::local("whole");
    let cache = stack.root.path().join("cache");
    let apply = stack.with("apply", "bearer_token=a-token-of-machines");
    let run = apply.env("RUNNER_TOOL_CACHE", &cache).run();
    let cached = cache.join("provision-infra/providers/registry.terraform.io/hashicorp/aws");
    assert!(cached.exists(), "the provider is there for the next run");
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert_eq!(run.output("reason"), "applied: 26 added");
    assert!(!crate::root::readable(&run).contains("a-token-of-machines"));
    assert_eq!(stack.objects(), ["envs/local.tfstate"], "the lock is gone");
    let outputs: Value =
        serde_json::from_slice(&fs::read(stack.root.path().join("outputs.json")).unwrap()).unwrap();
    assert_eq!(outputs["ecr_repository_name"]["value"], "whole/api");
    let groups =
        aws().call("logs", "describe_log_groups", &json!({"logGroupNamePrefix": "/ecs/whole"}));
    assert_eq!(groups.unwrap()["logGroups"][0]["retentionInDays"], 7);

    let token = "bearer_token=a-token-of-machines";
    let run = stack.with("plan", token).run();
    assert_eq!((run.code, run.output("verdict")), (0, "no-changes"), "{run:#?}");

    let run = stack.with("destroy", token).run();
    assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{run:#?}");
    for lost in ["whole/api", "aws_s3_bucket.web", "aws_secretsmanager_secret.bearer_token"] {
        let named = run.output("reason").contains(lost) || lost == "whole/api";
        assert!(named, "{lost}: {run:#?}");
    }
    let run = stack
        .with("destroy", token)
        .input("allow-destroy", "aws_s3_bucket.web\naws_ecr_*\naws_secretsmanager_secret.*\naws_cloudwatch_log_group.api")
        .run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert_eq!(run.output("to-destroy"), "26");
}

#[test]
fn what_somebody_changes_by_hand_is_drift_and_the_plan_takes_it_back() {
    let stack = Stack::local("drift");
    assert_eq!(stack.with("apply", "").run().code, 0);
    let run = stack.with("drift", "").run();
    // The alarm: the local AWS keeps its actions and does not give them back.
    let ours = run.output("reason").trim_start_matches("changed outside of Terraform: ").to_owned();
    assert!(ours == "aws_cloudwatch_metric_alarm.errors" || run.code == 0, "{run:#?}");

    let by_hand = json!({"logGroupName": "/ecs/drift-api", "retentionInDays": 30});
    aws().call("logs", "put_retention_policy", &by_hand).unwrap();
    let github = ScriptedGitHub::start();
    let watched = || {
        let step = stack.with("drift", "").env("GITHUB_API_URL", github.url());
        step.input("github-token", "a-token-of-a-job")
    };
    let run = watched().run();
    assert_eq!((run.code, run.output("verdict")), (6, "drifted"), "{run:#?}");
    assert!(run.output("reason").contains("aws_cloudwatch_log_group.api"), "{run:#?}");
    assert!(run.log.contains("retention_in_days: 7 → 30"), "{}", run.log);
    assert_eq!(run.output("to-change"), "0", "drift is not a pending change");
    watched().run();
    let issues = github.issues();
    assert_eq!(issues.len(), 1, "{issues:#?}");
    assert_eq!(issues[0]["title"], "Drift: root (default)");
    let body = issues[0]["body"].as_str().unwrap();
    assert!(body.contains("retention_in_days: 7 → 30"), "{body}");

    let known = stack.root.path().join("known.csv");
    fs::write(
        &known,
        "aws_cloudwatch_log_group.api,retention_in_days,2999-12-31,an audit\n\
         aws_cloudwatch_metric_alarm.errors,*,2999-12-31,the local AWS gives nothing back\n",
    )
    .unwrap();
    let run = watched().input("drift-ignore", "known.csv").run();
    assert_eq!((run.code, run.output("verdict")), (0, "no-changes"), "{run:#?}");
    assert_eq!(github.issues()[0]["state"], "closed");

    let run = stack.with("plan", "").run();
    assert_eq!((run.output("verdict"), run.output("to-change")), ("changes", "1"), "{run:#?}");
    assert!(run.log.contains("retention_in_days: 30 → 7"), "{}", run.log);
    assert!(run.log.contains("drift: aws_cloudwatch_log_group.api was changed"), "{}", run.log);
}

#[test]
fn a_replacement_of_what_others_stand_on_says_what_follows() {
    let stack = Stack::local("replaced");
    assert_eq!(stack.with("apply", "").run().code, 0);
    let run = stack.with("plan", "vpc_cidr=10.9.0.0/16").run();
    assert_eq!(run.output("verdict"), "changes", "{run:#?}");
    assert!(run.output("to-replace").parse::<usize>().unwrap() >= 7, "{run:#?}");
    assert!(
        run.log.contains("because it cannot be updated in place: cidr_block changes"),
        "{}",
        run.log
    );
    assert!(run.log.contains("what refers to it: "), "{}", run.log);
    let run = stack.with("apply", "name=renamed").run();
    assert_eq!(
        (run.code, run.output("verdict")),
        (2, "failed"),
        "a variable is given once: {run:#?}"
    );
}

/// A root without a provider, whose second resource takes a while.
const SLOW: &str = r#"
terraform {
  backend "s3" {
    key            = "slow.tfstate"
    use_path_style = true
    use_lockfile   = true
  }
}
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    command = "echo started > started; sleep 4"
  }
}
resource "terraform_data" "last" {
  input = terraform_data.slow.id
}
"#;

/// Waits until the slow resource of a root has begun.
fn started(stack: &Stack) {
    let started = stack.root.path().join("root/started");
    for _ in 0..600 {
        if started.exists() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("the slow resource never began");
}

/// The processes that a process has started.
fn children(process: u32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    children.split_whitespace().map(|child| child.parse().unwrap()).collect()
}

#[test]
fn a_lock_on_s3_names_its_run_and_a_dead_run_s_is_taken_away() {
    // It takes as long as the test does.
    let slow = SLOW.replace("sleep 4", "while [ ! -e done ]; do sleep 0.1; done");
    let stack = Stack::of(Root::new(&slow), "lock");
    let github = ScriptedGitHub::start();
    let asking = |command: &str| {
        let step = stack.step(command).env("GITHUB_RUN_ID", "4712");
        step.env("GITHUB_API_URL", github.url()).input("github-token", "a-token-of-a-job")
    };
    github.run("4711", "in_progress", None);
    let running = stack.step("apply").spawn();
    started(&stack);
    let run = asking("plan").input("unlock", "if-run-finished").run();
    assert_eq!((run.code, run.output("verdict")), (5, "locked"), "{run:#?}");
    let locked = "the state `state-lock/slow.tfstate` is locked by";
    assert!(run.output("reason").contains(locked), "{run:#?}");
    let alive = "its run https://github.com/octo/todo/actions/runs/4711 is alive (in_progress), says GitHub";
    assert!(run.output("reason").contains(alive), "{run:#?}");
    let info: Value = serde_json::from_str(run.output("lock-info")).unwrap();
    assert_eq!(info["run-state"], "alive (in_progress)");

    // The machine goes down: program and Terraform are gone in the same moment.
    let terraform = children(running.id());
    running.signal("KILL");
    for process in terraform {
        let process = rustix::process::Pid::from_raw(process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    }
    assert_eq!(running.finish().code, 137);
    assert_eq!(stack.objects(), ["slow.tfstate.holder.json", "slow.tfstate.tflock"]);
    github.run("4711", "completed", Some("cancelled"));
    let run = asking("plan").run();
    assert_eq!((run.code, run.output("verdict")), (5, "locked"), "{run:#?}");
    assert!(run.output("reason").contains("is over (cancelled), says GitHub"), "{run:#?}");
    assert!(run.log.contains("`unlock: if-run-finished` takes that lock away"), "{}", run.log);

    // A lock whose story is another one's is never touched.
    let get = json!({"Bucket": "state-lock", "Key": "slow.tfstate.holder.json"});
    let put = |text: &str| {
        let object =
            json!({"Bucket": "state-lock", "Key": "slow.tfstate.holder.json", "Body": text});
        aws().call("s3", "put_object", &object).unwrap();
    };
    let story = aws().call("s3", "get_object", &get).unwrap()["Body"].as_str().unwrap().to_owned();
    put(&story.replace(info["id"].as_str().unwrap(), "another"));
    let run = asking("apply").input("unlock", "if-run-finished").run();
    assert_eq!((run.code, run.output("verdict")), (5, "locked"), "{run:#?}");
    put(&story);

    fs::write(stack.root.path().join("root/done"), "").unwrap();
    let run = asking("apply").input("unlock", "if-run-finished").run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert!(run.log.contains("the lock is taken away"), "{}", run.log);
    assert_eq!(stack.step("plan").run().output("verdict"), "no-changes");
    assert_eq!(stack.objects(), ["slow.tfstate"]);
}

#[test]
fn a_program_that_is_killed_leaves_terraform_to_end_in_order() {
    let stack = Stack::of(Root::new(SLOW), "killed");
    let temporary = stack.root.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let running = stack.step("apply").env("RUNNER_TEMP", &temporary).spawn();
    started(&stack);
    running.signal("KILL");
    assert_eq!(running.finish().code, 137);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1, "the plan's folder is left");
    let run = stack.step("plan").env("RUNNER_TEMP", &temporary).input("lock-timeout", "60s").run();
    assert_eq!((run.code, run.output("verdict")), (0, "no-changes"), "{run:#?}");
    assert!(!stack.objects().contains(&"slow.tfstate.tflock".to_owned()), "the lock is gone");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "and swept by the next run");
}

#[test]
fn a_cancelled_apply_keeps_its_state_on_s3_and_gives_the_lock_back() {
    let stack = Stack::of(Root::new(SLOW), "cancelled");
    let running = stack.step("apply").spawn();
    started(&stack);
    running.signal("INT");
    let run = running.finish();
    assert_eq!((run.code, run.output("verdict")), (130, "cancelled"), "{run:#?}");
    assert_eq!(stack.objects(), ["slow.tfstate"]);
    let run = stack.step("apply").run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
}

#[test]
fn terraform_works_as_the_role_and_what_it_starts_sees_no_key() {
    let root = SLOW.replace("echo started > started; sleep 4", "env > seen");
    let stack = Stack::of(Root::new(&root), "role");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "*"}}]});
    let role = json!({"RoleName": "infra", "AssumeRolePolicyDocument": trust.to_string()});
    let role = aws().call("iam", "create_role", &role).unwrap();
    let arn = role["Role"]["Arn"].as_str().unwrap();
    let run = stack.step("apply").input("role-to-assume", arn).run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert_eq!(stack.objects(), ["slow.tfstate"], "the backend works with the role's credentials");
    let seen = fs::read_to_string(stack.root.path().join("root/seen")).unwrap();
    assert!(seen.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"), "{seen}");
    for key in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "INPUT_"] {
        assert!(!seen.contains(key), "{seen}");
    }
}

#[test]
fn a_wrong_account_ends_the_run_before_terraform_does_anything() {
    let stack = Stack::of(Root::new(SLOW), "account");
    let run = stack.step("apply").input("allowed-account-ids", "123456789012").run();
    assert_ne!(run.code, 0, "{run:#?}");
    assert!(run.log.contains("123456789012"), "{}", run.log);
    assert_eq!(stack.objects(), Vec::<String>::new());
}
