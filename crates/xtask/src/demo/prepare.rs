//! Before the first call: what the machine lacks is told or installed, and everything is built.

use std::{path::PathBuf, process::Command};

use miette::{IntoDiagnostic as _, miette};

use super::{children::Children, teller::Teller};
use crate::process::{is_on_path, root};

/// Tells all that is missing at once, before anything is touched.
pub(crate) fn check() -> miette::Result<()> {
    let mut missing = Vec::new();
    for (program, remedy) in [
        ("git", "apt-get install git"),
        ("python3", "apt-get install python3 python3-venv"),
        ("npm", "apt-get install nodejs npm (Node 20.19 or newer)"),
    ] {
        if !is_on_path(program) {
            missing.push(format!("{program}: {remedy}"));
        }
    }
    if let Some(why) = terraform_fault() {
        missing.push(why);
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(miette!("the demo needs\n  {}", missing.join("\n  ")))
    }
}

/// 1.10 brought locks without a database, which the demo's state has.
fn terraform_fault() -> Option<String> {
    let wanted =
        "Terraform 1.10 or newer on PATH: https://developer.hashicorp.com/terraform/install";
    let out = Command::new("terraform")
        .args(["version", "-json"])
        .env("CHECKPOINT_DISABLE", "1")
        .output();
    let Ok(out) = out else { return Some(wanted.to_owned()) };
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    let version = told["terraform_version"].as_str().unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let recent = (parts.next(), parts.next()) >= (Some(1), Some(10));
    (!recent).then(|| format!("{wanted} (here is `{version}`)"))
}

/// Builds all there is to build; gives the folder with the image's program.
pub(crate) fn build(children: &mut Children, teller: &mut Teller) -> miette::Result<PathBuf> {
    let running = teller.begin("build", "the programs and the app's own, with cargo");
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    children.tool("cargo", cargo.args(["build", "--workspace", "--bins"]).current_dir(root()))?;
    let image = root().join("target/demo/image");
    let mut context = Command::new(root().join("examples/todo/api/image-context.sh"));
    children.tool("image-context", context.arg(&image).current_dir(root()))?;
    teller.end(&running, true, "built", None, "programs and todo-api, which is linked statically");

    let web = root().join("examples/todo/web");
    if !web.join("node_modules/vite").exists() {
        let running = teller.begin("npm", "installing what the page is built with");
        let mut npm = Command::new("npm");
        children.tool("npm", npm.args(["ci", "--silent"]).current_dir(&web))?;
        teller.end(&running, true, "installed", None, "the page's dependencies, by its lock file");
    }
    Ok(image)
}

/// A browser, or why there is none.
pub(crate) fn browser(teller: &Teller) -> miette::Result<()> {
    if is_on_path("chromium") {
        return Ok(());
    }
    teller.line("  installing chromium (apt-get, no recommended packages)");
    local_aws::install(&["chromium"]).into_diagnostic()
}
