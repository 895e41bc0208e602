//! `render-env`: fill an env file from Terraform outputs and Secrets Manager.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(render_env::run).await
}
