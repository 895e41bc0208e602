//! What an app needs around it, made in one go (see `stage.py`).

use serde_json::{Value, json};

use crate::LocalAws;
use crate::error::{Error, Result};

/// Names to deploy with, and what was made.
#[derive(Debug, Clone)]
pub struct Stage(Value);

impl Stage {
    /// A fact by its path: `stage.text("/distribution/id")`.
    pub fn text(&self, path: &str) -> Result<&str> {
        self.0
            .pointer(path)
            .and_then(Value::as_str)
            .ok_or_else(|| Error::Other(format!("the stage has no `{path}`: {}", self.0)))
    }

    /// Everything that was made here and not by Terraform, for people.
    pub fn staged(&self) -> Vec<&str> {
        self.0["staged"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

impl LocalAws {
    /// Makes load balancer, cluster, service, database and distribution for an app called `name`, and what of `given` is missing:
    /// its bucket, repository, log group, roles, subnets and security groups, by the names in `stage.py`. Needs an engine and PostgreSQL.
    pub fn stage(&self, name: &str, given: &Value) -> Result<Stage> {
        let Some(major) = self.postgres_major() else {
            return Err(Error::Other(
                "the stage holds a database: start the local AWS with `postgres`".to_owned(),
            ));
        };
        let mut given = given.clone();
        given["name"] = json!(name);
        given["suffix"] = json!(self.port().to_string());
        given["postgres_major"] = json!(major);
        given["registry"] = json!(self.registry());
        self.script(
            include_str!("stage.py"),
            &[&given.to_string(), include_str!("spa-fallback.js")],
        )
        .map(Stage)
    }

    /// Asks the stage's PostgreSQL itself, past every program; rows as arrays.
    pub fn sql(&self, stage: &Stage, query: &str) -> Result<Value> {
        let filter = format!("label=cluster_id={}", stage.text("/database/cluster")?);
        let container = self.docker_output(&["ps", "--quiet", "--filter", &filter])?;
        let published = self.docker_output(&["port", container.trim(), "5432"])?;
        let (_, port) = published.trim().rsplit_once(':').unwrap_or_default();
        self.script(include_str!("sql.py"), &[stage.text("/database/secret")?, port, query])
    }

    /// What a visitor types: the distribution's name under `localhost`, which browsers and curl take for this machine.
    pub fn site_url(&self, stage: &Stage) -> Result<String> {
        let domain = stage.text("/distribution/domain")?;
        let label = domain.split('.').next().unwrap_or(domain);
        Ok(format!("http://{label}.cloudfront.localhost:{}", self.port()))
    }
}
