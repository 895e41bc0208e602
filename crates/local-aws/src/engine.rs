//! A Docker engine: the one that answers, else one of our own under `target/`, shared by all who run at the time.
//!
//! Our own engine leaves the machine's firewall alone (`--iptables=false`): containers reach the host over a bridge that is ours, they
//! need no way out, and what is made (bridges, one rule for traffic between our own containers) goes with it. The price: no internet
//! inside containers.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::apt::{self, Lists};
use crate::command::{last_words, missing, on_path, output, succeeds};
use crate::error::{At as _, Error, Result};
use crate::place::{Place, identity, lives, private_dir, read_json, write_json};
use crate::{Say, keeper, wait};

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) host: String,
    /// Where a container reaches this machine: what Docker calls the host gateway.
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) ours: bool,
    /// What the names of our bridges begin with.
    pub(crate) bridge: String,
    /// The daemon, when this process is the one that started it: it has to be waited for.
    pub(crate) daemon: Option<Child>,
}

impl Engine {
    /// To be called under the setup lock.
    pub(crate) fn find_or_start(place: &Place, say: Say<'_>) -> Result<Self> {
        if let Some(host) = answering() {
            let gateway = gateway_of(&host)?;
            return Ok(Self { host, gateway, ours: false, bridge: String::new(), daemon: None });
        }
        let state = place.join("engine/state.json");
        if let Some(state) = read_json(&state)
            && let Some(host) = state["host"].as_str()
            && lives(&state["dockerd"])
            && succeeds(docker(host).arg("version"))
        {
            let gateway = state["gateway"].as_str().and_then(|gateway| gateway.parse().ok());
            return Ok(Self {
                host: host.to_owned(),
                gateway,
                ours: true,
                bridge: bridge_name(place.root()),
                daemon: None,
            });
        }
        if state.exists() {
            // Its daemon died or hangs: what it left is in the way of another.
            keeper::end_engine(place)?;
        }
        install_what_is_missing(say)?;
        start(place)
    }

    pub(crate) fn docker(&self, config: &Path) -> Command {
        let mut command = docker(&self.host);
        command.arg("--config").arg(config);
        command
    }
}

fn docker(host: &str) -> Command {
    let mut command = Command::new("docker");
    command.args(["--host", host]);
    command
}

/// The engine that `docker` would talk to by itself: `DOCKER_HOST`, the current context, or the default socket.
fn answering() -> Option<String> {
    if !succeeds(Command::new("docker").arg("version")) {
        return None;
    }
    let context = output(Command::new("docker").args([
        "context",
        "inspect",
        "--format",
        "{{.Endpoints.docker.Host}}",
    ]));
    context.ok().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty())
}

/// The address of this machine on an engine's default bridge. Until its first container an engine tells only the subnet.
fn gateway_of(host: &str) -> Result<Option<IpAddr>> {
    let format = "{{with index .IPAM.Config 0}}{{.Gateway}} {{.Subnet}}{{end}}";
    let told = output(docker(host).args(["network", "inspect", "bridge", "--format", format]))?;
    let addresses =
        told.split_whitespace().filter_map(|word| word.split('/').next()?.parse::<Ipv4Addr>().ok());
    let gateway = addresses.map(|address| {
        let [a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c, d.max(1)).into()
    });
    Ok(gateway.into_iter().next())
}

fn install_what_is_missing(say: Say<'_>) -> Result<()> {
    let wanted = [("dockerd", "docker.io"), ("iptables", "iptables"), ("ip", "iproute2")];
    // Daemons live in sbin, which is not on every PATH.
    let there = |tool: &str| on_path(tool) || Path::new("/usr/sbin").join(tool).exists();
    let lacking: Vec<&str> =
        wanted.iter().filter(|(tool, _)| !there(tool)).map(|(_, package)| *package).collect();
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NoEngine { why: "starting one takes root".to_owned() });
    }
    if !lacking.is_empty() {
        if !apt::can_install() {
            return Err(Error::NoEngine {
                why: format!("{} is missing and there is no apt-get", lacking.join(", ")),
            });
        }
        say(&format!("installing {} (apt-get, no recommended packages)", lacking.join(", ")));
        apt::install(&lacking)?;
    }
    if !on_path("docker") {
        // From Debian 13 on the client is a package of its own.
        say("installing docker-cli (apt-get, no recommended packages)");
        apt::install(&["docker-cli"])?;
    }
    Ok(())
}

