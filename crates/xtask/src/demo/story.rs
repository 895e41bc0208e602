//! What happens, in order. What each step does is in `steps.rs`.

use super::{
    Demo,
    app::Edit,
    children::last_lines,
    steps::{expect, short},
};

const FIRST_TITLE: &str = "<title>Todo</title>";
const SECOND_TITLE: &str = "<title>Todo, repainted</title>";
const THIRD_TITLE: &str = "<title>Todo, broken</title>";

impl Demo<'_> {
    pub(super) fn story(&mut self) -> miette::Result<()> {
        self.teller.heading("A first deploy");
        let first = self.app.head()?;
        self.infrastructure()?;
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
        self.terraform("no-changes")?;
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
            "           {} still answers, and the site was not touched",
            short(&second)
        ));

        self.teller.heading("The site goes back one release");
        self.site(&[("rollback-to", "previous")], "restored")?;
        self.expect(&second, FIRST_TITLE)?;
        self.teller.line(&format!(
            "           the page is {}'s again, the API is still {}",
            short(&first),
            short(&second)
        ));
        Ok(())
    }

    /// env → image → migrate → rollout → web, each fed with what the one before put out.
    fn deploy(&mut self, commit: &str, tasks: Option<u32>) -> miette::Result<()> {
        self.env(commit)?;
        let image = self.image(commit)?;
        self.migrate(&image)?;
        let rollout = self.rollout(&image, tasks)?;
        expect(&rollout, "deployed")?;
        self.page()?;
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
        let visitor = &self.made()?.visitor;
        visitor.expect_api(api)?;
        visitor.expect_page(title)
    }
}
