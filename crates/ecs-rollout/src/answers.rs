//! Asks the address that has to answer well, until that is decided.

use std::time::Duration;

use actions_runtime::Step;
use aws_session::Session;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    inputs::Inputs,
    report::Report,
    timeline::seconds,
    verify::{Verification, Verified, check},
};

/// How the asking ended.
#[derive(Debug)]
pub(crate) enum Answers {
    Good,
    /// What was wrong with so many answers in a row.
    Bad(String),
    /// Neither was decided in time.
    Late(String),
    Cancelled,
}

/// `None` where no address is named.
pub(crate) async fn answers(
    step: &Step,
    session: &Session,
    inputs: &Inputs,
    report: &Report<'_>,
    deadline: Instant,
) -> Option<Answers> {
    let url = &inputs.verify_url.as_ref()?.0;
    report.verifying(url, inputs.verify_for.0);
    let answered = tokio::select! {
        biased;
        () = step.cancelled().cancelled() => return Some(Answers::Cancelled),
        answered = asked(session, inputs, report, url) => Some(answered),
        () = sleep_until(deadline) => None,
    };
    Some(match answered {
        Some(Verified::Good) => Answers::Good,
        Some(Verified::Bad(problem)) => {
            let failures = inputs.verify_failures;
            Answers::Bad(format!("{url} answered badly {failures} times in a row: {problem}"))
        }
        None => {
            let good_for = inputs.verify_for.0.as_secs_f64();
            Answers::Late(format!("{url} did not answer well for {} in time", seconds(good_for)))
        }
    })
}

async fn asked(session: &Session, inputs: &Inputs, report: &Report<'_>, url: &str) -> Verified {
    const LIMIT: Duration = Duration::from_secs(5);
    let mut verification = Verification::new(inputs.verify_for.0, inputs.verify_failures.get());
    let began = Instant::now();
    loop {
        let page = session.page(url, LIMIT).await;
        let answer = page.and_then(|page| check(&page, &inputs.verify_expect));
        report.answered(answer.as_ref().err().map(String::as_str));
        if let Some(verified) = verification.see(began.elapsed().as_secs_f64(), answer) {
            return verified;
        }
        sleep(verification.interval()).await;
    }
}
