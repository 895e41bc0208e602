//! The local AWS as its users meet it: real containers, a real database, and nothing left behind however its owner ends.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]
#![expect(
    clippy::disallowed_methods,
    reason = "waits for other processes, with a deadline; there is no runtime here"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use local_aws::{Error, LocalAws, Needs};
use serde_json::{Value, json};

fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| {
        LocalAws::start(Needs { engine: true, postgres: true, auth: false }).unwrap()
    })
}

#[test]
fn a_task_reaches_aws_and_the_database_by_the_name_that_rds_tells() {
    let aws = aws();
    let major = aws.postgres_major().unwrap().to_string();
    let cluster = aws.unique("names");
    let made = json!({
        "DBClusterIdentifier": cluster, "Engine": "aurora-postgresql", "EngineVersion": major,
        "MasterUsername": "todo", "ManageMasterUserPassword": true, "DatabaseName": "todo",
    });
    aws.call("rds", "create_db_cluster", &made).unwrap();
    let instance = json!({
        "DBInstanceIdentifier": format!("{cluster}-1"), "DBClusterIdentifier": cluster,
        "DBInstanceClass": "db.serverless", "Engine": "aurora-postgresql",
    });
    aws.call("rds", "create_db_instance", &instance).unwrap();
    let seen = until(|| {
        let seen = aws
            .call("rds", "describe_db_clusters", &json!({ "DBClusterIdentifier": cluster }))
            .unwrap();
        let seen = seen["DBClusters"][0].clone();
        (seen["Status"] == "available").then_some(seen)
    });
    let endpoint = seen["Endpoint"].as_str().unwrap();
    assert!(endpoint.ends_with(".rds.amazonaws.com"), "{endpoint}");
    assert_eq!(seen["Port"], 5432);

    // PostgreSQL hangs up on what is no startup packet: it was reached, where a lost packet would end in the time-out.
    let script = format!(
        "wget -qO- $AWS_ENDPOINT_URL/_ministack/health >/dev/null && echo aws; \
         address=$(nslookup {endpoint} | sed -n 's/^Address: //p'); echo no startup packet | nc $address 5432 && echo database"
    );
    let (exit, said) = run_task(aws, &script);
    assert_eq!((exit, said.as_str()), (0, "aws\ndatabase"));
}

#[test]
fn a_container_that_fails_is_told_with_its_exit_code_and_its_words() {
    let (exit, said) = run_task(aws(), "echo cannot go on; exit 42");
    assert_eq!((exit, said.as_str()), (42, "cannot go on"));
}

#[test]
fn what_a_container_publishes_is_bound_to_loopback() {
    let aws = aws();
    let name = aws.unique("published");
    let image = format!("postgres:{}-alpine", aws.postgres_major().unwrap());
    let network = aws.network().unwrap();
    aws.docker_output(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--network",
        network,
        "--publish",
        "5432",
        &image,
        "sleep",
        "60",
    ])
    .unwrap();
    let bound = aws.docker_output(&["port", &name]).unwrap();
    aws.docker_output(&["rm", "--force", &name]).unwrap();
    assert!(bound.trim().lines().all(|line| line.contains("-> 127.0.0.1:")), "{bound}");
}

#[test]
fn two_at_once_share_the_engine_and_nothing_else() {
    let first = LocalAws::start(Needs { engine: true, ..Needs::default() }).unwrap();
    let second = LocalAws::start(Needs { engine: true, ..Needs::default() }).unwrap();
    assert_eq!(first.docker_host(), second.docker_host());
    first.call("s3", "create_bucket", &bucket("mine")).unwrap();
    assert_eq!(second.call("s3", "list_buckets", &json!({})).unwrap()["Buckets"], json!([]));
    let network = first.network().unwrap().to_owned();
    drop(first);
    assert!(
        second.docker_output(&["network", "inspect", &network]).is_err(),
        "{network} is still there"
    );
    second.call("s3", "create_bucket", &bucket("theirs")).unwrap();
}

#[test]
fn the_stage_serves_a_site_and_hides_its_bucket() {
    let aws = aws();
    let stage = aws.stage("stage", &json!({})).unwrap();
    assert_eq!(stage.staged().len(), 8, "{stage:#?}");
    let bucket = stage.text("/bucket").unwrap();
    for (key, body) in [("index.html", "the page"), ("assets/a.js", "the script")] {
        let put = "import boto3, sys; boto3.client('s3').put_object(Bucket=sys.argv[1], Key=sys.argv[2], Body=sys.argv[3]); print(1)";
        aws.script(put, &[bucket, key, body]).unwrap();
    }
    let url = aws.site_url(&stage).unwrap();
    let get = |path: &str| {
        let out = Command::new("curl")
            .args(["--silent", "--write-out", " %{http_code}", &format!("{url}{path}")])
            .output();
        String::from_utf8(out.unwrap().stdout).unwrap()
    };
    assert_eq!(get("/"), "the page 200");
    assert_eq!(get("/todos/7"), "the page 200", "a path of the page's own router");
    assert_eq!(get("/assets/a.js"), "the script 200");
    // 404 on AWS, because the policy lets CloudFront list; MiniStack does not look at that.
    assert!(get("/assets/gone.js").ends_with(" 403"), "{}", get("/assets/gone.js"));
    assert_eq!(aws.sql(&stage, "select 1, current_database()").unwrap(), json!([[1, "todo"]]));
    assert!(!get("/api/todos").contains("the page"), "{}", get("/api/todos"));
}

#[test]
fn a_refused_call_says_which_and_why() {
    let error = aws().call("s3", "head_bucket", &json!({ "Bucket": "nowhere" })).unwrap_err();
    let Error::Call { call, code, .. } = &error else { panic!("{error:?}") };
    assert_eq!((call.as_str(), code.as_str()), ("s3.head_bucket", "404"));
}

