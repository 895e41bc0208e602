//! The program as a process, against an S3 and a CloudFront in memory that can be told to fail, and against the local AWS.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests watch real processes: there is no clock to pause"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "web_publish/fixture.rs"]
mod fixture;
#[path = "web_publish/harm.rs"]
mod harm;
#[path = "web_publish/killed.rs"]
mod killed;
#[path = "web_publish/local.rs"]
mod local;
#[path = "web_publish/many.rs"]
mod many;
#[path = "web_publish/publishing.rs"]
mod publishing;
#[path = "web_publish/rollback.rs"]
mod rollback;
#[path = "web_publish/two_publishers.rs"]
mod two_publishers;
#[path = "web_publish/verified.rs"]
mod verified;
