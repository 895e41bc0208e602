//! A Terraform root in a folder of its own, of resources that need no provider.

use std::{fs, path::Path};

use step_harness::{Run, Step, step};
use tempfile::TempDir;

/// Two values, a secret, a replacement when `n` changes, and what follows from it.
pub(crate) const ROOT: &str = r#"
variable "n" {
  default = "1"
}
variable "password" {
  default   = "c0rrect-horse"
  sensitive = true
}
resource "terraform_data" "value" {
  input = "n is ${var.n}"
}
resource "terraform_data" "secret" {
  input = "postgres://todo:${var.password}@db-${var.n}"
}
resource "terraform_data" "replaced" {
  triggers_replace = var.n
}
resource "terraform_data" "follows" {
  input = terraform_data.replaced.id
}
output "n" {
  value = terraform_data.value.output
}
output "password" {
  value     = var.password
  sensitive = true
}
"#;

pub(crate) struct Root(TempDir);

impl Root {
    pub(crate) fn new(configuration: &str) -> Self {
        let root = Self(TempDir::new().unwrap());
        fs::create_dir(root.path().join("root")).unwrap();
        root.write(configuration);
        root
    }

    /// A copy of a folder of `.tf` files.
    pub(crate) fn copy(folder: &Path) -> Self {
        let root = Self(TempDir::new().unwrap());
        fs::create_dir(root.path().join("root")).unwrap();
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "tf") {
                fs::copy(&file, root.path().join("root").join(file.file_name().unwrap())).unwrap();
            }
        }
        root
    }

    pub(crate) fn write(&self, configuration: &str) {
        fs::write(self.path().join("root/main.tf"), configuration).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program, standing beside the root.
    pub(crate) fn step(&self, command: &str) -> Step {
        step!("provision-infra")
            .current_dir(self.path())
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .input("command", command)
            .input("working-directory", "root")
    }

    pub(crate) fn run(&self, command: &str) -> Run {
        self.step(command).run()
    }

    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path().join("root/terraform.tfstate")).unwrap())
            .unwrap()
    }
}

/// Everything that a run let anybody read but for the masks themselves, which must name what they mask.
pub(crate) fn readable(run: &Run) -> String {
    let lines = run.everything();
    lines.lines().filter(|line| !line.starts_with("::add-mask::")).collect::<Vec<_>>().join("\n")
}
