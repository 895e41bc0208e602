//! render-env as a process: what it writes is read by the real readers, and what must not be written is not.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "render_env/files.rs"]
mod files;
#[path = "render_env/readers.rs"]
mod readers;
#[path = "render_env/reading_back.rs"]
mod reading_back;
#[path = "render_env/refusals.rs"]
mod refusals;
#[path = "render_env/secrets.rs"]
mod secrets;