#[test]
fn iam_is_enforced_when_asked_for() {
    let aws = LocalAws::start(Needs { auth: true, ..Needs::default() }).unwrap();
    aws.call("iam", "create_user", &json!({ "UserName": "nobody" })).unwrap();
    let key = aws.call("iam", "create_access_key", &json!({ "UserName": "nobody" })).unwrap();
    let script = "import boto3, json, sys\n\
        client = boto3.client('ecs', aws_access_key_id=sys.argv[1], aws_secret_access_key=sys.argv[2])\n\
        try: client.list_clusters(); print('null')\n\
        except client.exceptions.ClientError as error: print(json.dumps(error.response['Error']))";
    let (id, secret) = (&key["AccessKey"]["AccessKeyId"], &key["AccessKey"]["SecretAccessKey"]);
    let error = aws.script(script, &[id.as_str().unwrap(), secret.as_str().unwrap()]).unwrap();
    assert_eq!(error["Code"], "AccessDeniedException");
}

#[test]
fn an_owner_that_is_killed_leaves_nothing() {
    ends_cleanly("KILL");
}

#[test]
fn an_interrupted_owner_leaves_nothing() {
    ends_cleanly("INT");
}

fn ends_cleanly(signal: &str) {
    let mut owner = Owner::start();
    assert!(TcpStream::connect(("127.0.0.1", owner.port)).is_ok());
    let pid = owner.process.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    owner.process.wait().unwrap();
    until(|| TcpStream::connect(("127.0.0.1", owner.port)).is_err().then_some(()));
    until(|| (!Path::new(&owner.config).exists()).then_some(()));
}

/// The `local-aws` program, up.
struct Owner {
    process: Child,
    port: u16,
    config: String,
}

impl Owner {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
        let mut process = command
            .arg("--no-postgres")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut port, mut config) = (0, String::new());
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(found) = line.strip_prefix("export AWS_ENDPOINT_URL=http://127.0.0.1:") {
                port = found.parse().unwrap();
            }
            if let Some(found) = line.strip_prefix("export DOCKER_CONFIG=") {
                found.clone_into(&mut config);
            }
            if line.starts_with("# up") {
                return Self { process, port, config };
            }
        }
        let mut said = String::new();
        process.wait().unwrap();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("it did not come up: {said}");
    }
}

/// Runs a shell script as a Fargate task; its exit code and what it logged.
fn run_task(aws: &LocalAws, script: &str) -> (i64, String) {
    let family = "shell";
    let group = format!("/shell/{}", script.len());
    aws.call("ecs", "create_cluster", &json!({ "clusterName": "tests" })).unwrap();
    let _there_already = aws.call("logs", "create_log_group", &json!({ "logGroupName": group }));
    let image = format!("postgres:{}-alpine", aws.postgres_major().unwrap());
    let definition = json!({
        "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{
            "name": "shell", "image": image, "command": ["sh", "-c", script], "essential": true,
            "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "t",
            } },
        }],
    });
    let registered = aws.call("ecs", "register_task_definition", &definition).unwrap();
    let run = json!({
        "cluster": "tests", "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"], "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
    });
    let task = aws.call("ecs", "run_task", &run).unwrap()["tasks"][0]["taskArn"].clone();
    let stopped = until(|| {
        let seen = aws
            .call("ecs", "describe_tasks", &json!({ "cluster": "tests", "tasks": [task] }))
            .unwrap();
        (seen["tasks"][0]["lastStatus"] == "STOPPED").then(|| seen["tasks"][0].clone())
    });
    let exit = stopped["containers"][0]["exitCode"].as_i64().unwrap_or_else(|| panic!("{stopped}"));
    let stream = format!("t/shell/{}", task.as_str().unwrap().rsplit('/').next().unwrap());
    let said = until(|| {
        let events = json!({ "logGroupName": group, "logStreamName": stream });
        let events = aws.call("logs", "get_log_events", &events).ok()?;
        let lines: Vec<&str> = events["events"]
            .as_array()?
            .iter()
            .filter_map(|event| event["message"].as_str())
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    });
    (exit, said)
}

fn bucket(name: &str) -> Value {
    json!({ "Bucket": name, "CreateBucketConfiguration": { "LocationConstraint": "eu-west-1" } })
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "not within 30 s");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn terraform_finds_the_provider() {
    let config = local_aws::terraform_config(&|_| {}).unwrap();
    let root = aws().folder().join("terraform");
    std::fs::create_dir_all(&root).unwrap();
    let needs = "terraform {\n required_providers {\n aws = {\n source = \"hashicorp/aws\"\n version = \"= 3.39.0\"\n }\n }\n }\n";
    std::fs::write(root.join("main.tf"), needs).unwrap();
    let init = Command::new("terraform")
        .args(["init", "-input=false"])
        .current_dir(&root)
        .env("TF_CLI_CONFIG_FILE", config)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
}

#[test]
fn what_a_switched_off_machine_leaves_is_ended_by_the_next_start() {
    let mut owner = Owner::start();
    let run = Path::new(&owner.config).parent().unwrap().to_owned();
    let keeper: Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("keeper.json")).unwrap()).unwrap();
    // The keeper first: it must not get to work.
    for pid in [keeper["pid"].as_u64().unwrap(), owner.process.id().into()] {
        assert!(
            Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().unwrap().success()
        );
    }
    owner.process.wait().unwrap();
    assert!(
        TcpStream::connect(("127.0.0.1", owner.port)).is_ok(),
        "it should still run, so that there is something to end"
    );
    drop(LocalAws::start(Needs::default()).unwrap());
    assert!(TcpStream::connect(("127.0.0.1", owner.port)).is_err());
    assert!(!run.exists());
}
