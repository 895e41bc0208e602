//! The job summary: sections of Markdown, cut between sections where GitHub would drop the whole.

use std::{fs::OpenOptions, io::Write as _, path::Path, sync::Mutex};

/// GitHub: "Workflow commands for GitHub Actions", step isolation and limits: 1 MiB a step, else nothing is shown.
const LIMIT: usize = 1024 * 1024;
const CUT: &str = "\n_The rest is in the log: a summary holds 1 MiB at most._\n";

#[derive(Default)]
pub(crate) struct Summary(Mutex<Vec<String>>);

impl Summary {
    pub(crate) fn add(&self, section: String) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(section);
    }

    /// Appends what fits to the runner's file.
    pub(crate) fn write(
        &self,
        path: &Path,
        redact: impl Fn(&str) -> String,
    ) -> std::io::Result<()> {
        let sections = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let sections: Vec<String> = sections.iter().map(|section| redact(section)).collect();
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        let taken = usize::try_from(file.metadata()?.len()).unwrap_or(LIMIT);
        file.write_all(fit(&sections, LIMIT.saturating_sub(taken)).as_bytes())
    }
}

/// As many whole sections as fit into `limit` bytes, and a line that says when some did not.
fn fit(sections: &[String], limit: usize) -> String {
    let whole: usize = sections.iter().map(|section| section.len() + 2).sum();
    let limit = if whole <= limit { limit } else { limit.saturating_sub(CUT.len()) };
    let mut text = String::new();
    for section in sections {
        if text.len() + section.len() + 2 > limit {
            text.push_str(CUT);
            break;
        }
        text.push_str(section.trim_end());
        text.push_str("\n\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_kept_whole_and_a_cut_is_said() {
        let sections = ["a".repeat(60), "b".repeat(60)];
        assert_eq!(fit(&sections, 200), format!("{}\n\n{}\n\n", sections[0], sections[1]));
        let cut = fit(&sections, 123);
        assert!(cut.starts_with(&sections[0]) && cut.ends_with(CUT) && cut.len() <= 123, "{cut}");
    }
}
