//! An AWS of a few lines: it notes what it is asked and answers as told, also in ways in which no HTTP library would.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `POST /path HTTP/1.1`.
    pub(crate) line: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// `UpdateService`, or `AssumeRole`, or the request's line.
    pub(crate) fn operation(&self) -> &str {
        let target = self.header("x-amz-target");
        if let Some((_, operation)) = target.rsplit_once('.') {
            return operation;
        }
        match self.body.strip_prefix("Action=") {
            Some(form) => form.split('&').next().unwrap_or(form),
            None => &self.line,
        }
    }
}

pub(crate) enum Answer {
    Whole(u16, &'static [(&'static str, &'static str)], String),
    /// Half of its body, then nothing.
    Cut(String),
    /// The work is done, and the connection ends without a word.
    Dropped,
}

impl Answer {
    pub(crate) fn json(body: &str) -> Self {
        Self::Whole(200, &[("content-type", "application/x-amz-json-1.1")], body.to_owned())
    }

    pub(crate) fn xml(body: &str) -> Self {
        Self::Whole(200, &[("content-type", "text/xml")], body.to_owned())
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
        Self::Whole(status, &[("content-type", "application/x-amz-json-1.1")], body)
    }

    /// With the server's own wish for the wait, so that tests do not sit through ours.
    pub(crate) fn throttled() -> Self {
        Self::Whole(
            400,
            &[("content-type", "application/x-amz-json-1.1"), ("x-amz-retry-after", "1")],
            r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned(),
        )
    }

    pub(crate) fn html() -> Self {
        Self::Whole(503, &[("content-type", "text/html")], "<html><h1>503</h1></html>".to_owned())
    }
}

pub(crate) struct Aws {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Aws {
    /// `answer` gets the request and how many of the same operation came before it.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, answer) = (asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.operation().to_owned()).collect()
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked, usize) -> Answer) {
    let mut reader = BufReader::new(stream);
    let Some(asked) = read(&mut reader) else { return };
    let before = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|one| one.operation() == asked.operation()).count();
        log.push(asked.clone());
        before
    };
    let mut stream = reader.into_inner();
    match answer(&asked, before) {
        Answer::Dropped => {}
        Answer::Cut(body) => {
            let half = &body[..body.len() / 2];
            let head = "content-type: application/x-amz-json-1.1\r\nconnection: close";
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {length}\r\n\r\n{half}")
                .unwrap();
        }
        Answer::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\n");
            for (name, value) in headers {
                head.extend([name, ": ", value, "\r\n"]);
            }
            let length = body.len();
            let body = if asked.line.starts_with("HEAD") { "" } else { &body };
            write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { line: line.trim_end().to_owned(), headers, body: String::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}
