//! The program as a process, against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on ends the test")]

#[path = "todo_api/http.rs"]
mod http;
#[path = "todo_api/postgres.rs"]
mod postgres;
#[path = "todo_api/program.rs"]
mod program;

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::request;
use crate::postgres::Database;
use crate::program::{Program, todo_api};

/// A server on a database of its own, migrated.
fn serving(database: &Database) -> Program {
    assert_eq!(todo_api(database).arg("migrate").finish().code, Some(0));
    todo_api(database).env("APP_VERSION", "4f2a9c1").serve()
}

#[test]
fn a_todo_is_added_done_renamed_and_removed() {
    let database = Database::create();
    let server = serving(&database);

    let added = server.send("POST", "/api/todos", &json!({ "title": "  Water the plants 🌱 " }));
    assert_eq!(added.status, 201);
    assert_eq!(added.json["title"], "Water the plants 🌱");
    assert_eq!((&added.json["done"], &added.json["doneAt"]), (&json!(false), &Value::Null));
    let created = added.json["createdAt"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z'), "{created}");
    let path = format!("/api/todos/{}", added.json["id"]);

    let done = server.send("PATCH", &path, &json!({ "done": true }));
    assert_eq!((done.status, &done.json["done"]), (200, &json!(true)));
    assert!(done.json["doneAt"].is_string());
    let twice = server.send("PATCH", &path, &json!({ "done": true, "title": "Plants" }));
    assert_eq!(twice.json["doneAt"], done.json["doneAt"], "done is done since the first time");
    let undone = server.send("PATCH", &path, &json!({ "done": false }));
    assert_eq!((&undone.json["title"], &undone.json["doneAt"]), (&json!("Plants"), &Value::Null));

    assert_eq!(server.get("/api/todos").json, json!([undone.json]));
    assert_eq!(server.send("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(server.get("/api/todos").json, json!([]));
}

#[test]
fn the_newest_todo_comes_first() {
    let database = Database::create();
    let server = serving(&database);
    for title in ["one", "two", "three"] {
        server.send("POST", "/api/todos", &json!({ "title": title }));
    }
    let list = server.get("/api/todos").json;
    let titles: Vec<_> = list.as_array().unwrap().iter().map(|todo| &todo["title"]).collect();
    assert_eq!(titles, ["three", "two", "one"]);
}

#[test]
fn every_answer_carries_the_commit_and_is_kept_by_no_cache() {
    let database = Database::create();
    let server = serving(&database);
    for path in ["/health", "/api/todos", "/nowhere"] {
        let answer = server.get(path);
        assert_eq!(answer.header("x-app-version"), Some("4f2a9c1"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_words() {
    let database = Database::create();
    let server = serving(&database);
    let cases = [
        ("POST", "/api/todos", json!({ "title": " " }), 422, "a title has 1 to 200 characters"),
        (
            "POST",
            "/api/todos",
            json!({ "title": "x".repeat(201) }),
            422,
            "a title has 1 to 200 characters",
        ),
        ("POST", "/api/todos", json!({ "title": "x".repeat(20_000) }), 413, "length limit"),
        ("POST", "/api/todos", json!({ "name": "x" }), 422, "unknown field `name`"),
        ("PATCH", "/api/todos/1", json!({}), 422, "nothing to change"),
        ("PATCH", "/api/todos/99", json!({ "done": true }), 404, "there is no todo 99"),
        ("PATCH", "/api/todos/x", json!({ "done": true }), 400, "an id is a whole number"),
        ("DELETE", "/api/todos/99", Value::Null, 404, "there is no todo 99"),
        ("PUT", "/api/todos", Value::Null, 405, "this is not done here"),
        ("GET", "/api", Value::Null, 404, "there is nothing here"),
    ];
    for (method, path, body, status, words) in cases {
        let answer = server.send(method, path, &body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.json);
        assert!(
            answer.json["error"].as_str().unwrap().contains(words),
            "{method} {path}: {}",
            answer.json
        );
    }
}

#[test]
fn healthy_only_when_the_schema_is_there_and_the_database_answers() {
    let database = Database::create();
    let server = todo_api(&database).env("APP_VERSION", "4f2a9c1").serve();
    let ask = || todo_api(&database).env("PORT", &server.port().to_string()).arg("health").finish();

    let before = server.get("/health");
    assert_eq!(before.status, 503);
    assert_eq!(
        before.json["reason"],
        "the schema is older than this release: run `todo-api migrate`"
    );
    assert_eq!(ask().code, Some(1));

    todo_api(&database).arg("migrate").finish();
    let healthy = server.get("/health");
    assert_eq!(
        (healthy.status, healthy.json),
        (200, json!({ "status": "ok", "version": "4f2a9c1", "schema": 2 }))
    );
    let asked = ask();
    assert_eq!(asked.code, Some(0));
    assert!(asked.log.contains(r#""status":"ok""#), "{}", asked.log);

    database.close();
    let gone = server.get("/health");
    assert_eq!((gone.status, &gone.json["reason"]), (503, &json!("the database does not answer")));
    let refused = server.get("/api/todos");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json["error"], "the database did not answer, please try again");
}

#[test]
fn a_server_that_is_not_there_is_not_healthy() {
    let database = Database::create();
    // Port 1 is nobody's.
    let asked = todo_api(&database).env("PORT", "1").arg("health").finish();
    assert_eq!(asked.code, Some(1));
    assert!(asked.log.starts_with("no answer from 127.0.0.1:1: "), "{}", asked.log);
}

#[test]
fn each_migration_is_applied_once_and_has_its_line() {
    let database = Database::create();
    let first = todo_api(&database).arg("migrate").finish();
    assert_eq!(first.code, Some(0), "{}", first.log);
    assert!(first.log.contains("0001 create todos: applied ms="), "{}", first.log);
    assert!(first.log.contains("0002 remember when done: applied ms="), "{}", first.log);

    let again = todo_api(&database).arg("migrate").finish();
    assert_eq!(
        again.log,
        "info  0001 create todos: was applied before\n\
         info  0002 remember when done: was applied before\n\
         info  the schema is up to date applied=0 migrations=2\n"
    );
}

#[test]
fn two_migrations_at_once_do_the_work_once() {
    let database = Database::create();
    let (one, two) =
        (todo_api(&database).arg("migrate").start(), todo_api(&database).arg("migrate").start());
    let (one, two) = (one.end(), two.end());
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{}{}", one.log, two.log);
    let applied = format!("{}{}", one.log, two.log).matches(": applied ms=").count();
    assert_eq!(applied, 2, "{}{}", one.log, two.log);
}

#[test]
fn a_migration_waits_for_the_lock_and_is_ended_by_sigterm() {
    let database = Database::create();
    let _held = database.hold_migration_lock();
    let mut waiting = todo_api(&database).arg("migrate").start();
    waiting.wait_for("another migration holds the lock: waiting for it");
    waiting.signal(rustix::process::Signal::TERM);
    let ended = waiting.end();
    assert_eq!(ended.code, Some(143), "{}", ended.log);
    assert!(ended.log.contains("ended by SIGTERM"), "{}", ended.log);
}

#[test]
fn a_database_ahead_of_the_image_is_left_as_it_is() {
    let database = Database::create();
    todo_api(&database).arg("migrate").finish();
    database.run(
        "INSERT INTO _sqlx_migrations VALUES (9, 'of a newer release', now(), true, '\\x00', 0)",
    );
    let older = todo_api(&database).arg("migrate").finish();
    assert_eq!(older.code, Some(0), "{}", older.log);
    assert!(older.log.contains("0009: applied by a newer release, left as it is"), "{}", older.log);
}

#[test]
fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
    let database = Database::create();
    todo_api(&database).arg("migrate").finish();
    database.run("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1");
    let changed = todo_api(&database).arg("migrate").finish();
    assert_eq!(changed.code, Some(1));
    assert!(changed.log.contains("the migration failed: migration 1 "), "{}", changed.log);
}

#[test]
fn a_wrong_password_fails_at_once_and_is_not_shown() {
    let database = Database::create();
    let wrong = todo_api(&database).env("DB_PASSWORD", "not-this-one").arg("migrate").finish();
    assert_eq!(wrong.code, Some(1));
    assert!(
        wrong.log.starts_with(
            "error cannot connect to the database: error returned from database: password"
        ),
        "{}",
        wrong.log
    );
    assert!(!wrong.log.contains("not-this-one"), "{}", wrong.log);
}

#[test]
fn a_url_does_as_well_as_parts() {
    let database = Database::create();
    let mut migrate = todo_api(&database).env("DATABASE_URL", &database.url()).arg("migrate");
    for part in ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"] {
        migrate = migrate.without(part);
    }
    let ended = migrate.finish();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[test]
fn wrong_settings_are_told_all_at_once_and_nothing_starts() {
    let database = Database::create();
    let refused = todo_api(&database)
        .without("DB_NAME")
        .env("LOG_LEVEL", "verbose")
        .env("PORT", "eighty")
        .finish();
    assert_eq!(refused.code, Some(2));
    assert_eq!(
        refused.log,
        "error cannot start: PORT is `eighty`: expected a port number\n\
         error cannot start: DB_NAME is missing\n\
         error cannot start: LOG_LEVEL is `verbose`: expected error, warn, info or debug\n"
    );
}

#[test]
fn an_unknown_command_is_refused() {
    let database = Database::create();
    let refused = todo_api(&database).arg("serve").arg("--http3").finish();
    assert_eq!(refused.code, Some(2));
    assert_eq!(
        refused.log,
        "error cannot start: there is no command `serve --http3`, see `todo-api help`\n"
    );
}

#[test]
fn sigterm_lets_a_request_under_way_finish() {
    let database = Database::create();
    let mut server = serving(&database);
    // The row is locked: the request hangs until we let go.
    let held = database.hold_todos();
    let port = server.port();
    let slow = std::thread::spawn(move || {
        request(port, "POST", "/api/todos", &json!({ "title": "slow" }))
    });
    database.wait_until_somebody_waits();

    server.signal(rustix::process::Signal::TERM);
    server.wait_for("SIGTERM: finishing what was begun");
    drop(held);

    assert_eq!(slow.join().unwrap().status, 201);
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.ends_with("info  stopped\n"), "{}", ended.log);
}

#[test]
fn an_idle_server_ends_at_once() {
    let database = Database::create();
    let server = todo_api(&database).serve();
    let idle = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let begun = std::time::SystemTime::now();
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.end().code, Some(0));
    assert!(begun.elapsed().unwrap() < Duration::from_secs(5), "an open connection held it up");
    drop(idle);
}

#[test]
fn json_lines_are_json() {
    let database = Database::create();
    let mut server =
        todo_api(&database).env("LOG_FORMAT", "json").env("LOG_LEVEL", "debug").serve();
    server.get("/health");
    server.wait_for("\"path\":\"/health\"");
    server.signal(rustix::process::Signal::TERM);
    for line in server.end().log.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["message"].is_string(), "{line}");
    }
}
