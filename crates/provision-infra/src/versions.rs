//! Which Terraform a root asks for: `.terraform-version`, and `required_version` in its configuration.

use std::{fs, path::Path};

/// `init -json` came with it, and `OpenTofu` has it from the same number on.
const OLDEST: Number = [1, 9, 0];

type Number = [u64; 3];

/// What is wrong with this version for the root in `directory`.
pub(crate) fn faults(version: &str, directory: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(ours) = number(version) else { return faults };
    if ours < OLDEST {
        let [major, minor, _] = OLDEST;
        faults
            .push(format!("this is version {version}; {major}.{minor} is the oldest that will do"));
    }
    let wanted = fs::read_to_string(directory.join(".terraform-version")).unwrap_or_default();
    let wanted = wanted.trim();
    // tfenv knows `latest` and patterns too; what is no plain version asks for none.
    if number(wanted).is_some() && wanted != version {
        faults.push(format!("`.terraform-version` asks for {wanted}, and this is {version}"));
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "tf") {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        for wanted in text.lines().filter_map(required) {
            // What we cannot read, Terraform judges.
            if satisfies(wanted, ours) == Some(false) {
                faults.push(format!("`{name}` requires `{wanted}`, and this is {version}"));
            }
        }
    }
    faults
}

/// The constraint in a line `required_version = ">= 1.10"`.
fn required(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("required_version")?.trim_start();
    rest.strip_prefix('=')?.trim_start().strip_prefix('"')?.split('"').next()
}

/// Terraform: "Version Constraints". All of them have to hold.
fn satisfies(constraints: &str, ours: Number) -> Option<bool> {
    let mut all = true;
    for constraint in constraints.split(',') {
        let constraint = constraint.trim();
        let digits = constraint.find(|c: char| c.is_ascii_digit())?;
        let (operator, wanted) = constraint.split_at(digits);
        let theirs = number(wanted)?;
        all &= match operator.trim() {
            "" | "=" => ours == theirs,
            "!=" => ours != theirs,
            ">" => ours > theirs,
            ">=" => ours >= theirs,
            "<" => ours < theirs,
            "<=" => ours <= theirs,
            // Only the last of the numbers that are given may grow.
            "~>" => {
                let fixed = wanted.split('.').count().saturating_sub(1);
                ours >= theirs && ours[..fixed] == theirs[..fixed]
            }
            _ => return None,
        };
    }
    Some(all)
}

/// `1.11.4`, `1.11`. `None` where it is no plain version.
fn number(text: &str) -> Option<Number> {
    let mut number = [0; 3];
    let parts: Vec<&str> = text.trim().split('.').collect();
    if parts.len() > number.len() {
        return None;
    }
    for (place, part) in number.iter_mut().zip(parts) {
        *place = part.parse().ok()?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_a_root_asks_for_is_compared() {
        let folder = tempfile::TempDir::new().unwrap();
        let faults = |version: &str| faults(version, folder.path()).join("\n");
        assert_eq!(faults("1.11.4"), "");
        assert!(faults("1.8.5").contains("1.9 is the oldest"));
        fs::write(folder.path().join(".terraform-version"), "1.12.0\n").unwrap();
        assert!(faults("1.11.4").contains("asks for 1.12.0, and this is 1.11.4"));
        fs::write(folder.path().join(".terraform-version"), "latest:^1.11\n").unwrap();
        assert_eq!(faults("1.11.4"), "");
        let configuration = "terraform {\n  # required_version = \"< 1\"\n  required_version = \">= 1.10, < 1.12\"\n}\n";
        fs::write(folder.path().join("versions.tf"), configuration).unwrap();
        assert_eq!(faults("1.11.4"), "");
        assert_eq!(
            faults("1.12.0"),
            "`versions.tf` requires `>= 1.10, < 1.12`, and this is 1.12.0"
        );
    }

    #[test]
    fn constraints_are_terraform_s() {
        let ours = [1, 11, 4];
        for (constraint, holds) in [
            ("1.11.4", true),
            ("= 1.11.3", false),
            ("!= 1.11.4", false),
            ("> 1.11.4", false),
            (">= 1.11.4", true),
            ("~> 1.9", true),
            ("~> 1.11.2", true),
            ("~> 1.10.0", false),
            (">=1.0,<1.11", false),
        ] {
            assert_eq!(satisfies(constraint, ours), Some(holds), "{constraint}");
        }
        assert_eq!(satisfies(">= 1.12.0-beta1", ours), None);
    }
}
