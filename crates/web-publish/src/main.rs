use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(
        include_str!("../../../actions/web-publish/policy.json"),
        web_publish::run,
    )
    .await
}
