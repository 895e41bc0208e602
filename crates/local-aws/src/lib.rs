//! An AWS on this machine, for tests and the demo: MiniStack on loopback, real containers, a real PostgreSQL.
//!
//! Everything lives under `target/local-aws/`, listens on loopback or on a bridge of its own, and is ended by process id when the owner
//! drops it or ends in any way, `kill -9` included. Several at once, in one process or many, share the engine and nothing else.
//! It must never talk to a real AWS, and never be linked into one of the programs.

#![expect(
    clippy::disallowed_methods,
    reason = "synchronous on purpose, so that xtask stays light: there is no runtime whose clock could be paused"
)]

mod apt;
mod boto;
mod command;
mod engine;
mod error;
mod forward;
mod keeper;
mod ministack;
mod place;
mod postgres;
mod stage;
mod terraform;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::boto::Boto;
use crate::engine::Engine;
use crate::error::At as _;
pub use crate::error::{Error, Result};
use crate::forward::Forward;
use crate::keeper::Keeper;
use crate::place::{Place, identity, write_json};
pub use crate::stage::Stage;
pub use crate::terraform::terraform_config;

/// The region of everything here.
pub const REGION: &str = "eu-west-1";
/// The account of everything here, unless an access key of twelve digits names another.
pub const ACCOUNT: &str = "000000000000";

pub(crate) type Say<'a> = &'a dyn Fn(&str);

/// What of AWS a test needs. Less starts faster and runs on more machines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    /// Tasks as real containers, and the registry to push images to. Without it tasks are RUNNING for ever and updates succeed at once.
    pub engine: bool,
    /// A real PostgreSQL behind RDS. Implies `engine`.
    pub postgres: bool,
    /// IAM is enforced (`test`/`test` stays root), signatures are checked.
    pub auth: bool,
}

/// A running local AWS. Dropping it ends it.
#[derive(Debug)]
pub struct LocalAws {
    place: Place,
    run: PathBuf,
    port: u16,
    engine: Option<Engine>,
    network: Option<String>,
    postgres: Option<u8>,
    ministack: Option<Child>,
    forwards: Mutex<BTreeMap<u16, Forward>>,
    boto: Mutex<Option<Boto>>,
    keeper: Keeper,
}

/// Installs Debian packages, where that is possible: root and apt-get. The caller says so first.
pub fn install(packages: &[&str]) -> Result<()> {
    if apt::can_install() {
        return apt::install(packages);
    }
    Err(Error::Other(format!(
        "{} would have to be installed, and only root with apt-get can",
        packages.join(", ")
    )))
}

impl LocalAws {
    /// Starts one. What has to be installed or downloaded first is said on standard error.
    pub fn start(needs: Needs) -> Result<Self> {
        Self::start_saying(needs, &|text| {
            let _closed = writeln!(std::io::stderr(), "local-aws: {text}");
        })
    }

    /// Starts one; `say` is told each thing that is installed or downloaded, before it is.
    pub fn start_saying(needs: Needs, say: &dyn Fn(&str)) -> Result<Self> {
        let place = Place::of_workspace()?;
        let with_engine = needs.engine || needs.postgres;
        let lock = place.lock()?;
        keeper::sweep(&place)?;
        ministack::venv(&place, say)?;
        let run = place.new_run()?;
        let keeper = Keeper::start(&place, &run)?;
        let config = docker_config(&place, &run, with_engine, say)?;
        let engine = if with_engine { Some(Engine::find_or_start(&place, say)?) } else { None };
        let mut aws = Self {
            place,
            run,
            port: 0,
            engine,
            network: None,
            postgres: None,
            ministack: None,
            forwards: Mutex::default(),
            boto: Mutex::default(),
            keeper,
        };
        let prepared = aws.prepare_containers(needs, &config, say);
        // Before `aws` can be dropped: its keeper takes the lock to end the engine.
        drop(lock);
        prepared?;
        aws.start_ministack(needs)?;
        Ok(aws)
    }

