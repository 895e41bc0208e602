//! A server of release assets on loopback: GitHub's two ways to an asset, and what goes wrong on the way.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use crate::release::folder;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends in the middle of the archive.
    CutShort,
    /// One byte of the archive is another one.
    Tampered,
    /// 503, with a page.
    Unavailable,
    /// Nothing is answered.
    Silent,
}

/// It serves until the test's process ends.
pub(crate) struct Assets {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What becomes of the next requests; then all is well.
    faults: Vec<Fault>,
    heads: Vec<String>,
}

impl Assets {
    pub(crate) fn serve(faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { faults: faults.to_vec(), ..State::default() }));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                // A client that has gone is what some tests are about.
                thread::spawn(move || answer(&stream, &shared).unwrap_or_default());
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().heads.clone()
    }
}

fn answer(stream: &TcpStream, shared: &Mutex<State>) -> std::io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream);
    while reader.read_line(&mut head)? > 2 {}
    let fault = {
        let mut state = shared.lock().unwrap();
        state.heads.push(head.clone());
        (!state.faults.is_empty()).then(|| state.faults.remove(0))
    };
    let mut stream = stream;
    let Some(mut body) = body(&head) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    };
    let length = body.len();
    match fault {
        Some(Fault::CutShort) => body.truncate(length / 2),
        Some(Fault::Tampered) => body[length / 2] ^= 1,
        Some(Fault::Unavailable) => {
            let page = "<html>Unicorn!</html>";
            return write!(
                stream,
                "HTTP/1.1 503 Busy\r\ncontent-length: {}\r\n\r\n{page}",
                page.len()
            );
        }
        Some(Fault::Silent) => {
            // Until the other side has had enough.
            reader.read_line(&mut head)?;
            return Ok(());
        }
        None => {}
    }
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")?;
    stream.write_all(&body)
}

/// The asset at a public release's address, or a private one by way of the API.
fn body(head: &str) -> Option<Vec<u8>> {
    let target = head.split(' ').nth(1)?;
    // Through a proxy the whole address is asked for.
    let path =
        target.split_once("//").map_or(target, |(_, rest)| &rest[rest.find('/').unwrap_or(0)..]);
    let tag = format!("v{}", env!("CARGO_PKG_VERSION"));
    let authorized = head.contains("Authorization: Bearer a-token-for-releases");
    let archive = |name: &str| fs::read(folder().join("distrib").join(name)).ok();
    if let Some(name) = path.strip_prefix(&format!("/org/todo-actions/releases/download/{tag}/")) {
        return archive(name);
    }
    if let (Some(name), true) =
        (path.strip_prefix("/repos/org/todo-actions/releases/assets/"), authorized)
    {
        return archive(name).filter(|_| head.contains("application/octet-stream"));
    }
    if path == format!("/repos/org/todo-actions/releases/tags/{tag}") && authorized {
        let host = head.lines().find_map(|line| line.strip_prefix("Host: "))?;
        let mut files: Vec<PathBuf> = fs::read_dir(folder().join("distrib"))
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        let assets: Vec<String> = files
            .iter()
            .filter_map(|file| file.file_name()?.to_str())
            .map(|name| {
                format!(
                    r#"{{"url":"http://{host}/repos/org/todo-actions/releases/assets/{name}","id":1,"name":"{name}","uploader":{{"login":"x","url":"http://{host}/users/x"}}}}"#
                )
            })
            .collect();
        return Some(format!(r#"{{"tag_name":"{tag}","assets":[{}]}}"#, assets.join(",")).into());
    }
    None
}
