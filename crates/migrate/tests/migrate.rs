//! The program as a process: against a scripted AWS, and on a local one with real containers.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]

#[path = "migrate/faults.rs"]
mod faults;
#[path = "migrate/local.rs"]
mod local;
#[path = "migrate/scripted.rs"]
mod scripted;
