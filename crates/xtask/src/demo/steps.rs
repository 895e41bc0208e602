//! Each program's step: which inputs it gets, and which verdict it has to give.

use std::{fs, process::Command};

use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};

use super::{
    Demo, Made,
    children::{Ended, last_lines},
    name,
    teller::Running,
    visitor::Visitor,
};
use crate::process::root;

/// The bucket of Terraform's state.
const STATE: &str = "todo-terraform-state";

impl Demo<'_> {
    /// Real Terraform on the local AWS, its state in a bucket there.
    pub(super) fn infrastructure(&mut self) -> miette::Result<()> {
        let bucket = json!({ "Bucket": STATE, "CreateBucketConfiguration": { "LocationConstraint": local_aws::REGION } });
        self.aws.call("s3", "create_bucket", &bucket).into_diagnostic()?;
        self.terraform("applied")?;
        let outputs = self.app.folder().join("outputs.json");
        let outputs: Value = serde_json::from_str(&fs::read_to_string(outputs).into_diagnostic()?)
            .into_diagnostic()?;
        self.stage(&outputs)
    }

    pub(super) fn terraform(&mut self, verdict: &str) -> miette::Result<()> {
        let running = self.teller.begin("infra", "provision-infra: applying terraform/envs/local");
        let (endpoint, backend) =
            (format!("endpoint={}", self.aws.endpoint()), format!("bucket={STATE}"));
        let inputs = [
            ("", "apply"),
            ("working-directory", "infra"),
            ("variables", endpoint.as_str()),
            ("backend-config", &backend),
            ("outputs-file", "outputs.json"),
        ];
        let ended = self.children.program("provision-infra", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == verdict);
        expect(&ended, verdict)
    }

    fn stage(&mut self, outputs: &Value) -> miette::Result<()> {
        let running = self.teller.begin("stage", "making what Terraform's provider of 2021 cannot");
        let value = |name: &str| outputs[name]["value"].clone();
        let given = json!({
            "bucket": value("web_bucket_name"),
            "repository": value("ecr_repository_name"),
            "log_group": value("api_log_group_name"),
            "execution_role": value("api_execution_role_arn"),
            "task_role": value("api_task_role_arn"),
            "subnets": value("private_subnet_ids"),
            "public_subnets": value("public_subnet_ids"),
            "database_subnets": value("database_subnet_ids"),
            "security_groups": [value("api_security_group_id")],
            "load_balancer_security_groups": [value("load_balancer_security_group_id")],
            "database_security_groups": [value("database_security_group_id")],
        });
        let stage = self.aws.stage("todo", &given).into_diagnostic()?;
        let telling = format!("{} things, listed below", stage.staged().len());
        self.teller.end(&running, true, "staged", None, &telling);
        let visitor =
            Visitor::new(self.aws.port(), stage.text("/distribution/domain").into_diagnostic()?);
        self.children.set("DB_HOST", stage.text("/database/host").into_diagnostic()?);
        self.secrets = vec![
            format!("db,{}", stage.text("/database/secret").into_diagnostic()?),
            format!("token,{}", value("bearer_token_secret_arn").as_str().unwrap_or_default()),
        ];
        self.made = Some(Made { stage, visitor });
        Ok(())
    }

    /// One file for the page's build, which is public, and one for the API, which is not.
    pub(super) fn env(&mut self, commit: &str) -> miette::Result<()> {
        self.children.set("COMMIT", commit);
        let page = [
            ("template", "env/web.env"),
            ("allow-env", "COMMIT"),
            ("format", "vite"),
            ("example", "web/.env.example"),
            ("output-file", "web/.env.production"),
        ];
        self.render("for the page's build", &page)?;
        let secrets = self.secrets.clone();
        let mut api =
            vec![("template", "env/api.env"), ("allow-env", "COMMIT"), ("allow-env", "DB_HOST")];
        api.extend(secrets.iter().map(|secret| ("secret-ids", secret.as_str())));
        api.extend([("format", "node"), ("output-file", "api/.env")]);
        self.render("for the API", &api)
    }

    fn render(&mut self, reader: &str, inputs: &[(&str, &str)]) -> miette::Result<()> {
        let running = self.teller.begin("env", &format!("render-env: an env file {reader}"));
        let ended = self.children.program("render-env", self.app.folder(), inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == "written");
        expect(&ended, "written")
    }

    /// Gives the image by its digest.
    pub(super) fn image(&mut self, commit: &str) -> miette::Result<String> {
        let running = self.teller.begin("image", "build-push: building and pushing");
        let repository = self.staged("/repository")?;
        let (registry, version) = (self.aws.registry(), format!("APP_VERSION={commit}"));
        let inputs = [
            ("repository", repository.as_str()),
            ("registry", &registry),
            ("context", "image"),
            ("build-args", &version),
        ];
        let ended = self.children.program("build-push", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == "built");
        expect(&ended, "built")?;
        Ok(ended.output("image").to_owned())
    }

    pub(super) fn migrate(&mut self, image: &str) -> miette::Result<()> {
        let running = self.teller.begin("migrate", "migrate: a one-off task with the new image");
        let (cluster, service) = (self.staged("/cluster")?, self.staged("/service")?);
        let inputs = [
            ("cluster", cluster.as_str()),
            ("service", &service),
            ("image", image),
            ("command", "migrate"),
            ("poll-interval", "500ms"),
        ];
        let ended = self.children.program("migrate", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == "migrated");
        expect(&ended, "migrated")
    }

    /// Whatever the verdict is: one of the story's deploys has to fail.
    pub(super) fn rollout(&mut self, image: &str, tasks: Option<u32>) -> miette::Result<Ended> {
        let running =
            self.teller.begin("rollout", "ecs-rollout: a new revision, watched to its verdict");
        let (cluster, service) = (self.staged("/cluster")?, self.staged("/service")?);
        let count = tasks.map(|tasks| tasks.to_string());
        let mut inputs = vec![
            ("cluster", cluster.as_str()),
            ("service", &service),
            ("image", image),
            ("poll-interval", "500ms"),
        ];
        if let Some(count) = &count {
            inputs.push(("desired-count", count));
        }
        let ended = self.children.program("ecs-rollout", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == "deployed");
        Ok(ended)
    }

    pub(super) fn page(&mut self) -> miette::Result<()> {
        let running = self.teller.begin("page", "Vite: building the page of this commit");
        let dist = self.app.build_web(&mut self.children)?;
        self.teller.end(&running, true, "built", None, &name(&dist));
        Ok(())
    }

    pub(super) fn site(&mut self, more: &[(&str, &str)], verdict: &str) -> miette::Result<()> {
        let running = self.teller.begin("web", "web-publish: assets first, pages last");
        let (bucket, distribution) = (self.staged("/bucket")?, self.staged("/distribution/id")?);
        let url = self.made()?.visitor.url();
        let mut inputs = vec![
            ("bucket", bucket.as_str()),
            ("distribution-id", &distribution),
            ("base-url", &url),
            ("directory", "web/dist"),
        ];
        inputs.extend_from_slice(more);
        let ended = self.children.program("web-publish", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == verdict);
        expect(&ended, verdict)
    }

    /// A real browser adds a todo, which then has to be in PostgreSQL.
    pub(super) fn visit(&mut self, commit: &str) -> miette::Result<()> {
        if self.browser.is_err() {
            return Ok(());
        }
        let running = self.teller.begin("visit", "Chromium: adding a todo on the page");
        let shots = root().join("target/demo/screenshots");
        let title = format!("Deploy {}", short(commit));
        let mut node = Command::new("node");
        node.arg(root().join("examples/todo/web/e2e/visit.js")).arg(self.made()?.visitor.url());
        node.args([
            "--title",
            &title,
            "--web-version",
            commit,
            "--api-version",
            commit,
            "--leave-open",
        ]);
        let ended = self.children.tool("visit", node.arg("--screenshots").arg(&shots))?;
        let rows = self
            .aws
            .sql(&self.made()?.stage, "select title from todos order by id")
            .into_diagnostic()?;
        let kept =
            rows.as_array().is_some_and(|rows| rows.iter().any(|row| row[0] == title.as_str()));
        if !kept {
            return Err(miette!(
                "PostgreSQL does not hold `{title}`: {rows}; see {}",
                ended.report.display()
            ));
        }
        let telling = format!("`{title}` is in PostgreSQL; screenshots in {}", name(&shots));
        self.teller.end(&running, true, "seen", None, &telling);
        Ok(())
    }

    pub(super) fn made(&self) -> miette::Result<&Made> {
        self.made.as_ref().ok_or_else(|| miette!("the infrastructure is not there yet"))
    }

    fn staged(&self, path: &str) -> miette::Result<String> {
        self.made()?.stage.text(path).map(ToOwned::to_owned).into_diagnostic()
    }

    fn tell(&mut self, running: &Running, ended: &Ended, good: bool) {
        self.teller.end(
            running,
            good,
            ended.output("verdict"),
            ended.calls,
            ended.output("reason"),
        );
    }
}

pub(super) fn expect(ended: &Ended, verdict: &str) -> miette::Result<()> {
    if ended.output("verdict") == verdict {
        return Ok(());
    }
    Err(miette!(
        "the verdict should be `{verdict}` and is `{}`: {}\n{}",
        ended.output("verdict"),
        ended.output("reason"),
        last_lines(&ended.text(), 15)
    ))
}

pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
