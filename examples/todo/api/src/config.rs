//! Settings from the environment. Reads all of them before it answers, so that one look at the log
//! tells all that is wrong. Never prints a value that may be a secret.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::Environment;
use crate::log::{Format, Level};

/// No `Debug`: the connection options hold the password and would print it.
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) database: PgConnectOptions,
    /// The commit, as the deploy names it.
    pub(crate) version: String,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, Vec<String>> {
        let mut settings = Settings { environment, faults: Vec::new() };
        let listen = listen(&mut settings);
        let database = database(&mut settings);
        let version = settings.text("APP_VERSION").unwrap_or("unknown").to_owned();
        settings.parsed("LOG_LEVEL", "error, warn, info or debug", Level::Info);
        settings.parsed("LOG_FORMAT", "text or json", Format::Text);
        match database {
            Some(database) if settings.faults.is_empty() => Ok(Self { listen, database, version }),
            _ => Err(settings.faults),
        }
    }
}

/// Where the server listens: `health` asks there, too, and needs nothing else.
pub(crate) fn listen(settings: &mut Settings) -> SocketAddr {
    // A container is reached from outside: loopback would be unreachable.
    let address =
        settings.parsed("BIND_ADDRESS", "an IP address", IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    SocketAddr::new(address, settings.parsed("PORT", "a port number", 8080))
}

/// Either one URL, or the parts as ECS takes them out of a secret's JSON. The parts never become a URL
/// on the way: a password may hold any character.
fn database(settings: &mut Settings) -> Option<PgConnectOptions> {
    const PARTS: [&str; 7] =
        ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSLMODE", "DB_SSLROOTCERT"];

    if let Some(url) = settings.text("DATABASE_URL") {
        // Two sources would leave open which database this is.
        if let Some(part) = PARTS.iter().find(|part| settings.text(part).is_some()) {
            settings
                .fault(format!("DATABASE_URL and {part} are both set: keep one of the two forms"));
        }
        let options =
            if url.starts_with("postgres") { PgConnectOptions::from_str(url).ok() } else { None };
        if options.is_none() {
            settings.fault(
                "DATABASE_URL is not of the form postgres://user:password@host:port/name (percent-encode what is special in a URL)"
                    .to_owned(),
            );
        }
        return options;
    }

    let host = settings.required("DB_HOST");
    let port = settings.parsed("DB_PORT", "a port number", 5432);
    let name = settings.required("DB_NAME");
    let user = settings.required("DB_USER");
    // Not trimmed: blanks around it may be part of it.
    let password = settings.environment.get("DB_PASSWORD").filter(|password| !password.is_empty());
    if password.is_none() {
        settings.fault("DB_PASSWORD is missing".to_owned());
    }
    let tls = settings.parsed(
        "DB_SSLMODE",
        "disable, allow, prefer, require, verify-ca or verify-full",
        PgSslMode::Prefer,
    );
    let options = PgConnectOptions::new_without_pgpass()
        .host(host?)
        .port(port)
        .database(name?)
        .username(user?)
        .password(password?)
        .ssl_mode(tls);
    match settings.text("DB_SSLROOTCERT") {
        // Found missing now, not with the first connection.
        Some(path) if !Path::new(path).is_file() => {
            settings.fault(format!("DB_SSLROOTCERT is `{path}`: there is no such file"));
            None
        }
        Some(path) => Some(options.ssl_root_cert(path)),
        None => Some(options),
    }
}

/// Reads settings and gathers what is wrong with them.
pub(crate) struct Settings<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) faults: Vec<String>,
}

impl<'a> Settings<'a> {
    fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// A blank setting counts as absent: that is what an empty value in a task definition means.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> Option<&'a str> {
        let value = self.text(name);
        if value.is_none() {
            self.fault(format!("{name} is missing"));
        }
        value
    }

    fn parsed<T: FromStr>(&mut self, name: &str, expected: &str, default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.fault(format!("{name} is `{text}`: expected {expected}"));
            default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(settings: &[(&str, &str)]) -> Vec<String> {
        let environment =
            settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Config::read(&environment).err().unwrap_or_default()
    }

    const PARTS: [(&str, &str); 4] = [
        ("DB_HOST", "db"),
        ("DB_NAME", "todo"),
        ("DB_USER", "app"),
        ("DB_PASSWORD", "p@ss/w:rd?#%"),
    ];

    #[test]
    fn parts_are_enough() {
        assert_eq!(faults(&PARTS), [""; 0]);
    }

    #[test]
    fn a_url_is_enough() {
        assert_eq!(faults(&[("DATABASE_URL", "postgres://app:p%40ss@db:5432/todo")]), [""; 0]);
    }

    #[test]
    fn a_blank_setting_is_an_absent_one() {
        assert_eq!(faults(&[&PARTS[..], &[("PORT", " "), ("DATABASE_URL", "")]].concat()), [""; 0]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        assert_eq!(
            faults(&[
                ("PORT", "eighty"),
                ("DB_HOST", "db"),
                ("DB_PORT", "70000"),
                ("LOG_LEVEL", "verbose")
            ]),
            [
                "PORT is `eighty`: expected a port number",
                "DB_PORT is `70000`: expected a port number",
                "DB_NAME is missing",
                "DB_USER is missing",
                "DB_PASSWORD is missing",
                "LOG_LEVEL is `verbose`: expected error, warn, info or debug",
            ]
        );
    }

    #[test]
    fn certificates_that_are_not_there_are_noticed_at_the_start() {
        let missing = [&PARTS[..], &[("DB_SSLROOTCERT", "/no/rds.pem")]].concat();
        assert_eq!(faults(&missing), ["DB_SSLROOTCERT is `/no/rds.pem`: there is no such file"]);
    }

    #[test]
    fn two_forms_leave_open_which_database_is_meant() {
        let both = [&PARTS[..1], &[("DATABASE_URL", "postgres://app:secret@db/todo")]].concat();
        assert_eq!(
            faults(&both),
            ["DATABASE_URL and DB_HOST are both set: keep one of the two forms"]
        );
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_it() {
        for url in
            ["mysql://app:hunter22@db/todo", "postgres://app:hunter22@db:port/todo", "hunter22"]
        {
            let faults = faults(&[("DATABASE_URL", url)]);
            assert_eq!(faults.len(), 1, "{url}");
            assert!(!faults[0].contains("hunter22"), "{faults:?}");
        }
    }
}
