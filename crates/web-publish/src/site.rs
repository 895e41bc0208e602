//! The built site on disk: which files there are, their digests, and what in them would do harm.
//!
//! What must be known before anything is written anywhere is read by as many threads as there are processors.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use crate::{
    class::Class,
    denied::Denied,
    error::PublishError,
    globs::{Pattern, first_match},
    pages,
    sums::{Summing, Sums},
};

/// Read in pieces of this size: the digest of a large file must not need a large buffer.
pub(crate) const PIECE: usize = 128 * 1024;
/// Enough to tell a private key by its beginning.
const HEAD: usize = 2048;
/// A page longer than this is not looked into for what it names.
const LONGEST_PAGE: u64 = 8 * 1024 * 1024;

/// A file that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Below the site's root, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) on_disk: PathBuf,
    pub(crate) size: u64,
}

/// What a walk over the directory saw.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) files: Vec<Found>,
    /// Symbolic links that were not followed.
    pub(crate) skipped_links: Vec<String>,
    /// Links that leave the directory, and where to.
    pub(crate) leaving: Vec<(String, PathBuf)>,
    /// Names that no key can hold.
    pub(crate) unnameable: Vec<PathBuf>,
}

/// Which files take part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) include: Vec<Pattern>,
}

/// Left behind by desktops: never part of a site.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

impl Selection {
    pub(crate) fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        if LITTER.contains(&name) {
            return false;
        }
        first_match(&self.exclude, path).is_none() || first_match(&self.include, path).is_some()
    }
}

/// Walks over `root`. Links are followed only where asked, and never out of the directory.
pub(crate) fn walk(root: &Path, selection: &Selection, follow: bool) -> Result<Walk, PublishError> {
    let real_root = root.canonicalize().map_err(|source| PublishError::read(root, source))?;
    let mut walk = Walk::default();
    // A folder, its path inside the site, and the folders above it: a link to one of them has no end.
    let mut folders = vec![(root.to_owned(), String::new(), vec![real_root.clone()])];
    while let Some((folder, inside, above)) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).map_err(|source| PublishError::read(&folder, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| PublishError::read(&folder, source))?;
            let on_disk = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                walk.unnameable.push(on_disk);
                continue;
            };
            let path = format!("{inside}{name}");
            let kind = entry.file_type().map_err(|source| PublishError::read(&on_disk, source))?;
            let mut kind_is_folder = kind.is_dir();
            let mut above = above.clone();
            if kind.is_symlink() {
                let target = on_disk.canonicalize().unwrap_or_default();
                if !target.starts_with(&real_root) {
                    if selection.takes(&path) {
                        walk.leaving.push((path, target));
                    }
                    continue;
                }
                if !follow || above.contains(&target) {
                    walk.skipped_links.push(path);
                    continue;
                }
                kind_is_folder = target.is_dir();
                above.push(target);
            }
            if kind_is_folder {
                if kind.is_dir() && follow {
                    above.extend(on_disk.canonicalize());
                }
                folders.push((on_disk, format!("{path}/"), above));
            } else if selection.takes(&path) {
                let data =
                    if kind.is_symlink() { std::fs::metadata(&on_disk) } else { entry.metadata() };
                let size = data.map_err(|source| PublishError::read(&on_disk, source))?.len();
                walk.files.push(Found { path, on_disk, size });
            }
        }
    }
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk)
}

/// What was learnt of a file by reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// None: the file was not read to its end, and its sums are taken when somebody needs them.
    pub(crate) sums: Option<Sums>,
    /// It begins as a private key does.
    pub(crate) private_key: bool,
    /// Which of the denied values is in it.
    pub(crate) denied: Option<usize>,
    /// What a page asks for.
    pub(crate) names: Vec<pages::Reference>,
}

/// Reads of all `files` what must be known before anything is written: pages and small files whole, others whole only where
/// values are denied. Ends soon, and in an error, when `stop` is cancelled.
pub(crate) fn read_all(
    files: &[(Found, Class)],
    denied: &Denied,
    stop: &CancellationToken,
) -> Result<Vec<Read>, PublishError> {
    in_parallel(files, |(file, class), buffer| {
        read_one(file, *class, denied, stop, buffer)
            .map_err(|source| PublishError::read(&file.on_disk, source))
    })
}

