//! An S3 and a caching CloudFront in memory, for what no emulator can stage: latency, throttling, answers that are lost, a
//! client that is killed at each of its requests, edges that keep what nobody told them to forget.
//!
//! Path style only, no authentication. `ETag`s are true MD5s, conditions and checksums are S3's own. It is seen by tests
//! and benchmarks, never by a program.

mod cdn;
mod receive;
mod reply;
mod s3;
mod server;
mod store;
mod xml;

use std::{
    net::SocketAddr,
    sync::{Arc, MutexGuard, PoisonError, atomic::Ordering},
};

use crate::server::State;
pub use crate::{cdn::Invalidation, reply::hex, store::Object};

/// A running server. Dropping it ends it.
pub struct StagedS3 {
    state: Arc<State>,
    address: SocketAddr,
    runtime: tokio::runtime::Handle,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

/// What becomes of the request at which a client is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was never done.
    Lost,
    /// It was done, and the answer never came.
    Done,
}

/// An answer in place of the right one.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `PutObject`.
    pub operation: &'static str,
    /// Part of the key; empty means any.
    pub key: &'static str,
    pub times: u32,
    pub status: u16,
    pub code: &'static str,
    /// The request is done all the same.
    pub done: bool,
}

impl StagedS3 {
    /// Starts one on a free port of loopback.
    pub fn start() -> std::io::Result<Self> {
        Self::start_at(0)
    }

    pub fn start_at(port: u16) -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = state.clone();
        let (started, starting) = std::sync::mpsc::channel();
        std::thread::spawn(move || server::serve(serving, listener, &started, stopped));
        let runtime = starting.recv().map_err(std::io::Error::other)?;
        Ok(Self { state, address, runtime, stop: Some(stop) })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where visitors of a distribution find its root.
    pub fn site(&self, distribution: &str) -> String {
        let address = self.world().cdn.address(distribution);
        address
            .map_or_else(|| "http://127.0.0.1:0".to_owned(), |address| format!("http://{address}"))
    }

    pub fn create_bucket(&self, name: &str, versioned: bool) {
        self.world().store.buckets.entry(name.to_owned()).or_default().versioned = versioned;
    }

    /// The bucket is in `region`: requests that were signed for another one are sent there.
    pub fn move_bucket(&self, name: &str, region: &str) {
        if let Some(bucket) = self.world().store.buckets.get_mut(name) {
            bucket.region = Some(region.to_owned());
        }
    }

    /// The bucket encrypts with a key of KMS: `ETag`s are no MD5s.
    pub fn encrypt_bucket(&self, name: &str) {
        if let Some(bucket) = self.world().store.buckets.get_mut(name) {
            bucket.kms = true;
        }
    }

    /// A distribution in front of `bucket`, with an address of its own.
    pub fn create_distribution(&self, id: &str, bucket: &str) -> std::io::Result<()> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        self.world().cdn.add(id, bucket, listener.local_addr()?);
        self.runtime.spawn(server::serve_visitors(self.state.clone(), id.to_owned(), listener));
        Ok(())
    }

    /// The edges of this distribution keep nothing: its visitors are always the first.
    pub fn never_cache(&self, id: &str) {
        self.world().cdn.never_cache(id);
    }

    /// Visitors of the distribution get `status` for every path that holds `part`, as a page. None: everything is well again.
    pub fn break_site(&self, id: &str, broken: Option<(&str, u16)>) {
        let broken = broken.map(|(part, status)| (part.to_owned(), status));
        self.world().cdn.break_site(id, broken);
    }

    pub fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        self.world().store.buckets.get(bucket)?.objects.get(key).cloned()
    }

    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let world = self.world();
        let bucket = world.store.buckets.get(bucket);
        bucket.map(|bucket| bucket.objects.keys().cloned().collect()).unwrap_or_default()
    }

    /// Somebody else writes an object.
    pub fn put(&self, bucket: &str, key: &str, body: &str, headers: &[(&str, &str)]) {
        use md5::Digest as _;
        let world = &mut *self.world();
        let object = Object {
            body: body.to_owned().into(),
            size: body.len() as u64,
            etag: hex(&md5::Md5::digest(body)),
            at: reply::now(),
            headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Object::default()
        };
        if let Some(bucket) = world.store.buckets.get_mut(bucket) {
            let _etag = bucket.put(key, object, &mut world.store.next);
        }
    }

    /// Somebody else deletes an object.
    pub fn delete(&self, bucket: &str, key: &str) {
        let world = &mut *self.world();
        if let Some(bucket) = world.store.buckets.get_mut(bucket) {
            bucket.delete(key, &mut world.store.next);
        }
    }

    /// A lifecycle rule takes what is no longer current.
    pub fn expire_versions(&self, bucket: &str) {
        if let Some(bucket) = self.world().store.buckets.get_mut(bucket) {
            bucket.older.clear();
        }
    }

    /// Every invalidation of a distribution, oldest first.
    pub fn invalidations(&self, distribution: &str) -> Vec<Invalidation> {
        self.world().cdn.invalidations(distribution)
    }

    /// An invalidation is completed only after it was asked for so often.
    pub fn slow_invalidations(&self, polls: u32) {
        self.world().cdn.polls = polls;
    }

    /// Requests so far: `PutObject index.html`.
    pub fn log(&self) -> Vec<String> {
        self.world().log.clone()
    }

    /// Forgets the log, and with it what the next request's number is.
    pub fn clear_log(&self) {
        self.world().log.clear();
    }

    /// Every bucket is gone.
    pub fn wipe(&self) {
        self.world().store = store::Store::default();
    }

    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// One round trip takes this long: two on a new connection, one for each request.
    pub fn latency(&self, milliseconds: u64) {
        self.state.latency.store(milliseconds, Ordering::Relaxed);
    }

    /// Sums of bodies are compared, as S3 does; off, so that a benchmark measures the client.
    pub fn verify(&self, verify: bool) {
        self.state.verify.store(verify, Ordering::Relaxed);
    }

    pub fn fail(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// From the request with this number on (the first since the log was cleared is 1) nobody is answered.
    pub fn stall_at(&self, number: usize, fate: Fate) {
        self.world().stall = Some((number, fate));
    }

    /// Whether a request waits for an answer that will never come.
    pub fn has_stalled(&self) -> bool {
        self.world().stalled
    }

    /// Answers again. What stalled stays without an answer.
    pub fn resume(&self) {
        let mut world = self.world();
        (world.stall, world.stalled) = (None, false);
    }

    fn world(&self) -> MutexGuard<'_, server::World> {
        self.state.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StagedS3 {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ended_before = stop.send(());
        }
    }
}
