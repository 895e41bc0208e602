use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(include_str!("../../../actions/migrate/policy.json"), migrate::run).await
}
