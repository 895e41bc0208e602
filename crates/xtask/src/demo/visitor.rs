//! What a visitor sees through the emulated CloudFront: which page, and which version of the API answers.

use std::time::Duration;

use miette::{IntoDiagnostic as _, WrapErr as _, miette};

pub(crate) struct Visitor {
    /// `127.0.0.1:PORT`: a name under `localhost` is resolved by browsers and curl, not by every resolver.
    address: String,
    host: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: String,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new(port: u16, distribution: &str) -> Self {
        let label = distribution.split('.').next().unwrap_or(distribution);
        Self {
            address: format!("127.0.0.1:{port}"),
            host: format!("{label}.cloudfront.localhost:{port}"),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.host)
    }

    pub(crate) fn get(&self, path: &str) -> miette::Result<Answer> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .build();
        let mut response = ureq::Agent::new_with_config(config)
            .get(format!("http://{}{path}", self.address))
            .header("host", &self.host)
            .call()
            .into_diagnostic()
            .wrap_err_with(|| format!("GET {path} through CloudFront"))?;
        let version = response
            .headers()
            .get("x-app-version")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(Answer {
            status: response.status().as_u16(),
            version: version.to_owned(),
            body: response.body_mut().read_to_string().into_diagnostic()?,
        })
    }

    /// Fails unless the API answers, and as that version.
    pub(crate) fn expect_api(&self, commit: &str) -> miette::Result<()> {
        let answer = self.get("/api/todos")?;
        if answer.status == 200 && answer.version == commit {
            return Ok(());
        }
        Err(miette!("the API should be {commit}, and answered {answer:?}"))
    }

    /// Fails unless the page is the one with that title.
    pub(crate) fn expect_page(&self, title: &str) -> miette::Result<()> {
        let answer = self.get("/")?;
        if answer.status == 200 && answer.body.contains(title) {
            return Ok(());
        }
        Err(miette!("the page should be `{title}`, and is {answer:?}"))
    }
}
