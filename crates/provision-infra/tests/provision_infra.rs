//! provision-infra as a process, on real Terraform: what is planned, applied, refused, interrupted, and never shown.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "provision_infra/applying.rs"]
mod applying;
#[path = "provision_infra/environments.rs"]
mod environments;
#[path = "provision_infra/local_stack.rs"]
mod local_stack;
#[path = "provision_infra/on_github.rs"]
mod on_github;
#[path = "provision_infra/planning.rs"]
mod planning;
#[path = "provision_infra/root.rs"]
mod root;
#[path = "provision_infra/sealing.rs"]
mod sealing;
#[path = "provision_infra/signals.rs"]
mod signals;
#[path = "provision_infra/terminal.rs"]
mod terminal;
#[path = "provision_infra/tools.rs"]
mod tools;
#[path = "provision_infra/wrong_inputs.rs"]
mod wrong_inputs;
