//! Generated text in the repository: whole files, or parts of hand-written ones between markers.

use std::{fs, path::Path};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use similar::TextDiff;

/// A text and its place.
pub struct Generated {
    path: String,
    /// `None`: the whole file.
    part: Option<&'static str>,
    text: String,
}

impl Generated {
    pub(crate) fn whole(path: String, text: String) -> Self {
        Self { path, part: None, text }
    }

    /// What stands between `<!-- generated: part -->` and `<!-- end: part -->`.
    pub(crate) fn part(path: String, part: &'static str, text: String) -> Self {
        Self { path, part: Some(part), text }
    }
}

/// Writes what differs, and says which files those were.
pub fn write(root: &Path, generated: &[Generated]) -> miette::Result<Vec<String>> {
    let mut written = Vec::new();
    for item in generated {
        let (path, now) = read(root, item)?;
        let wanted = wanted(item, &now)?;
        if wanted != now {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).into_diagnostic()?;
            }
            fs::write(&path, wanted)
                .into_diagnostic()
                .wrap_err_with(|| format!("cannot write {}", item.path))?;
            written.push(item.path.clone());
        }
    }
    written.dedup();
    Ok(written)
}

/// What differs, as a unified diff. Empty when all is as it should be.
pub fn stale(root: &Path, generated: &[Generated]) -> miette::Result<String> {
    let mut differences = String::new();
    for item in generated {
        let (_, now) = read(root, item)?;
        let wanted = wanted(item, &now)?;
        if wanted != now {
            let diff = TextDiff::from_lines(now.as_str(), wanted.as_str());
            differences.push_str(&diff.unified_diff().header(&item.path, &item.path).to_string());
        }
    }
    Ok(differences)
}

fn read(root: &Path, item: &Generated) -> miette::Result<(std::path::PathBuf, String)> {
    let path = root.join(&item.path);
    match fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && item.part.is_none() => {
            Ok((path, String::new()))
        }
        Err(error) => {
            Err(error).into_diagnostic().wrap_err_with(|| format!("cannot read {}", item.path))
        }
    }
}

fn wanted(item: &Generated, now: &str) -> miette::Result<String> {
    let Some(part) = item.part else { return Ok(item.text.clone()) };
    let (start, end) = (format!("<!-- generated: {part} -->\n"), format!("<!-- end: {part} -->"));
    let (Some((before, rest)), true) = (now.split_once(&start), now.contains(&end)) else {
        return Err(miette!("{} lacks the markers `{}` and `{end}`", item.path, start.trim_end()));
    };
    let after = rest.split_once(&end).map_or("", |(_, after)| after);
    Ok(format!("{before}{start}{}{end}{after}", item.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let item = Generated::part("README.md".to_owned(), "inputs", "new\n".to_owned());
        let now = "# Mine\n<!-- generated: inputs -->\nold\n<!-- end: inputs -->\nMine too\n";
        let expected = "# Mine\n<!-- generated: inputs -->\nnew\n<!-- end: inputs -->\nMine too\n";
        assert_eq!(wanted(&item, now).unwrap(), expected);
    }

    #[test]
    fn a_file_without_markers_is_said_to_lack_them() {
        let item = Generated::part("README.md".to_owned(), "inputs", String::new());
        assert!(wanted(&item, "# Mine\n").unwrap_err().to_string().contains("lacks the markers"));
    }
}
