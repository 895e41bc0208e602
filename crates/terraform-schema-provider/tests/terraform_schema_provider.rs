//! `terraform/` under the real Terraform, on the real schema of the AWS provider, without AWS.
//!
//! Shows: arguments, blocks, types, references, wiring, what each switch and each validation does, the life of a state.
//! Does not show: any value that AWS would refuse, any permission, any price.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

#[path = "terraform_schema_provider/house_rules.rs"]
mod house_rules;
#[path = "terraform_schema_provider/modules.rs"]
mod modules;
#[path = "terraform_schema_provider/roots.rs"]
mod roots;
#[path = "terraform_schema_provider/terraform.rs"]
mod terraform;
#[path = "terraform_schema_provider/trivy.rs"]
mod trivy;
