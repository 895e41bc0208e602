//! The context as the builder would receive it, hashed.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Fields, ignored::Ignored};

/// What hashing the context found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) hash: [u8; 32],
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// `.git` goes in, so that every commit makes another fingerprint.
    pub(crate) has_git: bool,
}

/// Why a context has no hash.
#[derive(Debug)]
pub(crate) enum Unhashable {
    /// A socket, a pipe or a device: the builder's business.
    Special(String),
    /// A name that is not UTF-8 cannot be held against the patterns.
    Name(String),
    Io(PathBuf, io::Error),
    Cancelled,
}

impl std::fmt::Display for Unhashable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Special(path) => {
                write!(f, "`{path}` in the context is neither file, directory nor link")
            }
            Self::Name(path) => write!(f, "the name of `{path}` in the context is not UTF-8"),
            Self::Io(path, error) => write!(f, "`{}` cannot be read: {error}", path.display()),
            Self::Cancelled => f.write_str("the run was cancelled"),
        }
    }
}

struct Entry {
    path: String,
    mode: u32,
    kind: Kind,
}

enum Kind {
    File,
    Directory,
    Link(Vec<u8>),
}

/// Hashes what of `root` the builder would see. Reads with all processors; `stop` ends it early.
pub(crate) fn hash(
    root: &Path,
    ignored: &Ignored,
    stop: &CancellationToken,
) -> Result<Context, Unhashable> {
    let mut entries = Vec::new();
    walk(root, "", ignored, &mut entries)?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let contents = read_all(root, &entries, stop)?;

    let mut fields = Fields::new("context");
    let mut bytes = 0;
    let mut files = 0;
    for (entry, content) in entries.iter().zip(&contents) {
        fields.add(b"path", entry.path.as_bytes());
        match (&entry.kind, content) {
            (Kind::Link(target), _) => fields.add(b"link", target),
            (Kind::Directory, _) => fields.add(b"directory", &entry.mode.to_be_bytes()),
            (Kind::File, content) => {
                let (digest, length) = content.as_ref().copied().unwrap_or_default();
                fields.add(b"file", &entry.mode.to_be_bytes());
                fields.add(b"content", &digest);
                bytes += length;
                files += 1;
            }
        }
    }
    let has_git = entries.iter().any(|entry| entry.path == ".git");
    Ok(Context { hash: fields.finish(), files, bytes, has_git })
}

/// Adds what is below `directory` to `found`; whether anything was.
fn walk(
    root: &Path,
    directory: &str,
    ignored: &Ignored,
    found: &mut Vec<Entry>,
) -> Result<bool, Unhashable> {
    let absolute = root.join(directory);
    let failed = |error| Unhashable::Io(absolute.clone(), error);
    let mut any = false;
    for child in fs::read_dir(&absolute).map_err(failed)? {
        let child = child.map_err(failed)?;
        let name = child.file_name();
        let Some(name) = name.to_str() else {
            return Err(Unhashable::Name(name.to_string_lossy().into_owned()));
        };
        let path =
            if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        let left_out = ignored.leaves_out(&path);
        let metadata = child.metadata().map_err(|error| Unhashable::Io(child.path(), error))?;
        let kind = metadata.file_type();
        // Permissions go into the image; the type is told by `kind`.
        let mode = metadata.permissions().mode() & 0o7777;
        if kind.is_dir() {
            if left_out && !ignored.has_exceptions() {
                continue;
            }
            let inside = walk(root, &path, ignored, found)?;
            // A directory that is left out still comes along for what is brought back inside it.
            if !left_out || inside {
                found.push(Entry { path, mode, kind: Kind::Directory });
                any = true;
            }
            continue;
        }
        if left_out {
            continue;
        }
        any = true;
        if kind.is_symlink() {
            let target =
                fs::read_link(child.path()).map_err(|error| Unhashable::Io(child.path(), error))?;
            let target = target.as_os_str().as_bytes().to_vec();
            found.push(Entry { path, mode: 0, kind: Kind::Link(target) });
        } else if kind.is_file() {
            found.push(Entry { path, mode, kind: Kind::File });
        } else {
            return Err(Unhashable::Special(path));
        }
    }
    Ok(any)
}

type Hashed = Option<([u8; 32], u64)>;

/// The digest and length of each file; nothing for the rest.
fn read_all(
    root: &Path,
    entries: &[Entry],
    stop: &CancellationToken,
) -> Result<Vec<Hashed>, Unhashable> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = entries.get(index) else { return Ok(done) };
            if stop.is_cancelled() {
                return Err(Unhashable::Cancelled);
            }
            if matches!(entry.kind, Kind::File) {
                let path = root.join(&entry.path);
                let hashed =
                    read(&path, stop).map_err(|error| Unhashable::Io(path.clone(), error))?;
                done.push((index, hashed));
            }
        }
    };
    let mut all: Vec<Hashed> = vec![None; entries.len()];
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let done = thread.join().map_err(|_panic| Unhashable::Cancelled)??;
            for (index, hashed) in done {
                all[index] = Some(hashed);
            }
        }
        // The last file may have been cut short.
        if stop.is_cancelled() { Err(Unhashable::Cancelled) } else { Ok(all) }
    })
}

