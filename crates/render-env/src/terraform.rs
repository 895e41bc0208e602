//! Terraform's outputs: from the file that they were written to, or from Terraform itself.

use std::{collections::BTreeMap, io::ErrorKind, path::Path};

use actions_runtime::Faults;
use tokio::process::Command;

use crate::{expression::Output, file, inputs::Inputs};

/// The outputs, by name. `needed` says whether a file that is not there is a fault.
pub(crate) async fn outputs(
    inputs: &Inputs,
    needed: bool,
    faults: &mut Faults,
) -> BTreeMap<String, Output> {
    if let Some(folder) = &inputs.working_directory {
        let outputs = asked(folder).await.and_then(|text| {
            parse(&text).map_err(|place| format!("Terraform's outputs are no JSON ({place})"))
        });
        return outputs.unwrap_or_else(|fault| {
            faults.add("working-directory", fault);
            BTreeMap::new()
        });
    }
    let path = &inputs.outputs_file;
    // A template of secrets alone needs no Terraform.
    if !needed && !path.exists() {
        return BTreeMap::new();
    }
    let Some(text) = file::read_input("outputs-file", path, faults) else {
        return BTreeMap::new();
    };
    parse(&text).unwrap_or_else(|place| {
        let path = path.display();
        faults.add(
            "outputs-file",
            format!("`{path}` is not what `terraform output -json` writes ({place})"),
        );
        BTreeMap::new()
    })
}

/// What `terraform output -json` prints in `folder`.
async fn asked(folder: &Path) -> Result<String, String> {
    if !folder.is_dir() {
        return Err(format!("there is no directory `{}`", folder.display()));
    }
    // setup-terraform puts a wrapper in front, which adds lines of its own; the real one is beside it.
    for program in ["terraform-bin", "terraform"] {
        let mut terraform = Command::new(program);
        let asked = terraform.args(["output", "-json", "-no-color"]).current_dir(folder).output();
        match asked.await {
            Ok(output) if output.status.success() => {
                return String::from_utf8(output.stdout).map_err(|error| error.to_string());
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said: Vec<&str> =
                    said.lines().map(|line| line.trim_matches([' ', '╷', '│', '╵'])).collect();
                return Err(format!("`terraform output` failed: {}", said.join(" ").trim()));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("Terraform cannot be run: {error}")),
        }
    }
    Err("Terraform is not on PATH".to_owned())
}

/// `{"name": {"sensitive": …, "type": …, "value": …}}`, or the place where the text is something else.
fn parse(text: &str) -> Result<BTreeMap<String, Output>, String> {
    #[derive(serde::Deserialize)]
    struct Written {
        value: serde_json::Value,
        sensitive: bool,
    }
    let outputs: BTreeMap<String, Written> = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {}", error.line(), error.column()))?;
    let outputs = outputs.into_iter();
    Ok(outputs
        .map(|(name, Written { value, sensitive })| (name, Output { value, sensitive }))
        .collect())
}
