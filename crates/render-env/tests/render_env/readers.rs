//! The real readers: what does Node, dotenv, Vite, docker or a shell make of a file?

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

pub(crate) type Pairs = BTreeMap<String, String>;

/// The packages whose readers are asked, in versions that are fixed here.
const PACKAGES: [&str; 4] = [
    "vite6@npm:vite@6.4.6",
    "vite8@npm:vite@8.3.8",
    "dotenv@18.0.10",
    "dotenv16@npm:dotenv@16.6.1",
];

/// The folder in which the packages are installed, once for all runs of the tests.
fn packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readers");
        let stamp = folder.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|text| text == PACKAGES.join("\n")) {
            return folder;
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), "{\"private\": true}").unwrap();
        let npm = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"])
            .args(PACKAGES)
            .current_dir(&folder)
            .output()
            .expect("npm: `apt-get install npm`");
        assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
        fs::write(stamp, PACKAGES.join("\n")).unwrap();
        folder
    })
}

fn json_of(command: &mut Command) -> Pairs {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output =
        command.env_clear().env("PATH", path).output().expect("node: `apt-get install nodejs`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `node --env-file`.
pub(crate) fn node(file: &Path) -> Pairs {
    let mut pairs = json_of(
        Command::new("node")
            .arg(format!("--env-file={}", file.display()))
            .args(["-e", "process.stdout.write(JSON.stringify(process.env))"]),
    );
    pairs.remove("PATH");
    pairs
}

/// The npm package dotenv, old and new.
pub(crate) fn dotenv(package: &str, file: &Path) -> Pairs {
    let script = format!(
        "const fs = require('fs'); process.stdout.write(JSON.stringify(require('{package}').parse(\
         fs.readFileSync(process.argv[1]))))"
    );
    json_of(Command::new("node").current_dir(packages()).args(["-e", &script]).arg(file))
}

/// Vite's `loadEnv`, of a file that is called `.env` and keys that begin with `K`.
pub(crate) fn vite(package: &str, file: &Path) -> Pairs {
    let script = format!(
        "import {{ loadEnv }} from '{package}'; process.stdout.write(JSON.stringify(loadEnv('production', \
         process.argv[1], 'K')))"
    );
    json_of(
        Command::new("node")
            .current_dir(packages())
            .args(["--input-type=module", "-e", &script])
            .arg(file.parent().unwrap()),
    )
}

/// `. ./file` in a POSIX shell, and what a child of it sees.
pub(crate) fn shell(file: &Path) -> Pairs {
    let output = Command::new("sh")
        .env_clear()
        .args(["-c", ". \"$1\"; exec /usr/bin/env -0", "sh"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut pairs: Pairs = text
        .split_terminator('\0')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    pairs.remove("PWD");
    pairs.remove("_");
    pairs
}

/// `docker run --env-file`: the client reads the file and sends the pairs to its engine, which is a socket of ours.
pub(crate) fn docker(file: &Path) -> Option<Pairs> {
    let engine = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = engine.local_addr().unwrap();
    let client = Command::new("docker")
        .env("DOCKER_HOST", format!("tcp://{address}"))
        .env("DOCKER_CONFIG", packages())
        .args(["create", "--env-file"])
        .arg(file)
        .arg("none")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    // Where there is no docker client, its rules stand alone.
    let mut client = client.ok()?;
    let body = loop {
        let (mut stream, _) = engine.accept().unwrap();
        let (head, body) = request(&mut stream);
        let answer = if head.contains("/_ping") {
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
        } else {
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        };
        let _client_may_be_gone = stream.write_all(answer.as_bytes());
        if head.contains("/containers/create") {
            break body;
        }
    };
    client.wait().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let pairs = body["Env"].as_array().unwrap().iter().map(|pair| pair.as_str().unwrap());
    Some(
        pairs
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    )
}

fn request(stream: &mut std::net::TcpStream) -> (String, Vec<u8>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return (head, bytes[end + 4..].to_vec());
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the client hung up");
        bytes.extend_from_slice(&buffer[..read]);
    }
}