    fn prepare_containers(&mut self, needs: Needs, config: &Path, say: Say<'_>) -> Result<()> {
        self.note()?;
        let Some(engine) = &self.engine else { return Ok(()) };
        if needs.postgres {
            self.postgres = Some(postgres::image(&self.place, engine, config, say)?);
        }
        let nothing = postgres::empty_image(engine, config)?;
        let name = self.name();
        self.network = Some(name.clone());
        self.note()?;
        // What is published from this network is bound to loopback, on an engine of somebody else too.
        let loopback = "com.docker.network.bridge.host_binding_ipv4=127.0.0.1";
        let mut create = self.docker(&["network", "create", "--opt", loopback]);
        if engine.ours {
            let bridge = engine::bridge_of_run(&engine.bridge, &name);
            create.args(["--opt", &format!("com.docker.network.bridge.name={bridge}")]);
        }
        command::output(create.arg(&name))?;
        command::output(&mut self.docker(&[
            "create",
            "--name",
            &name,
            "--network",
            &name,
            nothing,
            "-",
        ]))?;
        Ok(())
    }

    fn start_ministack(&mut self, needs: Needs) -> Result<()> {
        let name = self.name();
        let containers = self.engine.as_ref().map(|engine| ministack::Containers {
            host: &engine.host,
            gateway: engine.gateway,
            anchor: &name,
        });
        let started =
            ministack::start(&self.place, &self.run, needs, containers.as_ref(), |pid, port| {
                self.write_state(Some(pid), port)
            })?;
        self.port = started.port;
        self.ministack = Some(started.process);
        if let Some(listener) = started.for_tasks {
            self.keep_forward(listener, started.port)?;
        }
        Ok(())
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The registry that stands for ECR's: `127.0.0.1:PORT`. ECR's own answers name a host that resolves nowhere.
    pub fn registry(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// For `DOCKER_HOST`. None without an engine.
    pub fn docker_host(&self) -> Option<&str> {
        self.engine.as_ref().map(|engine| engine.host.as_str())
    }

    /// For `DOCKER_CONFIG`: private to this local AWS, with the buildx plugin where there is one.
    pub fn docker_config(&self) -> PathBuf {
        self.run.join("docker")
    }

    /// The Docker network of this local AWS: tasks and databases are in it.
    pub fn network(&self) -> Option<&str> {
        self.network.as_deref()
    }

    /// Whether the engine was started here (under `target/`), and is not the machine's.
    pub fn engine_is_ours(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.ours)
    }

    /// Whether `docker buildx` works with [`docker_config`](Self::docker_config).
    pub fn has_buildx(&self) -> bool {
        command::succeeds(
            Command::new("docker")
                .arg("--config")
                .arg(self.docker_config())
                .args(["buildx", "version"]),
        )
    }

    /// The major version of PostgreSQL that RDS can start: ask for an `engine-version` of it.
    pub fn postgres_major(&self) -> Option<u8> {
        self.postgres
    }

    /// Where `python` with boto3 is.
    pub fn venv_bin(&self) -> PathBuf {
        self.place.venv_bin()
    }

    /// A folder that goes with this local AWS.
    pub fn folder(&self) -> &Path {
        &self.run
    }

    /// A name that no other local AWS on this machine's engine uses at the time. RDS containers are named after their cluster, so two
    /// clusters of one name would meet.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.port)
    }

    /// What any AWS client needs to find this AWS: endpoint, region, keys of the account's root.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION.to_owned()),
            // boto3 and the older tools know only this name.
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// One call through AWS's own client (boto3), for setting up and for looking: names as in boto3's documentation,
    /// `aws.call("ecs", "create_cluster", json!({ "clusterName": "todo" }))`.
    pub fn call(&self, service: &str, call: &str, params: &Value) -> Result<Value> {
        let mut boto = self.boto.lock().unwrap_or_else(PoisonError::into_inner);
        if boto.is_none() {
            *boto = Some(Boto::start(&self.place, &self.endpoint())?);
        }
        match boto.as_mut() {
            Some(boto) => boto.call(service, call, params),
            None => Err(Error::Other("boto3 did not start".to_owned())),
        }
    }