fn read(path: &Path, stop: &CancellationToken) -> io::Result<([u8; 32], u64)> {
    use io::Read as _;
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 || stop.is_cancelled() {
            return Ok((hash.finalize().into(), length));
        }
        hash.update(&buffer[..read]);
        length += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
    };

    use super::*;

    fn hashed(root: &Path, ignored: &str) -> Context {
        hash(root, &Ignored::read(ignored).unwrap(), &CancellationToken::new()).unwrap()
    }

    fn folder<'a, P, C>(files: impl IntoIterator<Item = &'a (P, C)>) -> tempfile::TempDir
    where
        P: AsRef<Path> + 'a,
        C: AsRef<[u8]> + 'a,
    {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the tree is: the same bytes hash alike in any order and at any time, and one bit of any file counts.
        #[test]
        fn a_bit_anywhere_counts_and_order_and_time_do_not(
            tree in btree_map("[a-c]{1,2}(/[d-f]{1,2}){0,2}x", vec(any::<u8>(), 1..40), 1..8),
            which: prop::sample::Index,
            place: prop::sample::Index,
            bit in 0..8_u8,
        ) {
            let files: Vec<(String, Vec<u8>)> = tree.into_iter().collect();
            let (first, second) = (folder(&files), folder(files.iter().rev()));
            for (path, _) in &files {
                let file = fs::File::options().write(true).open(second.path().join(path)).unwrap();
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
            }
            let before = hashed(first.path(), "");
            prop_assert_eq!(&before, &hashed(second.path(), ""));
            let (path, mut content) = files[which.index(files.len())].clone();
            let at = place.index(content.len());
            content[at] ^= 1 << bit;
            fs::write(first.path().join(path), content).unwrap();
            prop_assert_ne!(before.hash, hashed(first.path(), "").hash);
        }
    }

    type Change = fn(&Path);

    const FILES: [(&str, &str); 3] = [("a", "1"), ("src/b", "2"), ("src/c/d", "3")];

    #[test]
    fn the_same_files_hash_alike_whatever_their_time_and_order() {
        let first = folder(&FILES);
        let mut reversed = FILES;
        reversed.reverse();
        let second = folder(&reversed);
        let file = fs::File::options().write(true).open(second.path().join("a")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(hashed(first.path(), ""), hashed(second.path(), ""));
        assert_eq!((hashed(first.path(), "").files, hashed(first.path(), "").bytes), (3, 3));
    }

    #[test]
    fn every_change_that_counts_is_seen() {
        let before = hashed(folder(&FILES).path(), "").hash;
        let changes: [(&str, Change); 7] = [
            ("content", |root| fs::write(root.join("a"), "x").unwrap()),
            ("name", |root| fs::rename(root.join("a"), root.join("b")).unwrap()),
            ("permission", |root| {
                fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
            }),
            ("a new file", |root| fs::write(root.join("new"), "").unwrap()),
            ("an empty directory", |root| fs::create_dir(root.join("new")).unwrap()),
            ("a file that is gone", |root| fs::remove_file(root.join("a")).unwrap()),
            ("a link", |root| {
                fs::remove_file(root.join("a")).unwrap();
                symlink("src/b", root.join("a")).unwrap();
            }),
        ];
        for (what, change) in changes {
            let folder = folder(&FILES);
            fs::set_permissions(folder.path().join("a"), fs::Permissions::from_mode(0o644))
                .unwrap();
            change(folder.path());
            assert_ne!(hashed(folder.path(), "").hash, before, "{what} does not count");
        }
    }

    #[test]
    fn what_is_left_out_does_not_count_and_what_is_brought_back_does() {
        let folder = folder(&FILES);
        let before = hashed(folder.path(), "src\n!src/c");
        assert_eq!(before.files, 2);
        fs::write(folder.path().join("src/b"), "other").unwrap();
        assert_eq!(hashed(folder.path(), "src\n!src/c"), before);
        fs::write(folder.path().join("src/c/d"), "other").unwrap();
        assert_ne!(hashed(folder.path(), "src\n!src/c"), before);
    }

    #[test]
    fn a_cancelled_run_hands_on_no_hash() {
        let stop = CancellationToken::new();
        stop.cancel();
        let folder = folder(&FILES);
        let result = hash(folder.path(), &Ignored::default(), &stop);
        assert!(matches!(result, Err(Unhashable::Cancelled)));
    }
}
