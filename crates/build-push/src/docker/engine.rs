//! The engine, asked without docker's program, which takes longer to start than all else that finds an image again.

use std::{path::Path, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

use crate::reference::Platform;

/// An engine on this machine answers at once, or is not to be waited for: docker is asked then.
const PATIENCE: Duration = Duration::from_secs(2);

/// The platform that the engine behind `socket` builds for (Docker Engine API, "Get version").
pub(crate) async fn platform(socket: &Path) -> Option<Platform> {
    let asking = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    of_answer(&timeout(PATIENCE, asking).await.ok()?.ok()?)
}

fn of_answer(answer: &[u8]) -> Option<Platform> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    head.lines().next()?.split_whitespace().nth(1).filter(|status| *status == "200")?;
    let told: Value = serde_json::from_str(body).ok()?;
    let (system, processor) = (told["Os"].as_str()?, told["Arch"].as_str()?);
    // Other processors have levels, of which it says nothing.
    let plain = ["amd64", "arm64"].contains(&processor);
    plain.then(|| format!("{system}/{processor}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_counts() {
        let of = |answer: &str| of_answer(answer.as_bytes()).map(|it| it.to_string());
        let ok = |processor: &str| {
            format!("HTTP/1.0 200 OK\r\nX: y\r\n\r\n{{\"Os\":\"linux\",\"Arch\":\"{processor}\"}}")
        };
        assert_eq!(of(&ok("arm64")).as_deref(), Some("linux/arm64"));
        assert_eq!(of(&ok("arm")), None);
        assert_eq!(of(&ok("amd64").replace("200", "503")), None);
        assert_eq!(of("HTTP/1.0 200 OK\r\n\r\nno"), None);
    }
}