fn start(place: &Place) -> Result<Engine> {
    let folder = place.join("engine");
    private_dir(&folder)?;
    let bridge = bridge_name(place.root());
    // Left behind by a start that came to no end.
    let _none = output(Command::new("ip").args(["link", "delete", &bridge]));
    let net = free_network(&bridge)?;
    let gateway = Ipv4Addr::new(10, net, 255, 1);
    output(Command::new("ip").args(["link", "add", "name", &bridge, "type", "bridge"]))?;
    output(Command::new("ip").args(["address", "add", &format!("{gateway}/24"), "dev", &bridge]))?;
    output(Command::new("ip").args(["link", "set", &bridge, "up"]))?;
    // Any Docker that ran here before left FORWARD at DROP, and that reaches even from one container to the next on one bridge.
    let mine = format!("{bridge}+");
    let _without_iptables_nothing_drops = output(
        Command::new("iptables")
            .args(["-w", "-I", "FORWARD", "-i", &mine, "-o", &mine, "-j", "ACCEPT"]),
    );

    let host = format!("unix://{}", folder.join("docker.sock").display());
    let log_path = folder.join("dockerd.log");
    let log = fs::File::create(&log_path).at(&log_path)?;
    let mut command = Command::new("dockerd");
    command
        .args(["--host", &host, "--bridge", &bridge, "--host-gateway-ip", &gateway.to_string()])
        .args(["--default-address-pool", &format!("base=10.{net}.0.0/17,size=24")])
        // What a container publishes is published on loopback.
        .args([
            "--ip",
            "127.0.0.1",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ])
        .args(["--exec-opt", "native.cgroupdriver=cgroupfs"])
        .arg("--data-root")
        .arg(folder.join("data"))
        .arg("--exec-root")
        .arg(folder.join("exec"))
        .arg("--pidfile")
        .arg(folder.join("dockerd.pid"))
        .env("PATH", path_with_sbin())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().at(&log_path)?)
        .stderr(log);
    let mut daemon = command.spawn().map_err(|source| missing(&command, source))?;
    write_json(
        &folder.join("state.json"),
        &json!({ "dockerd": identity(daemon.id()), "host": host, "bridge": bridge, "gateway": gateway.to_string() }),
    )?;
    let up = wait(Duration::from_mins(1), || {
        succeeds(docker(&host).arg("version")) || daemon.try_wait().is_ok_and(|end| end.is_some())
    });
    if daemon.try_wait().is_ok_and(|end| end.is_some()) {
        return Err(Error::Died { what: "dockerd", log: last_words(&log_path) });
    }
    if !up {
        return Err(Error::Silent { what: "dockerd", seconds: 60, log: last_words(&log_path) });
    }
    Ok(Engine { host, gateway: Some(gateway.into()), ours: true, bridge, daemon: Some(daemon) })
}

/// The engine's helpers (iptables, runc) are looked up on PATH, and a desktop user's has no sbin.
fn path_with_sbin() -> std::ffi::OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    path
}

/// One bridge a workspace, so that two clones on one machine do not share addresses.
fn bridge_name(root: &Path) -> String {
    format!("la{:06x}", hash(root) & 0xff_ffff)
}

/// The bridge of one local AWS. Interface names end after 15 characters.
pub(crate) fn bridge_of_run(bridge: &str, run: &str) -> String {
    format!("{bridge}{:07x}", hash(Path::new(run)) & 0xfff_ffff)
}

/// FNV-1a: the standard library's hasher may differ from one build to the next, and the name must not.
fn hash(root: &Path) -> u32 {
    root.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The second byte of a 10.x network that no route of this machine touches.
fn free_network(bridge: &str) -> Result<u8> {
    let routes = fs::read_to_string("/proc/net/route").at("/proc/net/route")?;
    // Little-endian hexadecimal: 10.213.0.0 is 0000D50A.
    let taken: Vec<u8> = routes
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().nth(1))
        .filter(|destination| destination.ends_with("0A"))
        .filter_map(|destination| u8::from_str_radix(destination.get(4..6)?, 16).ok())
        .collect();
    let first = u8::try_from(hash(Path::new(bridge)) % 50).unwrap_or_default();
    (0..50)
        .map(|step| 200 + (first + step) % 50)
        .find(|net| !taken.contains(net))
        .ok_or_else(|| Error::NoEngine { why: "no free 10.x network".to_owned() })
}

/// The buildx plugin, from Debian 13's package when `docker` has none. `None`: the classic builder is what there is.
pub(crate) fn buildx(place: &Place, say: Say<'_>) -> Option<PathBuf> {
    let folder = place.join("buildx");
    let plugin = folder.join("usr/libexec/docker/cli-plugins/docker-buildx");
    let given_up = place.join("buildx-unavailable");
    if plugin.exists() {
        return Some(plugin);
    }
    if given_up.exists() || succeeds(Command::new("docker").args(["buildx", "version"])) {
        return None;
    }
    say("downloading docker-buildx from Debian 13 (13 MB, not installed)");
    let unpacked = Lists::of_suite(place, "trixie")
        .and_then(|lists| lists.unpack(&["docker-buildx".to_owned()], &folder))
        .map_err(|error| error.to_string());
    match unpacked {
        Ok(()) if plugin.exists() => Some(plugin),
        failed => {
            let why = failed.err().unwrap_or_else(|| "the package holds no plugin".to_owned());
            say(&format!(
                "no buildx: {why}; the classic builder is used (delete {} to try again)",
                given_up.display()
            ));
            let _only_asks_again = fs::write(&given_up, why);
            None
        }
    }
}
