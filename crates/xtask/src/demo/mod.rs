//! `cargo xtask demo`: the example app, deployed onto an AWS on this machine by the programs as anybody would run them, broken,
//! and rolled back.
//!
//! The programs are processes without any `GITHUB_*` variable. The demo decides nothing for them: it passes outputs on as a workflow
//! would, and looks at the result as a visitor.

mod app;
mod children;
mod prepare;
mod teller;
mod visitor;

use std::sync::atomic::Ordering;
use std::{fs, path::Path, process::Command, thread, time::Duration};

use local_aws::{LocalAws, Needs, Stage};
use miette::{IntoDiagnostic as _, miette};
use serde_json::json;

use self::{
    app::{App, Edit},
    children::{Children, Ended, last_lines},
    teller::Teller,
    visitor::Visitor,
};
use crate::process::root;

/// What becomes of it all at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    No,
    UntilInterrupted,
}

const FIRST_TITLE: &str = "<title>Todo</title>";
const SECOND_TITLE: &str = "<title>Todo, repainted</title>";
const THIRD_TITLE: &str = "<title>Todo, broken</title>";

pub(crate) fn run(keep: Keep) -> miette::Result<()> {
    prepare::check()?;
    let mut teller = Teller::new();
    let folder = root().join("target/demo");
    let mut children = Children::new(folder.join("reports"))?;
    teller.heading("Setting up");
    let image = prepare::build(&mut children, &mut teller)?;
    let browser = prepare::browser(&teller);

    let running = teller.begin("aws", "starting the local AWS");
    let needs = Needs { engine: true, postgres: true, auth: false };
    let aws = LocalAws::start_saying(needs, &|text| teller.line(&format!("  {text}")))
        .into_diagnostic()?;
    for (name, value) in aws.environment() {
        children.set(name, value);
    }
    children.set("DOCKER_HOST", aws.docker_host().unwrap_or_default());
    children.set("DOCKER_CONFIG", aws.docker_config().to_string_lossy());
    teller.end(
        &running,
        true,
        "up",
        None,
        &format!("{} (MiniStack and a Docker engine)", aws.endpoint()),
    );

    let app = App::new(&folder.join("app"), &image)?;
    let running = teller.begin("stage", "making what Terraform's provider of 2021 cannot");
    let stage = aws.stage("todo", &json!({})).into_diagnostic()?;
    teller.end(
        &running,
        true,
        "staged",
        None,
        &format!("{} things, listed below", stage.staged().len()),
    );
    let visitor = Visitor::new(aws.port(), stage.text("/distribution/domain").into_diagnostic()?);

    let mut demo = Demo { teller, children, aws: &aws, stage, app, visitor, browser };
    let told = demo.story();
    demo.teller.table();
    demo.last_words(told.is_ok(), keep);
    told?;
    if keep == Keep::UntilInterrupted {
        while !demo.children.interrupted.load(Ordering::Acquire) {
            pause();
        }
    }
    let stays = aws.what_stays();
    drop(demo);
    drop(aws);
    for line in stays {
        crate::process::say(&format!("  {line}"));
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "it waits for a person, and looks for the signal ten times a second"
)]
fn pause() {
    thread::sleep(Duration::from_millis(100));
}

struct Demo<'a> {
    teller: Teller,
    children: Children,
    aws: &'a LocalAws,
    stage: Stage,
    app: App,
    visitor: Visitor,
    browser: miette::Result<()>,
}

