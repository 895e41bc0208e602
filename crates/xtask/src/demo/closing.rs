//! The last lines: what was real, what was staged, and where everything is.

use super::{Demo, Keep, name};

impl Demo<'_> {
    pub(super) fn honesty(&self) {
        let line = |text: &str| self.teller.line(text);
        self.teller.heading("What was real, what was staged");
        line(
            "  real      the programs, git, Terraform with its AWS provider (3.39.0), Docker with every image and container, PostgreSQL, the built page, the browser",
        );
        line(
            "  emulated  by MiniStack: ECR, ECS, ALB, RDS, S3, CloudFront, Secrets Manager, CloudWatch Logs, IAM",
        );
        line(
            "            without a CDN cache, the load balancer's health checks and ECS's service deployments",
        );
        line("            (scripted-aws plays those, and the faults: `cargo xtask test`)");
        for staged in self.made.iter().flat_map(|made| made.stage.staged()) {
            line(&format!("  staged    {staged}"));
        }
        if let Err(why) = &self.browser {
            line(&format!("  left out  the browser: {why}"));
        }
    }

    pub(super) fn where_it_is(&self, keep: Keep) {
        let line = |text: &str| self.teller.line(text);
        line(&format!("\n  reports   {}", name(self.children.reports())));
        let url = self.made.as_ref().map(|made| made.visitor.url()).unwrap_or_default();
        if keep == Keep::No {
            line(&format!("  site      {url} (ends now; `cargo xtask demo --keep` leaves it up)"));
            return;
        }
        line(&format!("  site      {url}"));
        let variables: Vec<String> =
            self.aws.environment().iter().map(|(name, value)| format!("{name}={value}")).collect();
        line(&format!("  AWS       export {}", variables.join(" ")));
        line(&format!(
            "  Docker    export DOCKER_HOST={}",
            self.aws.docker_host().unwrap_or_default()
        ));
        line("\n  up until Ctrl-C");
    }
}
