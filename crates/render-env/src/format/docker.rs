//! `docker run --env-file` (docker/cli: `pkg/kvfile`): a line is a pair, quotes and `#` mean nothing in a value.

use super::Pairs;

/// Go's `bufio.Scanner` gives up on a longer line.
const LONGEST_LINE: usize = 64 * 1024;

pub(super) fn read(text: &str) -> Option<Pairs> {
    let mut pairs = Pairs::new();
    for line in text.trim_start_matches('\u{feff}').split('\n') {
        if line.len() >= LONGEST_LINE || line.contains('\0') {
            return None;
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // A bare `KEY` would take the host's value: nothing that we write.
        let (key, value) = line.split_once('=')?;
        if key.is_empty() || key.contains(char::is_whitespace) {
            return None;
        }
        pairs.push((key.to_owned(), value.to_owned()));
    }
    Some(pairs)
}