impl Demo<'_> {
    fn story(&mut self) -> miette::Result<()> {
        self.teller.heading("A first deploy");
        let first = self.app.head()?;
        self.deploy(&first, Some(2))?;
        self.expect(&first, FIRST_TITLE)?;
        self.visit(&first)?;

        self.teller.heading("A second deploy: a new commit");
        let second = self.app.commit(
            "Repaint the page",
            &[
                Edit { file: "web/index.html", from: FIRST_TITLE, to: SECOND_TITLE },
                Edit { file: "web/src/style.css", from: "#1e6b52", to: "#2f4f8f" },
            ],
        )?;
        self.deploy(&second, None)?;
        self.expect(&second, SECOND_TITLE)?;

        self.teller.heading("A commit whose container crashes");
        let third = self.app.commit(
            "Start the server",
            &[
                Edit {
                    file: "image/Dockerfile",
                    from: r#"CMD ["serve"]"#,
                    to: r#"CMD ["server"]"#,
                },
                Edit { file: "web/index.html", from: SECOND_TITLE, to: THIRD_TITLE },
            ],
        )?;
        self.broken_deploy(&third)?;
        self.expect(&second, SECOND_TITLE)?;
        self.teller.line(&format!(
            "  {:<9}{} still answers, and the site was not touched",
            "",
            short(&second)
        ));

        self.teller.heading("The site goes back one release");
        self.site(&[("rollback-to", "previous")], "restored")?;
        self.expect(&second, FIRST_TITLE)
    }

    /// env → image → migrate → rollout → web, each fed with what the one before put out.
    fn deploy(&mut self, commit: &str, tasks: Option<u32>) -> miette::Result<()> {
        self.env(commit)?;
        let image = self.image(commit)?;
        self.migrate(&image)?;
        let rollout = self.rollout(&image, tasks)?;
        expect(&rollout, "deployed")?;
        self.build_web()?;
        self.site(&[], "published")
    }

    /// The rollout has to fail, and with it the deploy ends: the site never ships on a failed API.
    fn broken_deploy(&mut self, commit: &str) -> miette::Result<()> {
        self.env(commit)?;
        let image = self.image(commit)?;
        self.migrate(&image)?;
        let rollout = self.rollout(&image, None)?;
        self.teller.quote(&last_lines(&rollout.text(), 24));
        expect(&rollout, "rolled-back")
    }

    /// What a visitor gets now.
    fn expect(&self, api: &str, title: &str) -> miette::Result<()> {
        self.visitor.expect_api(api)?;
        self.visitor.expect_page(title)
    }

    fn env(&mut self, commit: &str) -> miette::Result<()> {
        let running = self.teller.begin("env", "render-env: what the page's build reads");
        let template = "VITE_API_BASE_URL=\nVITE_APP_VERSION={{ env.COMMIT }}\n";
        let folder = self.app.folder().to_owned();
        fs::write(folder.join("web.env"), template).into_diagnostic()?;
        if !folder.join("outputs.json").exists() {
            fs::write(folder.join("outputs.json"), "{}").into_diagnostic()?;
        }
        self.children.set("COMMIT", commit);
        let inputs = [
            ("template", "web.env"),
            ("allow-env", "COMMIT"),
            ("format", "vite"),
            ("example", "web/.env.example"),
            ("output-file", "web/.env.production"),
        ];
        let ended = self.children.program("render-env", &folder, &inputs)?;
        self.tell(&running, &ended, ended.output("verdict") == "written");
        expect(&ended, "written")
    }

    fn build_web(&mut self) -> miette::Result<()> {
        let running = self.teller.begin("page", "Vite: building the page of this commit");
        self.app.build_web(&mut self.children)?;
        self.teller.end(&running, true, "built", None, "web/dist");
        Ok(())
    }

    fn site(&mut self, more: &[(&str, &str)], verdict: &str) -> miette::Result<()> {
        let running = self.teller.begin("web", "web-publish: assets first, pages last");
        let (bucket, distribution) = (self.staged("/bucket")?, self.staged("/distribution/id")?);
        let url = self.visitor.url();
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
    fn visit(&mut self, commit: &str) -> miette::Result<()> {
        if self.browser.is_err() {
            return Ok(());
        }
        let running = self.teller.begin("visit", "Chromium: adding a todo on the page");
        let shots = root().join("target/demo/screenshots");
        let title = format!("Deploy {}", short(commit));
        let mut node = Command::new("node");
        node.arg(root().join("examples/todo/web/e2e/visit.js")).arg(self.visitor.url());
        node.args([
            "--title",
            &title,
            "--web-version",
            commit,
            "--api-version",
            commit,
            "--leave-open",
            "--screenshots",
        ]);
        let ended = self.children.tool("visit", node.arg(&shots))?;
        let rows =
            self.aws.sql(&self.stage, "select title from todos order by id").into_diagnostic()?;
        let kept =
            rows.as_array().is_some_and(|rows| rows.iter().any(|row| row[0] == title.as_str()));
        if !kept {
            return Err(miette!(
                "PostgreSQL does not hold `{title}`: {rows}; see {}",
                ended.report.display()
            ));
        }
        self.teller.end(
            &running,
            true,
            "seen",
            None,
            &format!("`{title}` is in PostgreSQL; screenshots in {}", name(&shots)),
        );
        Ok(())
    }

    fn image(&mut self, commit: &str) -> miette::Result<String> {
        let running = self.teller.begin("image", "build-push: building and pushing");
        let repository = self.stage.text("/repository").into_diagnostic()?.to_owned();
        let (registry, version) = (self.aws.registry(), format!("APP_VERSION={commit}"));
        let inputs = [
            ("repository", repository.as_str()),
            ("registry", &registry),
            ("context", "image"),
            ("build-args", &version),
        ];
        let ended = self.children.program("build-push", self.app.folder(), &inputs)?;
        self.tell(&running, &ended, matches!(ended.output("verdict"), "built" | "exists"));
        if ended.output("image").is_empty() {
            return Err(failed("build-push", &ended));
        }
        Ok(ended.output("image").to_owned())
    }

    fn migrate(&mut self, image: &str) -> miette::Result<()> {
        let running = self.teller.begin("migrate", "migrate: a one-off task with the new image");
        let (cluster, service) = self.service()?;
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

    fn rollout(&mut self, image: &str, tasks: Option<u32>) -> miette::Result<Ended> {
        let running =
            self.teller.begin("rollout", "ecs-rollout: a new revision, watched to its verdict");
        let (cluster, service) = self.service()?;
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

    fn service(&self) -> miette::Result<(String, String)> {
        Ok((self.staged("/cluster")?, self.staged("/service")?))
    }

    fn staged(&self, path: &str) -> miette::Result<String> {
        self.stage.text(path).map(ToOwned::to_owned).into_diagnostic()
    }

    fn tell(&mut self, running: &teller::Running, ended: &Ended, good: bool) {
        self.teller.end(
            running,
            good,
            ended.output("verdict"),
            ended.calls,
            ended.output("reason"),
        );
    }

    fn last_words(&self, good: bool, keep: Keep) {
        let line = |text: &str| self.teller.line(text);
        self.teller.heading("What was real, what was staged");
        line(
            "  real    the programs, git, Docker with every image and container, PostgreSQL, the built page, the browser",
        );
        line(
            "  emulated by MiniStack   ECR, ECS, ALB, RDS, S3, CloudFront, Secrets Manager, CloudWatch Logs, IAM",
        );
        line(
            "          no CDN cache, no health checks of the load balancer, no service deployments: scripted-aws plays those",
        );
        for staged in self.stage.staged() {
            line(&format!("  staged  {staged}"));
        }
        if let Err(why) = &self.browser {
            line(&format!("  left out  the browser: {why}"));
        }
        line(&format!("\n  reports  {}", name(self.children.reports())));
        if keep == Keep::UntilInterrupted && good {
            line(&format!("  site     {}", self.visitor.url()));
            line(&format!(
                "  AWS      export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1",
                self.aws.endpoint()
            ));
            line("\n  up until Ctrl-C");
        } else {
            line(&format!(
                "  site     {} (gone in a moment; `cargo xtask demo --keep` leaves it up)",
                self.visitor.url()
            ));
        }
    }
}

fn expect(ended: &Ended, verdict: &str) -> miette::Result<()> {
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

fn failed(program: &str, ended: &Ended) -> miette::Report {
    miette!("{program}: {}\n{}", ended.output("reason"), last_lines(&ended.text(), 15))
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// A path as people type it: from the workspace.
fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
