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
    manifest::{CURRENT, Claim, Current, Phase},
};

/// A claim is renewed this often while its publisher lives.
const RENEWED: Duration = Duration::from_secs(2);
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
            .map_err(|source| PublishError::Unreadable { key: bucket.full_key(CURRENT), source })?;
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
    known: Arc<Mutex<Known>>,
}

/// How a write of `current.json` ended.
#[derive(Debug)]
pub(crate) enum Held {
    Yes,
    Lost(Winner),
}

impl Hold {
    pub(crate) fn new(bucket: Bucket, known: Known) -> Self {
        Self { bucket, known: Arc::new(Mutex::new(known)) }
    }

    /// Changes `current.json`, if it still is what this run last saw.
    pub(crate) async fn write(
        &self,
        change: impl FnOnce(&mut Current),
    ) -> Result<Held, PublishError> {
        let mut known = self.known.lock().await;
        let mut wanted = known.current.clone();
        change(&mut wanted);
        let Ok(bytes) = serde_json::to_vec_pretty(&wanted) else { return Ok(Held::Yes) };
        let mut looks = 0;
        loop {
            let condition = known.etag.clone().map_or(Condition::Absent, Condition::Is);
            let doubt = match self.bucket.put_if(CURRENT, bytes.clone(), &condition).await? {
                Put::Done(written) => {
                    *known = Known { current: wanted, etag: Some(written.etag) };
                    return Ok(Held::Yes);
                }
                Put::Lost => None,
                Put::Unknown(error) => Some(error),
            };
            // The answer may be lost while the write was done, and then a second try finds its own traces.
            let now = Known::read(&self.bucket, self.bucket.fetch(CURRENT).await?)?;
            if now.current == wanted {
                *known = now;
                return Ok(Held::Yes);
            }
            if now.etag != known.etag {
                return Ok(Held::Lost(Winner::of(&now.current)));
            }
            looks += 1;
            match doubt {
                Some(error) if looks >= LOOKS => return Err(error.into()),
                None if looks >= LOOKS => return Ok(Held::Lost(Winner::of(&now.current))),
                _ => sleep(WATCHED_EVERY).await,
            }
        }
    }

    /// Changes `current.json` where what this run last saw asks for it.
    pub(crate) async fn write_if(
        &self,
        asked: impl FnOnce(&Current) -> bool,
        change: impl FnOnce(&mut Current),
    ) -> Result<Held, PublishError> {
        let asked = asked(&self.known.lock().await.current);
        if asked { self.write(change).await } else { Ok(Held::Yes) }
    }

    /// Keeps the claim alive until the returned guard is stopped.
    pub(crate) fn renewed(&self) -> Renewal {
        let (hold, stop, lost) = (self.clone(), CancellationToken::new(), CancellationToken::new());
        let (stopped, gone) = (stop.clone(), lost.clone());
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => return None,
                    () = sleep(RENEWED) => {}
                }
                let beat = hold
                    .write(|current| {
                        if let Some(claim) = &mut current.claim {
                            claim.beat += 1;
                        }
                    })
                    .await;
                // An answer that did not come is tried again at the next beat; a lost claim is lost.
                if let Ok(Held::Lost(winner)) = beat {
                    gone.cancel();
                    return Some(winner);
                }
            }
        });
        Renewal { stop, lost, task }
    }
}

/// A claim that is being renewed.
pub(crate) struct Renewal {
    stop: CancellationToken,
    /// Cancelled when somebody else took over.
    pub(crate) lost: CancellationToken,
    task: JoinHandle<Option<Winner>>,
}

impl Renewal {
    /// Ends the renewal; tells who took over, if anybody did. No write is under way afterwards.
    pub(crate) async fn stop(self) -> Option<Winner> {
        self.stop.cancel();
        self.task.await.ok().flatten()
    }
}
