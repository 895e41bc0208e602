use std::process::ExitCode;

// Unlike its siblings it sends thousands of files: their connections are served by every processor.
#[tokio::main]
async fn main() -> ExitCode {
    actions_runtime::step(
        include_str!("../../../actions/web-publish/policy.json"),
        web_publish::run,
    )
    .await
}