    /// Runs Python with boto3 against this AWS; it prints JSON.
    pub fn script(&self, source: &str, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(self.venv_bin().join("python"));
        command.args(["-c", source]).args(arguments).envs(self.environment());
        let text = command::output(&mut command)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Other(format!("the script printed no JSON: {error}: {text}")))
    }

    /// Runs `docker` on the engine with this local AWS's own configuration.
    pub fn docker_output(&self, arguments: &[&str]) -> Result<String> {
        command::output(&mut self.docker(arguments))
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("--config").arg(self.docker_config());
        if let Some(host) = self.docker_host() {
            command.args(["--host", host]);
        }
        command.args(arguments);
        command
    }

    /// Lets tasks reach `127.0.0.1:port` of this machine as `host.docker.internal:port`. AWS itself is reachable already.
    pub fn forward(&self, port: u16) -> Result<()> {
        let Some(gateway) = self.engine.as_ref().and_then(|engine| engine.gateway) else {
            return Ok(());
        };
        let listener = TcpListener::bind((gateway, port)).at(format!("{gateway}:{port}"))?;
        self.keep_forward(listener, port)
    }

    fn keep_forward(&self, listener: TcpListener, port: u16) -> Result<()> {
        let forward = Forward::start(listener, port).at(format!("port {port}"))?;
        self.forwards.lock().unwrap_or_else(PoisonError::into_inner).insert(port, forward);
        Ok(())
    }

    /// What stays on the machine when this has ended, for the last lines of whoever started it.
    pub fn what_stays(&self) -> Vec<String> {
        let mut stays = vec![format!(
            "{} keeps the Python environment, the engine's images and logs, so that the next start is quick; it may be deleted",
            self.place.root().display()
        )];
        if self.engine_is_ours() {
            stays.push(
                "packages that were installed (docker.io, iptables) stay installed; the bridges and the one iptables rule of the engine go with it"
                    .to_owned(),
            );
        }
        if !ministack::has_node() {
            stays.push("node was not found: CloudFront functions did not run".to_owned());
        }
        stays
    }

    fn name(&self) -> String {
        let run = self.run.file_name().unwrap_or_default().to_string_lossy();
        format!("local-aws-{run}")
    }

    fn note(&self) -> Result<()> {
        self.write_state(None, 0)
    }

    /// The keeper and the next start read it: what is not in it is not ended.
    fn write_state(&self, ministack: Option<u32>, port: u16) -> Result<()> {
        write_json(
            &self.run.join("state.json"),
            &json!({
                "owner": identity(std::process::id()),
                "ministack": ministack.map(identity),
                "port": (port != 0).then_some(port),
                "docker": self.docker_host(),
                "network": self.network,
                "anchor": self.network,
            }),
        )
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        drop(self.boto.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.forwards.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.keeper.finish();
        if let Some(ministack) = &mut self.ministack {
            let _ended_by_the_keeper = ministack.wait();
        }
        // The engine may still serve others, and then its daemon must not be waited for.
        if let Some(daemon) = self.engine.as_mut().and_then(|engine| engine.daemon.as_mut()) {
            let _maybe = daemon.try_wait();
        }
    }
}

/// A `DOCKER_CONFIG` of our own: logins of a test do not belong into the user's.
fn docker_config(place: &Place, run: &Path, with_engine: bool, say: Say<'_>) -> Result<PathBuf> {
    let config = run.join("docker");
    place::private_dir(&config)?;
    if with_engine && let Some(plugin) = engine::buildx(place, say) {
        let plugins = config.join("cli-plugins");
        place::private_dir(&plugins)?;
        symlink(plugin, plugins.join("docker-buildx")).at(plugins)?;
    }
    Ok(config)
}

/// Asks until the answer is yes. For processes that say nothing when they are ready.
pub(crate) fn wait(at_most: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + at_most;
    loop {
        if ready() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(25));
    }
}