/// [`in_parallel`], while other things go on.
pub(crate) async fn in_background<T: Send + Sync + 'static, R: Clone + Default + Send + 'static>(
    items: Vec<T>,
    work: impl Fn(&T, &mut [u8]) -> Result<R, PublishError> + Send + Sync + 'static,
) -> Result<Vec<R>, PublishError> {
    match tokio::task::spawn_blocking(move || in_parallel(&items, work)).await {
        Ok(ended) => ended,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Does `work` for each of `items` on all processors; the answers are in the order of the items.
fn in_parallel<T: Sync, R: Clone + Default + Send>(
    items: &[T],
    work: impl Fn(&T, &mut [u8]) -> Result<R, PublishError> + Sync,
) -> Result<Vec<R>, PublishError> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![R::default(); items.len()]);
    let worker = || -> Result<(), PublishError> {
        let mut buffer = vec![0; PIECE];
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return Ok(()) };
            let answer = work(item, &mut buffer)?;
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = answer;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn read_one(
    file: &Found,
    class: Class,
    denied: &Denied,
    stop: &CancellationToken,
    buffer: &mut [u8],
) -> io::Result<Read> {
    let is_page = class.entry() && file.size <= LONGEST_PAGE && pages::is_page(&file.path);
    let whole = is_page || file.size < PIECE as u64 || denied.any();
    let mut from = File::open(&file.on_disk)?;
    let head = if whole { buffer.len() } else { HEAD };
    let mut count = read_full(&mut from, &mut buffer[..head])?;
    let mut read =
        Read { private_key: begins_as_a_private_key(&buffer[..count]), ..Read::default() };
    if !whole {
        return Ok(read);
    }
    if is_page && count < buffer.len() {
        read.names = pages::references_in(&buffer[..count]);
    }
    let mut text = Vec::new();
    let mut summing = Summing::of(file.size);
    let mut search = denied.search();
    while count > 0 {
        if stop.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let piece = &buffer[..count];
        summing.update(piece);
        search.look_at(piece);
        if count < buffer.len() && text.is_empty() {
            break;
        }
        if is_page {
            text.extend_from_slice(piece);
        }
        count = read_full(&mut from, buffer)?;
    }
    if !text.is_empty() {
        read.names = pages::references_in(&text);
    }
    (read.sums, read.denied) = (Some(summing.finish()), search.found);
    Ok(read)
}

/// Fills `buffer` unless the file ends before.
pub(crate) fn read_full(from: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn begins_as_a_private_key(piece: &[u8]) -> bool {
    let head = String::from_utf8_lossy(piece.get(..HEAD).unwrap_or(piece));
    head.contains("-----BEGIN ") && head.contains("PRIVATE KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn paths(walk: &Walk) -> Vec<&str> {
        walk.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn a_walk_leaves_out_what_is_excluded_unless_included() {
        let root = site(&[("a.txt", ""), ("b/c.txt", ""), ("b/d.txt", ""), (".DS_Store", "")]);
        let selection = Selection {
            exclude: vec!["b/**".parse().unwrap()],
            include: vec!["d.txt".parse().unwrap()],
        };
        assert_eq!(paths(&walk(root.path(), &selection, false).unwrap()), ["a.txt", "b/d.txt"]);
    }

    #[test]
    fn links_are_followed_when_asked_and_never_out() {
        let outside = site(&[("secret.txt", "s")]);
        let root = site(&[("real/a.txt", "a")]);
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
        };
        link(&root.path().join("real"), "linked");
        link(root.path(), "loop");
        link(&outside.path().join("secret.txt"), "out.txt");
        let seen = walk(root.path(), &Selection::default(), false).unwrap();
        assert_eq!(paths(&seen), ["real/a.txt"]);
        assert_eq!(seen.leaving.len(), 1);
        let seen = walk(root.path(), &Selection::default(), true).unwrap();
        assert_eq!(paths(&seen), ["linked/a.txt", "real/a.txt"]);
        assert_eq!(
            (seen.leaving.len(), seen.skipped_links.as_slice()),
            (1, &["loop".to_owned()][..])
        );
    }

    #[test]
    fn of_a_large_file_only_the_beginning_is_read_unless_values_are_denied() {
        let key = format!("-----BEGIN PRIVATE KEY-----{}", "x".repeat(PIECE));
        let root = site(&[("large.txt", &key), ("small.txt", "a"), ("index.html", "<img src=a>")]);
        let classes = crate::class::Classes::new(&[], &[]);
        let seen = walk(root.path(), &Selection::default(), false).unwrap();
        let files: Vec<_> = seen
            .files
            .into_iter()
            .map(|file| (file.clone(), classes.of(&file.path).unwrap()))
            .collect();
        let read = |denied: &Denied| read_all(&files, denied, &CancellationToken::new());
        let all = read(&Denied::default()).unwrap();
        let [page, large, small] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((page.names.len(), page.sums.is_some()), (1, true));
        assert_eq!((large.private_key, large.sums.is_some()), (true, false));
        assert_eq!((small.private_key, small.sums.is_some()), (false, true));
        let denied = Denied::new(&[("needle".to_owned(), 0)]).unwrap();
        assert!(read(&denied).unwrap()[1].sums.is_some());
        let stopped = CancellationToken::new();
        stopped.cancel();
        assert!(read_all(&files, &denied, &stopped).is_err());
    }
}
