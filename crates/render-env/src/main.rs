//! `render-env`: fill an env file from Terraform outputs and Secrets Manager.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(include_str!("../../../actions/render-env/policy.json"), render_env::run)
        .await
}
