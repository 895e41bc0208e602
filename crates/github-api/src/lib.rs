//! GitHub's side of a run: one comment kept up to date, statuses, one issue opened and closed, and whether a run is alive.
//!
//! Every call has a time-out. What only asks or sets is sent again when an answer is lost; what creates is looked for
//! first, because a second comment or issue is worse than none.

mod comments;
mod error;
mod event;
mod issues;
mod pages;
mod requests;
mod runs;
mod statuses;

pub use self::{
    comments::Missing, error::Error, event::PullRequest, requests::GitHub, runs::RunState,
};
