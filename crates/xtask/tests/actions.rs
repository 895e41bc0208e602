//! The actions as another repository uses them: from a release's tree, its assets on a loopback server, in act's host mode.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]

#[path = "actions/act.rs"]
mod act;
#[path = "actions/assets.rs"]
mod assets;
#[path = "actions/deploy.rs"]
mod deploy;
#[path = "actions/fetch.rs"]
mod fetch;
#[path = "actions/release.rs"]
mod release;
