//! `current.json`: which release is live, and who may change that. Every write of it is conditional, so that of two
//! publishers one knows that it lost.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    bucket::{Bucket, Condition, Fetched, Put},
    error::PublishError,
    look::is_exclusive,
    manifest::{CURRENT, Claim, Current, Phase},
};

/// A claim is renewed this often while its publisher lives.
const RENEWED: Duration = Duration::from_secs(2);
/// Nothing is written on the strength of a claim that was not renewed for so long: others may soon think this run dead.
const SURE: Duration = Duration::from_secs(4);
/// A claim that was not renewed for so long is nobody's.
const DEAD: Duration = Duration::from_secs(5);
const WATCHED_EVERY: Duration = Duration::from_millis(500);
/// A doubtful write is looked at this often before it is given up.
const LOOKS: u32 = 3;

/// Who this run is, for others to read.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) release: String,
    pub(crate) run: String,
    pub(crate) url: Option<String>,
    pub(crate) token: String,
}

impl Me {
    pub(crate) fn nothing_left(&self) -> Claim {
        self.claim(Phase::Settling, Vec::new(), Vec::new())
    }

    pub(crate) fn claim(
        &self,
        phase: Phase,
        invalidate: Vec<String>,
        forget: Vec<String>,
    ) -> Claim {
        Claim {
            release: self.release.clone(),
            run: self.run.clone(),
            url: self.url.clone(),
            token: self.token.clone(),
            beat: 0,
            phase,
            invalidate,
            forget,
        }
    }
}

/// `current.json` as it was last seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) current: Current,
    /// None: it is not there yet.
    pub(crate) etag: Option<String>,
}

impl Known {
    pub(crate) fn read(bucket: &Bucket, fetched: Option<Fetched>) -> Result<Self, PublishError> {
        let Some(fetched) = fetched else { return Ok(Self::default()) };
        let current = serde_json::from_slice(&fetched.bytes)
            .map_err(|source| PublishError::Unreadable { key: bucket.key(CURRENT), source })?;
        Ok(Self { current, etag: Some(fetched.etag) })
    }
}

/// Somebody else's publish is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Winner {
    pub(crate) release: String,
    pub(crate) url: Option<String>,
    /// Whether it is still at work.
    pub(crate) working: bool,
}

impl Winner {
    pub(crate) fn of(current: &Current) -> Self {
        match (&current.claim, current.live()) {
            (Some(claim), _) => {
                Self { release: claim.release.clone(), url: claim.url.clone(), working: true }
            }
            (None, live) => Self {
                release: live.map(|live| live.release.clone()).unwrap_or_default(),
                url: None,
                working: false,
            },
        }
    }
}

/// What is known of the claim that another run left.
#[derive(Debug)]
pub(crate) enum Other {
    /// It died half-way: what it touched is not believed.
    Dead,
    Alive(Winner),
}

/// Watches a claim that is not ours until it is clear whether its publisher lives.
///
/// Clocks are not compared: a claim that does not change for five seconds of ours is dead.
pub(crate) async fn watch(bucket: &Bucket, known: &mut Known) -> Result<Other, PublishError> {
    let since = Instant::now();
    let before = known.etag.clone();
    while since.elapsed() < DEAD {
        sleep(WATCHED_EVERY).await;
        let now = Known::read(bucket, bucket.fetch(CURRENT).await?)?;
        if now.etag != before {
            let winner = Winner::of(&now.current);
            let abandoned = now.current.claim.as_ref().is_some_and(|c| c.phase == Phase::Abandoned);
            *known = now;
            return Ok(if abandoned { Other::Dead } else { Other::Alive(winner) });
        }
    }
    Ok(Other::Dead)
}

/// This run's hold on `current.json`.
#[derive(Clone)]
pub(crate) struct Hold {
    bucket: Bucket,
    known: Arc<Mutex<Held>>,
    /// Cancelled when somebody else took over what this run held.
    pub(crate) lost: CancellationToken,
}

/// What this run knows of `current.json`, and since when that is sure.
struct Held {
    known: Known,
    /// When the last write that succeeded was begun.
    sure: Instant,
    winner: Option<Winner>,
}

/// How a write of `current.json` ended.
#[derive(Debug)]
pub(crate) enum Wrote {
    Yes,
    Lost(Winner),
}

impl Hold {
    pub(crate) fn new(bucket: Bucket, known: Known) -> Self {
        let held = Held { known, sure: Instant::now(), winner: None };
        Self { bucket, known: Arc::new(Mutex::new(held)), lost: CancellationToken::new() }
    }

