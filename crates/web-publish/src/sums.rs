//! The digests of a local file: of the whole, and of each part where it is sent in parts. Taken at most once.

use std::{fs::File, path::PathBuf, sync::OnceLock};

use sha2::Digest as _;

use crate::{digest::Digest, error::PublishError, site::read_full, upload};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) sha256: Digest,
    /// Empty where the file is sent whole.
    pub(crate) parts: Vec<Digest>,
}

/// A local file.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) on_disk: PathBuf,
    pub(crate) size: u64,
    sums: OnceLock<Sums>,
}

impl Local {
    pub(crate) fn new(on_disk: PathBuf, size: u64, sums: Option<Sums>) -> Self {
        Self { on_disk, size, sums: sums.map_or_else(OnceLock::new, OnceLock::from) }
    }

    /// The file's sums, if anybody took them.
    pub(crate) fn known_sums(&self) -> Option<&Sums> {
        self.sums.get()
    }

    /// The file's sums; it is read if nobody did before.
    pub(crate) fn sums(&self, buffer: &mut [u8]) -> Result<&Sums, PublishError> {
        if let Some(known) = self.sums.get() {
            return Ok(known);
        }
        let unreadable = |source| PublishError::read(&self.on_disk, source);
        let mut summing = Summing::of(self.size);
        let mut from = File::open(&self.on_disk).map_err(unreadable)?;
        loop {
            match read_full(&mut from, buffer).map_err(unreadable)? {
                0 => return Ok(self.sums.get_or_init(|| summing.finish())),
                count => summing.update(&buffer[..count]),
            }
        }
    }
}

/// Sums in the making.
pub(crate) struct Summing {
    whole: sha2::Sha256,
    parts: Option<Parts>,
}

impl Summing {
    /// Of a file of `size` bytes.
    pub(crate) fn of(size: u64) -> Self {
        Self { whole: sha2::Sha256::new(), parts: upload::part_size(size).map(Parts::new) }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.whole.update(piece);
        if let Some(parts) = &mut self.parts {
            parts.update(piece);
        }
    }

    pub(crate) fn finish(self) -> Sums {
        Sums {
            sha256: Digest(self.whole.finalize().into()),
            parts: self.parts.map(Parts::finish).unwrap_or_default(),
        }
    }
}

/// The digests of equal parts of a stream.
struct Parts {
    size: u64,
    left: u64,
    current: sha2::Sha256,
    done: Vec<Digest>,
}

impl Parts {
    fn new(size: u64) -> Self {
        Self { size, left: size, current: sha2::Sha256::new(), done: Vec::new() }
    }

    fn update(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(piece.len());
            let (now, later) = piece.split_at(take);
            self.current.update(now);
            self.left -= take as u64;
            if self.left == 0 {
                self.done.push(Digest(self.current.finalize_reset().into()));
                self.left = self.size;
            }
            piece = later;
        }
    }

    fn finish(mut self) -> Vec<Digest> {
        if self.left < self.size {
            self.done.push(Digest(self.current.finalize().into()));
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_where_they_are_sent() {
        let text = "abcdefg".repeat(50_000);
        let mut parts = Parts::new(100_000);
        text.as_bytes().chunks(30_001).for_each(|piece| parts.update(piece));
        let parts = parts.finish();
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[3], Digest(sha2::Sha256::digest(&text[300_000..]).into()));
    }

    #[test]
    fn sums_are_taken_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x");
        std::fs::write(&path, "hello").unwrap();
        let local = Local::new(path.clone(), 5, None);
        assert_eq!(local.known_sums(), None);
        let sums = local.sums(&mut [0; 3]).unwrap().clone();
        assert_eq!(sums.sha256, Digest(sha2::Sha256::digest("hello").into()));
        std::fs::remove_file(path).unwrap();
        assert_eq!(local.sums(&mut [0; 3]).unwrap(), &sums);
    }
}
