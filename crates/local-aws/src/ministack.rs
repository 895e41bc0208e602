//! MiniStack, pinned, in a virtual environment of its own, on loopback and on a free port.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command::{last_words, missing, on_path, output, succeeds};
use crate::error::{At as _, Error, Result};
use crate::place::{Place, private_dir};
use crate::{Needs, REGION, Say, apt, wait};

/// What the venv holds. Another text makes another venv.
const PINS: [&str; 5] = [
    "ministack==1.5.33",
    "docker==7.2.0",
    "cryptography==50.0.2",
    "psycopg2-binary==2.9.13",
    "boto3==1.43.106",
];

/// To be called under the setup lock.
pub(crate) fn venv(place: &Place, say: Say<'_>) -> Result<()> {
    let folder = place.join("venv");
    let stamp = folder.join("pins");
    let pins = PINS.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == pins) {
        return Ok(());
    }
    say(&format!("making a Python environment with {} from PyPI", PINS[0]));
    if folder.exists() {
        fs::remove_dir_all(&folder).at(&folder)?;
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&folder);
    if !succeeds(&mut make) {
        // Debian keeps the module in a package of its own.
        if apt::can_install() {
            say("installing python3-venv (apt-get, no recommended packages)");
            apt::install(&["python3", "python3-venv"])?;
        }
        output(&mut make)?;
    }
    output(
        Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(PINS),
    )?;
    fs::write(&stamp, pins).at(&stamp)
}

/// How MiniStack reaches the engine, and the network it is to think it lives in.
pub(crate) struct Containers<'a> {
    pub(crate) host: &'a str,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) anchor: &'a str,
}

pub(crate) struct Started {
    pub(crate) process: Child,
    pub(crate) port: u16,
    /// Already bound where tasks look for AWS, so that nobody else can take that port in between.
    pub(crate) for_tasks: Option<TcpListener>,
}

/// Starts one that answers. `noted` is told the process and its port before it is waited for.
pub(crate) fn start(
    place: &Place,
    run: &Path,
    needs: Needs,
    containers: Option<&Containers<'_>>,
    mut noted: impl FnMut(u32, u16) -> Result<()>,
) -> Result<Started> {
    let logs = place.join("logs");
    private_dir(&logs)?;
    keep_newest(&logs, 20);
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let log_path = logs.join(format!("ministack-{name}.log"));
    // Another process may take the free port before MiniStack does: then the next one is tried.
    let mut tries = 0;
    loop {
        tries += 1;
        let (port, for_tasks) = free_port(containers.and_then(|containers| containers.gateway))?;
        let log = fs::File::create(&log_path).at(&log_path)?;
        let mut command = Command::new(place.venv_bin().join("ministack"));
        command
            .env_clear()
            .envs(
                std::env::vars_os().filter(|(name, _)| {
                    name == "PATH" || name == "LANG" || name == "LD_LIBRARY_PATH"
                }),
            )
            .envs([
                ("GATEWAY_PORT", port.to_string().as_str()),
                ("BIND_HOST", "127.0.0.1"),
                ("MINISTACK_HOST", "localhost"),
                ("MINISTACK_REGION", REGION),
                ("IOT_MTLS_ENABLED", "0"),
                ("AUTH", if needs.auth { "true" } else { "false" }),
                // Without an engine it must not find the machine's by itself.
                (
                    "DOCKER_HOST",
                    containers.map_or("unix:///nonexistent.sock", |containers| containers.host),
                ),
                // The container whose network it takes for its own: tasks and databases land there.
                ("HOSTNAME", containers.map_or("none", |containers| containers.anchor)),
                // Each starts to look for database ports somewhere else, so that two do not race for one.
                ("RDS_BASE_PORT", (20_000 + port % 12_000).to_string().as_str()),
            ])
            .env("HOME", run)
            .env("TMPDIR", run)
            .env("STATE_DIR", run.join("state"))
            .env("S3_DATA_DIR", run.join("s3"))
            .current_dir(run)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().at(&log_path)?)
            .stderr(log);
        let mut process = command.spawn().map_err(|source| missing(&command, source))?;
        noted(process.id(), port)?;
        let health = format!("http://127.0.0.1:{port}/_ministack/health");
        let up = wait(Duration::from_secs(30), || {
            ureq::get(&health).call().is_ok() || process.try_wait().is_ok_and(|end| end.is_some())
        });
        let died = process.try_wait().is_ok_and(|end| end.is_some());
        match (up, died) {
            (true, false) => return Ok(Started { process, port, for_tasks }),
            (_, true) if tries < 3 => {}
            (_, true) => return Err(Error::Died { what: "MiniStack", log: last_words(&log_path) }),
            (false, false) => {
                return Err(Error::Silent {
                    what: "MiniStack",
                    seconds: 30,
                    log: last_words(&log_path),
                });
            }
        }
    }
}

/// A port that is free on loopback and where tasks look for AWS.
fn free_port(gateway: Option<IpAddr>) -> Result<(u16, Option<TcpListener>)> {
    let mut last = None;
    for _ in 0..20 {
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).at("127.0.0.1:0")?;
        let port = probe.local_addr().at("127.0.0.1:0")?.port();
        let Some(gateway) = gateway else { return Ok((port, None)) };
        match TcpListener::bind((gateway, port)) {
            Ok(listener) => return Ok((port, Some(listener))),
            // The gateway is no address of ours (Docker Desktop): there, containers reach loopback by themselves.
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {
                return Ok((port, None));
            }
            Err(error) => last = Some(error),
        }
    }
    Err(Error::Other(format!("no port is free on both loopback and the bridge: {last:?}")))
}

fn keep_newest(logs: &Path, count: usize) {
    let mut files: Vec<_> = fs::read_dir(logs)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    for (_, path) in files.iter().rev().skip(count) {
        let _none = fs::remove_file(path);
    }
}

/// CloudFront functions run in node: without it they do not.
pub(crate) fn has_node() -> bool {
    on_path("node")
}
