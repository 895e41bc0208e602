//! `provision-infra`: plan and apply a Terraform root.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step(
        include_str!("../../../actions/provision-infra/policy.json"),
        provision_infra::run,
    )
    .await
}
