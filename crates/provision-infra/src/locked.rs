//! What a run does that meets somebody else's lock: it tells whose it is, and takes away a dead run's where it may.

use github_api::RunState;

use crate::{
    inputs::Unlock,
    lock::LockInfo,
    work::{Ending, Stop, Work},
};

/// Adds the lock's story to the ending of a run that it stopped. Returns whether the lock has been taken away.
pub(crate) async fn story(work: &Work<'_>, ending: &mut Ending) -> Result<bool, Stop> {
    let Some(lock) = &mut ending.lock else { return Ok(false) };
    let Some(state) = state(work, lock).await else {
        ending.reason = lock.sentence();
        return Ok(false);
    };
    ending.reason = lock.sentence();
    match (work.inputs.unlock, state) {
        (Unlock::IfRunFinished, RunState::Over(_)) => {
            work.step.warning(format!("{}: the lock is taken away", ending.reason));
            work.unlock(&lock.id).await?;
            if let Some(holder) = work.holder().await
                && let Err(problem) = holder.take_away(&lock.id).await
            {
                work.step.say(format!("its story is still there: {problem}"));
            }
            Ok(true)
        }
        (Unlock::Never, RunState::Over(_)) => {
            work.step.say(format!(
                "next: `unlock: if-run-finished` takes that lock away, or `terraform force-unlock {}`",
                lock.id
            ));
            Ok(false)
        }
        (_, RunState::Alive(_) | RunState::Unknown) => Ok(false),
    }
}

/// What GitHub says of the run that holds the lock, where there is one to ask for.
async fn state(work: &Work<'_>, lock: &mut LockInfo) -> Option<RunState> {
    let story = work.holder().await?.story(&lock.id).await?;
    let ours = work.step.job().map(|job| job.repository.as_str());
    let run = story.run.as_ref().filter(|run| Some(run.repository.as_str()) == ours);
    let state = match (run, &work.github) {
        (Some(run), Some(github)) => match github.run_state(&run.id, &run.attempt).await {
            Ok(state) => Some(state),
            Err(error) => {
                work.step.warning(format!("whether that run is alive is not known: {error}"));
                None
            }
        },
        _ => None,
    };
    lock.add(&story, state.as_ref());
    state
}
