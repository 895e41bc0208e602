//! The process: arguments and environment in, exit code out.

use std::env;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // A variable that is not UTF-8 cannot be one of ours.
    let environment = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    todo_api::run(&arguments, &environment.collect()).await
}
