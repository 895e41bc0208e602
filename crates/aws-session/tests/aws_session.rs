//! A process that opens a session and makes one call, against an AWS that misbehaves in a given way.
//!
//! The AWS SDK reads its settings from the process's own environment, so each test is a process: this test binary again,
//! running only the test `probe`.

#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set up has to stop")]

#[path = "aws_session/aws.rs"]
mod aws;
#[path = "aws_session/probe.rs"]
mod probe;
#[path = "aws_session/run.rs"]
mod run;

#[path = "aws_session/errors.rs"]
mod errors;
#[path = "aws_session/local.rs"]
mod local;
#[path = "aws_session/retries.rs"]
mod retries;
#[path = "aws_session/roles.rs"]
mod roles;
#[path = "aws_session/ways.rs"]
mod ways;
