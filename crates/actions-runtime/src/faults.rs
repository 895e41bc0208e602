//! Bad input, all of it at once: what is wrong is collected, and told in one go before anything is changed.

use std::fmt;

use miette::Diagnostic;

/// What is wrong with the inputs, in the order in which it was found. A run that ends in it exits with 2.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

#[derive(Debug)]
struct Fault {
    input: String,
    message: String,
}

impl Faults {
    /// Notes that `input` (its name in a workflow file) is wrong, and why.
    pub fn add(&mut self, input: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { input: input.into(), message: message.into() });
    }

    /// Notes what was found elsewhere.
    pub fn append(&mut self, mut found: Self) {
        self.0.append(&mut found.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends the run where anything was found.
    pub fn check(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// One fault without a list: `Err(Faults::one("bucket", …))`.
    pub fn one(input: impl Into<String>, message: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(input, message);
        faults
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|fault| format!("`{}`: {}", fault.input, fault.message))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Faults {}
impl Diagnostic for Faults {}

/// The one of `names` that `wanted` was most likely meant to be, if any is near.
pub fn nearest<'a, S: AsRef<str>>(wanted: &str, names: &'a [S]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&wanted.to_lowercase(), &name.as_ref().to_lowercase()),
                name.as_ref(),
            )
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The end of a sentence that says which names there are: `; did you mean …?`, or the first few of them.
pub fn did_you_mean<S: AsRef<str>>(wanted: &str, names: &[S]) -> String {
    const SHOWN: usize = 8;
    if let Some(name) = nearest(wanted, names) {
        return format!("; did you mean `{name}`?");
    }
    if names.is_empty() {
        return "; there are none".to_owned();
    }
    let mut shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    format!("; there is {}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["todo-api-service", "billing"];
        assert_eq!(nearest("todo-api-servce", &names), Some("todo-api-service"));
        assert_eq!(nearest("zzz", &names), None);
        assert_eq!(did_you_mean("zzz", &names), "; there is `todo-api-service`, `billing`");
        assert_eq!(did_you_mean::<&str>("zzz", &[]), "; there are none");
    }
}
