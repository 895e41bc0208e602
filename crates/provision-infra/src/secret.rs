//! Inputs that are secret: from the environment, or from a file that the environment names; never from a flag.

use actions_runtime::{Faults, Step};
use secrecy::SecretString;

/// The secret input `name`: `INPUT_NAME`, or what is in the file that `INPUT_NAME_FILE` names.
pub(crate) fn read(step: &Step, name: &str, faults: &mut Faults) -> Option<SecretString> {
    if let Some(secret) = step.secret_input(name) {
        return Some(secret);
    }
    let variable = format!("INPUT_{}_FILE", name.replace('-', "_").to_uppercase());
    let path = step.env(&variable)?;
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => {
            let secret = SecretString::from(text.trim());
            step.mask(&secret);
            Some(secret)
        }
        Ok(_) => {
            faults.add(name, format!("the file `{path}` is empty"));
            None
        }
        Err(error) => {
            faults.add(name, format!("the file `{path}` cannot be read: {error}"));
            None
        }
    }
}
