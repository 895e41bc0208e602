//! The program under test: it opens a session, makes the calls of one scenario, and tells how they ended.

use actions_runtime::{CommonInputs, Exit, Step, StepOutputs};
use aws_session::{AwsError, AwsInputs, Session};
use serde::Serialize;

#[derive(Debug, clap::Parser)]
#[command(name = "probe")]
struct Inputs {
    #[arg(long)]
    scenario: String,
    #[command(flatten)]
    aws: AwsInputs,
    #[command(flatten)]
    common: CommonInputs,
    // What the test harness is told in the same command line.
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(hide = true)]
    test: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outputs {
    verdict: String,
    code: String,
    doubtful: bool,
    sentence: String,
    calls: Vec<String>,
    writes: Vec<String>,
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        Exit::Code(0)
    }
}

#[test]
fn probe() {
    // Among the other tests it is none.
    if std::env::vars_os().all(|(name, _)| name != "INPUT_SCENARIO") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let code = runtime.block_on(actions_runtime::step("", run));
    println!("\nended: {code:?}");
}

async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let session = Session::open(step, &inputs.aws).await?;
    let ended = calls(step, &session, &inputs.scenario).await;
    let calls = session.calls().list();
    let mut outputs = Outputs {
        verdict: "done".to_owned(),
        sentence: session.calls().sentence(),
        calls: calls
            .iter()
            .map(|c| format!("{} {} x{}", c.operation, c.resource, c.attempts))
            .collect(),
        writes: session.calls().writes(),
        ..Outputs::default()
    };
    if let Err(error) = ended {
        error.code().unwrap_or_default().clone_into(&mut outputs.code);
        outputs.doubtful = error.is_doubtful();
        kind(&error).clone_into(&mut outputs.verdict);
        let report = miette::Report::from(error);
        step.say(format!("said: {report}"));
        for cause in report.chain().skip(1) {
            step.say(format!("because: {cause}"));
        }
        if let Some(help) = report.help() {
            step.say(format!("help: {help}"));
        }
        // What a careless `{:?}` would show.
        step.say(format!("{report:?} {session:?}"));
    }
    Ok(outputs)
}

fn kind(error: &AwsError) -> &'static str {
    match error {
        AwsError::AccessDenied(_) => "denied",
        AwsError::NotFound(_) => "not-found",
        AwsError::Doubtful(_) => "doubtful",
        AwsError::Unreachable(_) => "unreachable",
        AwsError::WrongRegion(_) => "wrong-region",
        AwsError::Throttled(_) => "throttled",
        AwsError::ExpiredCredentials(_) => "expired",
        AwsError::NoCredentials(_) => "no-credentials",
        AwsError::BadCredentials(_) => "bad-credentials",
        AwsError::NoAnswer(_) => "no-answer",
        AwsError::Service(_) => "service",
        AwsError::Invalid(_) => "invalid",
    }
}

async fn calls(step: &Step, session: &Session, scenario: &str) -> Result<(), AwsError> {
    let ecs = aws_sdk_ecs::Client::new(session.config());
    match scenario {
        "open" => {}
        "account" => step.say(format!("account: {}", session.account().await?)),
        "read" | "read-twice" => {
            for _ in 0..if scenario == "read" { 1 } else { 2 } {
                let describe = ecs.describe_services().cluster("todo").services("todo-api");
                describe
                    .send()
                    .await
                    .map_err(|error| session.explain("ecs:DescribeServices", "todo-api", error))?;
            }
        }
        "write" => {
            let update = ecs.update_service().cluster("todo").service("todo-api").send().await;
            update.map_err(|error| session.explain("ecs:UpdateService", "todo-api", error))?;
        }
        "dry-write" => {
            session.read_only();
            let update = ecs.update_service().cluster("todo").service("todo-api").send().await;
            update.map_err(|error| session.explain("ecs:UpdateService", "todo-api", error))?;
        }
        "put-file" => {
            let path = std::env::current_exe().unwrap();
            let body = aws_sdk_s3::primitives::ByteStream::from_path(path).await.unwrap();
            let put = s3(session).put_object().bucket("site").key("file").body(body);
            put.send()
                .await
                .map_err(|error| session.explain("s3:PutObject", "site/file", error))?;
        }
        "get-object" => {
            let get = s3(session).get_object().bucket("site").key("file").send().await;
            let object =
                get.map_err(|error| session.explain("s3:GetObject", "site/file", error))?;
            let bytes = object.body.collect().await.unwrap().into_bytes();
            step.say(format!("got: {}", String::from_utf8_lossy(&bytes)));
        }
        "register" => {
            let register = ecs.register_task_definition().family("todo-api").send().await;
            register.map_err(|error| {
                session.explain("ecs:RegisterTaskDefinition", "todo-api", error)
            })?;
        }
        "run-task" => {
            let run = ecs.run_task().task_definition("todo-api").client_token("once").send().await;
            run.map_err(|error| session.explain("ecs:RunTask", "todo-api", error))?;
        }
        "put-object" => {
            let put =
                s3(session).put_object().bucket("site").key("a b.js").body(b"1".to_vec().into());
            put.send()
                .await
                .map_err(|error| session.explain("s3:PutObject", "site/a b.js", error))?;
        }
        "head-object" => {
            let head = s3(session).head_object().bucket("site").key("index.html").send().await;
            head.map_err(|error| session.explain("s3:HeadObject", "site/index.html", error))?;
        }
        other => panic!("no scenario `{other}`"),
    }
    Ok(())
}

fn s3(session: &Session) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(session.config())
        .force_path_style(session.endpoint_overridden("S3"));
    aws_sdk_s3::Client::from_conf(config.build())
}
