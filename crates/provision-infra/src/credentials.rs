//! The role's credentials for Terraform, handed out on loopback for as long as this program runs.
//!
//! In the environment they would be read by every program that Terraform starts, live on after a cancel, and expire in
//! the middle of a long apply. AWS's SDKs ask an endpoint again whenever theirs grow old (AWS: "Container credential
//! provider"): `AWS_CONTAINER_CREDENTIALS_FULL_URI`, with a token in `AWS_CONTAINER_AUTHORIZATION_TOKEN`.

use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider},
};
use aws_session::Session;
use aws_smithy_types::date_time::{DateTime, Format};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
    time::timeout,
};

use crate::{errors::Error, terraform::Terraform};

/// A request is a few hundred bytes, and its sender is on this machine.
const LONGEST_REQUEST: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
/// Renewed this long before they end, so that nobody is handed the last seconds of one.
const MARGIN: Duration = Duration::from_mins(5);

/// What would keep an SDK from asking the endpoint: it looks there last.
const IN_THE_WAY: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// The endpoint. It is gone when this is dropped.
pub(crate) struct Endpoint {
    url: String,
    token: SecretString,
    server: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Endpoint {
    pub(crate) async fn open(session: &Session) -> Result<Self, Error> {
        let provider = session.config().credentials_provider().ok_or(Error::NoCredentials)?;
        Self::serve(provider).await
    }

    async fn serve(provider: SharedCredentialsProvider) -> Result<Self, Error> {
        let listen = |source| Error::Listen { source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let token = random().map_err(listen)?;
        let expected = Arc::new(token.clone());
        let cache = Arc::new(Mutex::new(None::<Credentials>));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (provider, expected, cache) =
                    (provider.clone(), expected.clone(), cache.clone());
                tokio::spawn(async move {
                    // A client that hangs up has its own troubles.
                    let _gone =
                        timeout(PATIENCE, answer(stream, &expected, &provider, &cache)).await;
                });
            }
        });
        Ok(Self { url: format!("http://127.0.0.1:{port}/"), token: token.into(), server })
    }

    /// Makes Terraform ask here and nowhere else.
    pub(crate) fn give_to(&self, terraform: &mut Terraform, region: &str) {
        for name in IN_THE_WAY {
            terraform.unset(name);
        }
        // A default profile would come first too.
        terraform.set("AWS_CONFIG_FILE", "/dev/null");
        terraform.set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        terraform.set("AWS_REGION", region);
        terraform.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.url.clone());
        terraform.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", self.token.expose_secret());
    }
}

async fn answer(
    mut stream: TcpStream,
    token: &str,
    provider: &SharedCredentialsProvider,
    cache: &Mutex<Option<Credentials>>,
) -> std::io::Result<()> {
    let head = head(&mut stream).await?;
    let (status, body) = if is_authorised(&head, token) {
        // Held while they are fetched: Terraform's providers all ask at once.
        let mut cache = cache.lock().await;
        if cache.as_ref().is_none_or(is_old) {
            *cache = provider.provide_credentials().await.ok();
        }
        match &*cache {
            Some(credentials) => ("200 OK", document(credentials)),
            None => ("500 Internal Server Error", String::new()),
        }
    } else {
        ("403 Forbidden", String::new())
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST_REQUEST && !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_authorised(head: &str, token: &str) -> bool {
    let mut lines = head.lines();
    let asks = lines.next().is_some_and(|line| line.starts_with("GET / "));
    asks && lines.any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("authorization") && value.trim() == token
        })
    })
}

fn is_old(credentials: &Credentials) -> bool {
    credentials.expiry().is_some_and(|end| end < SystemTime::now() + MARGIN)
}

fn document(credentials: &Credentials) -> String {
    let end = credentials.expiry().map(DateTime::from);
    serde_json::json!({
        "AccessKeyId": credentials.access_key_id(),
        "SecretAccessKey": credentials.secret_access_key(),
        "Token": credentials.session_token().unwrap_or_default(),
        "Expiration": end.and_then(|end| end.fmt(Format::DateTime).ok()),
    })
    .to_string()
}

fn random() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(endpoint: &Endpoint, token: &str) -> String {
        let address = endpoint.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn only_who_knows_the_token_is_answered() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 47_482);
        let credentials =
            Credentials::new("AKID", "hidden", Some("session".to_owned()), Some(end), "test");
        let endpoint = Endpoint::serve(SharedCredentialsProvider::new(credentials)).await.unwrap();
        assert!(ask(&endpoint, "wrong").await.starts_with("HTTP/1.1 403"));
        let answer = ask(&endpoint, endpoint.token.expose_secret()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(r#""AccessKeyId":"AKID","SecretAccessKey":"hidden""#), "{answer}");
        assert!(answer.contains(r#""Expiration":"2100-01-01T00:00:00Z""#), "{answer}");
    }

    #[test]
    fn credentials_are_old_before_they_end() {
        let ending_in = |seconds| {
            let end = SystemTime::now() + Duration::from_secs(seconds);
            is_old(&Credentials::new("a", "b", None, Some(end), "test"))
        };
        assert!(ending_in(60) && !ending_in(3600));
        assert!(!is_old(&Credentials::new("a", "b", None, None, "test")));
    }
}
