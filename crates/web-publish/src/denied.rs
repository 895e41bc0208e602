//! Values that must not be in any file of the site: searched for while the files are read, in every spelling.

use actions_runtime::{Faults, Step, spellings};
use aho_corasick::AhoCorasick;
use secrecy::SecretString;

/// The values, ready to be searched for.
#[derive(Debug, Default)]
pub(crate) struct Denied {
    spellings: Option<AhoCorasick>,
    /// Which variable each spelling is of.
    owner: Vec<usize>,
    longest: usize,
}

impl Denied {
    /// The values of `variables`. One that is not there cannot be searched for, and is a fault: nobody would notice.
    pub(crate) fn of(step: &Step, variables: &[String], faults: &mut Faults) -> Self {
        let mut all = Vec::new();
        for (at, name) in variables.iter().enumerate() {
            let Some(value) = step.env(name) else {
                faults.add(
                    "deny-values-of",
                    format!("there is no variable `{name}`, or it is blank"),
                );
                continue;
            };
            step.mask(&SecretString::from(value.as_str()));
            let spellings = spellings(&value);
            if spellings.is_empty() {
                faults.add(
                    "deny-values-of",
                    format!("the value of `{name}` is too short to be searched for"),
                );
            }
            all.extend(spellings.into_iter().map(|spelling| (spelling, at)));
        }
        Self::new(&all).unwrap_or_else(|error| {
            faults.add("deny-values-of", format!("these values cannot be searched for: {error}"));
            Self::default()
        })
    }

    pub(crate) fn new(all: &[(String, usize)]) -> Result<Self, aho_corasick::BuildError> {
        if all.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            spellings: Some(AhoCorasick::new(all.iter().map(|(spelling, _)| spelling))?),
            owner: all.iter().map(|(_, owner)| *owner).collect(),
            longest: all.iter().map(|(spelling, _)| spelling.len()).max().unwrap_or_default(),
        })
    }

    /// Whether there is anything to search for.
    pub(crate) fn any(&self) -> bool {
        self.spellings.is_some()
    }

    pub(crate) fn search(&self) -> Search<'_> {
        Search { denied: self, tail: Vec::new(), found: None }
    }
}

/// A search through one file, piece by piece.
pub(crate) struct Search<'a> {
    denied: &'a Denied,
    /// The end of the piece before: a value may begin in it.
    tail: Vec<u8>,
    pub(crate) found: Option<usize>,
}

impl Search<'_> {
    pub(crate) fn look_at(&mut self, piece: &[u8]) {
        let Some(spellings) = &self.denied.spellings else { return };
        if self.found.is_some() {
            return;
        }
        let overlap = self.denied.longest - 1;
        let seam = piece.len().min(overlap);
        self.tail.extend_from_slice(&piece[..seam]);
        let hit = spellings.find(&self.tail).or_else(|| spellings.find(piece));
        self.found = hit.and_then(|hit| self.denied.owner.get(hit.pattern().as_usize()).copied());
        // A short piece does not push out all of the tail before it.
        if piece.len() >= overlap {
            self.tail = piece[piece.len() - overlap..].to_vec();
        } else {
            let surplus = self.tail.len().saturating_sub(overlap);
            self.tail.drain(..surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_wherever_it_lies() {
        let denied = Denied::new(&[("needle".to_owned(), 0), ("other".to_owned(), 1)]).unwrap();
        let text = b"hay needle hay";
        for size in 1..text.len() {
            let mut search = denied.search();
            text.chunks(size).for_each(|piece| search.look_at(piece));
            assert_eq!(search.found, Some(0), "pieces of {size}");
        }
        let mut search = denied.search();
        search.look_at(b"an other one");
        assert_eq!(search.found, Some(1));
        let mut search = denied.search();
        search.look_at(b"need le");
        assert_eq!(search.found, None);
    }
}
