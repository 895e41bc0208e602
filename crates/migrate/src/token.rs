//! Who a task belongs to: the token that keeps one request from making two tasks, and the name of its starter.

use std::fmt::Write as _;

use actions_runtime::Job;
use sha2::{Digest as _, Sha256};

/// One run of this program, among all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What tells this step from every other one.
    seed: String,
    /// Begins a token, so that a person sees whose it is.
    head: String,
    /// `migrate/<run id>`.
    pub(crate) started_by: String,
}

impl Identity {
    /// In a job: the same for the same attempt of the same step, another one for every other. Elsewhere: of its own kind.
    pub(crate) fn new(job: Option<&Job>) -> std::io::Result<Self> {
        if let Some(job) = job {
            let Job { repository, run_id, run_attempt, job, step, .. } = job;
            return Ok(Self {
                seed: format!("{repository}\n{run_id}\n{run_attempt}\n{job}\n{step}"),
                head: format!("{run_id}-{run_attempt}"),
                started_by: format!("migrate/{run_id}"),
            });
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let seed = hex(&random);
        let started_by = format!("migrate/{}", &seed[..12]);
        Ok(Self { seed, head: "shell".to_owned(), started_by })
    }

    /// ECS makes one task of all requests with one token, so each try that is meant to make another has its own.
    /// What is asked for goes in too: legs of a matrix have the same job and step.
    pub(crate) fn token(&self, asked_for: &str, number_of_try: u32) -> String {
        let hash = Sha256::digest(format!("{}\n{asked_for}\n{number_of_try}", self.seed));
        // ECS: at most 64 characters.
        let head: String = self.head.chars().take(31).collect();
        format!("{head}-{}", &hex(&hash)[..32])
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(run_id: &str, attempt: &str) -> Job {
        Job {
            repository: "octo/todo".to_owned(),
            run_id: run_id.to_owned(),
            run_attempt: attempt.to_owned(),
            job: "deploy".to_owned(),
            step: "migrate".to_owned(),
            sha: String::new(),
            ref_name: String::new(),
            actor: String::new(),
            server_url: String::new(),
        }
    }

    #[test]
    fn one_token_for_one_try_of_one_attempt() {
        let of = |attempt: &str, what: &str, number| {
            Identity::new(Some(&job("4711", attempt))).unwrap().token(what, number)
        };
        let token = of("1", "api-migrate:7", 1);
        assert_eq!(of("1", "api-migrate:7", 1), token);
        for other in
            [of("2", "api-migrate:7", 1), of("1", "api-migrate:8", 1), of("1", "api-migrate:7", 2)]
        {
            assert_ne!(other, token);
        }
        assert!(token.starts_with("4711-1-"));
        let long = Identity::new(Some(&job(&"9".repeat(60), "1"))).unwrap();
        assert_eq!(long.token("x", 1).len(), 64);
    }

    #[test]
    fn outside_a_job_every_run_is_its_own() {
        let (one, two) = (Identity::new(None).unwrap(), Identity::new(None).unwrap());
        assert_ne!(one.token("x", 1), two.token("x", 1));
        assert_ne!(one.started_by, two.started_by);
    }
}