    /// Changes `current.json`, if it still is what this run last saw.
    pub(crate) async fn write(
        &self,
        change: impl FnOnce(&mut Current),
    ) -> Result<Wrote, PublishError> {
        let mut held = self.known.lock().await;
        self.write_locked(&mut held, change).await
    }

    /// Changes `current.json` where what this run last saw asks for it.
    pub(crate) async fn write_if(
        &self,
        asked: impl FnOnce(&Current) -> bool,
        change: impl FnOnce(&mut Current),
    ) -> Result<Wrote, PublishError> {
        let mut held = self.known.lock().await;
        if asked(&held.known.current) {
            self.write_locked(&mut held, change).await
        } else {
            Ok(Wrote::Yes)
        }
    }

    async fn write_locked(
        &self,
        held: &mut Held,
        change: impl FnOnce(&mut Current),
    ) -> Result<Wrote, PublishError> {
        let begun = Instant::now();
        let mut wanted = held.known.current.clone();
        change(&mut wanted);
        let wrote = self.attempt(&held.known, wanted).await?;
        Ok(match wrote {
            Ok(known) => {
                (held.known, held.sure) = (known, begun);
                Wrote::Yes
            }
            Err(winner) => {
                let claim = held.known.current.claim.as_ref();
                // Only who held something can lose it: a first attempt just fails.
                if claim.is_some_and(|claim| is_exclusive(claim.phase)) {
                    held.winner = Some(winner.clone());
                    self.lost.cancel();
                }
                Wrote::Lost(winner)
            }
        })
    }

    async fn attempt(
        &self,
        known: &Known,
        wanted: Current,
    ) -> Result<Result<Known, Winner>, PublishError> {
        let bytes = serde_json::to_vec_pretty(&wanted)
            .map_err(|source| PublishError::Unreadable { key: self.bucket.key(CURRENT), source })?;
        let condition = known.etag.clone().map_or(Condition::Absent, Condition::Is);
        let mut looks = 0;
        loop {
            let doubt = match self.bucket.put_if(CURRENT, bytes.clone(), &condition).await? {
                Put::Done(written) => {
                    return Ok(Ok(Known { current: wanted, etag: Some(written.etag) }));
                }
                Put::Lost => None,
                Put::Unknown(error) => Some(error),
            };
            // The answer may be lost while the write was done, and then a second try finds its own traces.
            let now = Known::read(&self.bucket, self.bucket.fetch(CURRENT).await?)?;
            if now.current == wanted {
                return Ok(Ok(now));
            }
            looks += 1;
            if now.etag != known.etag || (doubt.is_none() && looks >= LOOKS) {
                return Ok(Err(Winner::of(&now.current)));
            }
            match doubt {
                Some(error) if looks >= LOOKS => return Err(error.into()),
                _ => sleep(WATCHED_EVERY).await,
            }
        }
    }

    /// Shows that this run lives.
    async fn beat(&self, held: &mut Held) -> Result<Wrote, PublishError> {
        self.write_locked(held, |current| {
            if let Some(claim) = &mut current.claim {
                claim.beat += 1;
            }
        })
        .await
    }

    /// Returns once it is sure that nobody else may think this run dead; never, where somebody took over.
    ///
    /// A machine that slept wakes up in the middle of its work, and must not go on before it has asked.
    pub(crate) async fn sure(&self) -> Result<(), PublishError> {
        let mut held = self.known.lock().await;
        if held.sure.elapsed() < SURE && held.winner.is_none() {
            return Ok(());
        }
        if held.winner.is_none()
            && let Wrote::Yes = self.beat(&mut held).await?
        {
            return Ok(());
        }
        drop(held);
        std::future::pending().await
    }

    /// Who took over, if anybody did.
    pub(crate) async fn winner(&self) -> Option<Winner> {
        self.known.lock().await.winner.clone()
    }

    /// Keeps the claim alive until the returned guard is stopped.
    pub(crate) fn renewed(&self) -> Renewal {
        let (hold, stop) = (self.clone(), CancellationToken::new());
        let told = stop.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = told.cancelled() => return,
                    () = sleep(WATCHED_EVERY) => {}
                }
                let mut known = hold.known.lock().await;
                if known.sure.elapsed() < RENEWED {
                    continue;
                }
                // An answer that did not come is tried again at the next beat; a lost claim is lost.
                if let Ok(Wrote::Lost(_)) = hold.beat(&mut known).await {
                    return;
                }
            }
        });
        Renewal { stop, task }
    }
}

/// A claim that is being renewed.
pub(crate) struct Renewal {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Renewal {
    /// Ends the renewal. No write is under way afterwards.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _panicked = self.task.await;
    }
}
