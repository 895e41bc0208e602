//! A request's body: read to its end, its sums taken, its bytes kept unless they are many.

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::StreamExt as _;
use md5::Digest as _;

/// Larger bodies are only counted and summed: the server must not need the memory that the client saves.
const KEPT_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) body: Bytes,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    /// The client told a sum that is not the body's.
    pub(crate) other_bytes: bool,
    pub(crate) sha256: Option<String>,
}

/// None: the client went away before the end.
pub(crate) async fn receive(headers: &HeaderMap, body: Body, verify: bool) -> Option<Received> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let told = text("x-amz-checksum-sha256").map(str::to_owned);
    let chunked = text("content-encoding").is_some_and(|coding| coding.contains("aws-chunked"));
    let length: usize = text("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut sums = Sums::new(verify && told.is_some());
    let mut kept = Vec::with_capacity(length.min(1 << 20));
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.ok()?;
        if !chunked {
            sums.update(&piece);
        }
        if chunked || sums.size <= KEPT_BYTES {
            kept.extend_from_slice(&piece);
        }
    }
    if chunked {
        kept = unchunk(&kept);
        sums.update(&kept);
    }
    if sums.size > KEPT_BYTES {
        kept = Vec::new();
    }
    let size = sums.size;
    let (md5, sha256) = sums.finish();
    let other_bytes = sha256.is_some_and(|sum| told.as_deref() != Some(sum.as_str()));
    Some(Received { body: kept.into(), size, md5, other_bytes, sha256: told })
}

struct Sums {
    size: u64,
    md5: md5::Md5,
    sha256: Option<sha2::Sha256>,
}

impl Sums {
    fn new(with_sha256: bool) -> Self {
        Self { size: 0, md5: md5::Md5::new(), sha256: with_sha256.then(sha2::Sha256::new) }
    }

    fn update(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        self.md5.update(piece);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(piece);
        }
    }

    fn finish(self) -> ([u8; 16], Option<String>) {
        let sha256 = self.sha256.map(|sum| BASE64_STANDARD.encode(sum.finalize()));
        (self.md5.finalize().into(), sha256)
    }
}

/// Takes apart the aws-chunked coding: `<hex size>[;…]\r\n<data>\r\n` … `0\r\n<trailers>`.
fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(raw.len());
    while let Some(end) = raw.windows(2).position(|pair| pair == b"\r\n") {
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let size = head.split(';').next().unwrap_or("0").trim().to_owned();
        let size = usize::from_str_radix(&size, 16).unwrap_or(0);
        raw = &raw[end + 2..];
        if size == 0 || raw.len() < size {
            break;
        }
        body.extend_from_slice(&raw[..size]);
        raw = raw.get(size + 2..).unwrap_or_default();
    }
    body
}
