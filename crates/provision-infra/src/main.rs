//! `provision-infra`: plan and apply a Terraform root.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(provision_infra::run).await
}
