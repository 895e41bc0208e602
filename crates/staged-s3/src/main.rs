//! The server by hand and for benchmarks: `staged-s3 [PORT]` prints its endpoint, then obeys lines on standard input and
//! answers each with one line.
//!
//! `latency MS` · `bucket NAME [versioned]` · `distribution ID BUCKET` · `site ID` · `wipe` · `reset` · `stats` · `compare BUCKET FOLDER`.
//! It ends with its input.

use std::{
    io::{self, BufRead as _, Write as _},
    path::Path,
};

use md5::{Digest as _, Md5};

use staged_s3::StagedS3;

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let server = StagedS3::start_at(port)?;
    // The client is what is measured here, so the server does not sum bodies for it.
    server.verify(false);
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", server.endpoint())?;
    for line in io::stdin().lock().lines() {
        let answer = obey(&server, &line?);
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn obey(server: &StagedS3, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["latency", milliseconds] => match milliseconds.parse() {
            Ok(milliseconds) => server.latency(milliseconds),
            Err(error) => return format!("error: {error}"),
        },
        ["bucket", name] => server.create_bucket(name, false),
        ["bucket", name, "versioned"] => server.create_bucket(name, true),
        ["distribution", id, bucket] => {
            if let Err(error) = server.create_distribution(id, bucket) {
                return format!("error: {error}");
            }
        }
        ["site", id] => return server.site(id),
        ["wipe"] => server.wipe(),
        ["reset"] => server.clear_log(),
        ["compare", bucket, folder] => {
            return match compare(server, bucket, Path::new(folder)) {
                Ok(wrong) => wrong.to_string(),
                Err(error) => format!("error: {error}"),
            };
        }
        ["stats"] => return server.log().len().to_string(),
        _ => return format!("error: `{line}` is no command"),
    }
    "ok".to_owned()
}

/// How many files of `folder` the bucket does not have with these bytes. Those that were sent in parts are compared by size.
fn compare(server: &StagedS3, bucket: &str, folder: &Path) -> io::Result<usize> {
    let mut wrong = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(folder).map_err(io::Error::other)?;
            let bytes = std::fs::read(&path)?;
            let right = server.object(bucket, &key.to_string_lossy()).is_some_and(|object| {
                let sum = staged_s3::hex(&Md5::digest(&bytes));
                object.size == bytes.len() as u64
                    && (object.etag == sum || object.etag.contains('-'))
            });
            wrong += usize::from(!right);
        }
    }
    Ok(wrong)
}
