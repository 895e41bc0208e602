//! One real PostgreSQL for this test process, one database for each test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::runtime::Runtime;

pub(crate) const USER: &str = "app";
/// All that is special in a URL, a shell, a dotenv file or SQL.
pub(crate) const PASSWORD: &str = "p@ss/w:o?r#d%20 '\"$x\\&=+";
const PASSWORD_IN_A_URL: &str = "p%40ss%2Fw%3Ao%3Fr%23d%2520%20%27%22%24x%5C%26%3D%2B";

pub(crate) struct Database {
    name: String,
    port: u16,
    runtime: Runtime,
}

/// What it holds is let go when this is dropped.
pub(crate) struct Held(Option<PgConnection>, Runtime);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            self.1.block_on(connection.close()).unwrap();
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn options(port: u16, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(USER)
        .password(PASSWORD)
        .database(database)
}

impl Database {
    pub(crate) fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("todo_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let database = Self { name, port: server(), runtime: runtime() };
        database.admin(&format!("CREATE DATABASE {}", database.name));
        database
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_A_URL}@127.0.0.1:{}/{}", self.port, self.name)
    }

    pub(crate) fn run(&self, sql: &str) {
        self.execute(&self.name, sql);
    }

    /// As if the database had gone away.
    pub(crate) fn close(&self) {
        self.admin(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", self.name));
        self.admin(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ));
    }

    /// The lock that a migration takes, held by somebody else.
    pub(crate) fn hold_migration_lock(&self) -> Held {
        use sqlx::migrate::Migrate as _;
        let runtime = runtime();
        let connection = runtime.block_on(async {
            let mut connection = options(self.port, &self.name).connect().await.unwrap();
            connection.lock().await.unwrap();
            connection
        });
        Held(Some(connection), runtime)
    }

    /// Every write to the todos waits until this is dropped.
    pub(crate) fn hold_todos(&self) -> Held {
        let runtime = runtime();
        let connection = runtime.block_on(async {
            let mut connection = options(self.port, &self.name).connect().await.unwrap();
            connection.execute("BEGIN; LOCK TABLE todos IN EXCLUSIVE MODE").await.unwrap();
            connection
        });
        Held(Some(connection), runtime)
    }

    pub(crate) fn wait_until_somebody_waits(&self) {
        self.runtime.block_on(async {
            let mut connection = options(self.port, &self.name).connect().await.unwrap();
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            for _ in 0..600 {
                let count: i64 =
                    sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
                if count > 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("nobody waits for a lock");
        });
    }

    fn admin(&self, sql: &str) {
        self.execute("postgres", sql);
    }

    fn execute(&self, database: &str, sql: &str) {
        self.runtime.block_on(async {
            let mut connection = options(self.port, database).connect().await.unwrap();
            connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
            connection.close().await.unwrap();
        });
    }
}

/// Starts the server once, on a port that was free, and tells that port.
fn server() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let (ready, port) = channel();
        // PostgreSQL is told to end when its parent *thread* ends, and a test's thread ends with its test:
        // this one lives as long as the process, however that ends.
        std::thread::spawn(move || {
            let (mut postgres, port) = start();
            ready.send(port).unwrap();
            let _ = postgres.wait();
        });
        let port = port.recv().expect("PostgreSQL did not start: see above");
        runtime().block_on(async {
            for _ in 0..600 {
                if let Ok(connection) = options(port, "postgres").connect().await {
                    return connection.close().await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("PostgreSQL did not answer within 30 s");
        });
        port
    })
}

fn start() -> (std::process::Child, u16) {
    let programs = programs();
    let folder = folder();
    let owner = owner();
    let password = folder.join("password");
    fs::write(&password, PASSWORD).unwrap();
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        std::os::unix::fs::chown(&password, Some(user), Some(group)).unwrap();
    }
    let as_owner = |mut command: Command| {
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
        command.current_dir(&folder).env_clear().stdin(Stdio::null());
        command
    };

    let mut initdb = as_owner(Command::new(programs.join("initdb")));
    initdb.args(["--pgdata=data", "--username", USER, "--pwfile=password"]).args([
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]);
    let made = initdb.output().unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

    // Free a moment ago is as good as it gets: PostgreSQL cannot be given a socket.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = fs::File::create(folder.join("log")).unwrap();
    // A command of Debian's util-linux: SIGINT is PostgreSQL's fast shutdown.
    let mut postgres = as_owner(Command::new("/usr/bin/setpriv"));
    postgres
        .args(["--pdeathsig", "INT"])
        .arg(programs.join("postgres"))
        .args(["-D", "data", "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=300"])
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    (postgres.spawn().unwrap(), port)
}

/// The newest that Debian's package brought.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop().expect("these tests need PostgreSQL's server: apt-get install -y --no-install-recommends postgresql")
}

/// An empty folder of this process. Those of ended processes are removed on the way: a server outlives
/// its test process by a moment, so that nobody could remove them at the end.
fn folder() -> PathBuf {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("todo-api-postgres");
    fs::create_dir_all(&parent).unwrap();
    for entry in fs::read_dir(&parent).unwrap().filter_map(Result::ok) {
        let owner_lives = Path::new("/proc").join(entry.file_name()).exists();
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| SystemTime::now().duration_since(time).ok());
        if !owner_lives && age.is_some_and(|age| age > Duration::from_secs(30)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = parent.join(std::process::id().to_string());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

/// PostgreSQL refuses to run as root: then its package's user does, or `nobody`.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let numbers = users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields[0] == "postgres")
            .then(|| Some((fields[2].parse().ok()?, fields[3].parse().ok()?)))?
    });
    Some(numbers.unwrap_or((65534, 65534)))
}
