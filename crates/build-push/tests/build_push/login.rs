//! The login to ECR: in a folder of its own, gone afterwards however the run ends, and read by nobody.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    SMALL, assert_end, aws, build, context, noting_docker, path_with, repository, with_a_shell,
};

/// What ECR gave, in the two forms that docker knows.
fn passwords() -> [String; 2] {
    let answer = aws().call("ecr", "get_authorization_token", &json!({})).unwrap();
    let token = answer["authorizationData"][0]["authorizationToken"].as_str().unwrap().to_owned();
    let decoded = String::from_utf8(STANDARD.decode(&token).unwrap()).unwrap();
    [decoded.split_once(':').unwrap().1.to_owned(), token]
}

/// Every file below `folder` that holds one of `secrets`.
fn holding(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(holding(&path, secrets));
        } else if let Ok(content) = fs::read(&path) {
            let content = String::from_utf8_lossy(&content);
            if secrets.iter().any(|secret| content.contains(secret)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn nobody_reads_the_password() {
    let repository = repository("password", "IMMUTABLE");
    let context = context(&SMALL);
    let temporary = tempfile::tempdir().unwrap();
    // The user's own settings: what is there stays, and nothing comes.
    let home = tempfile::tempdir().unwrap();
    let settings = json!({ "auths": { "registry.example": { "auth": "eDp5" } }, "credsStore": "not-installed" });
    fs::write(home.path().join("config.json"), settings.to_string()).unwrap();
    std::os::unix::fs::symlink(
        aws().docker_config().join("cli-plugins"),
        home.path().join("cli-plugins"),
    )
    .unwrap();
    let look = "stat -c %a \"$DOCKER_CONFIG\" \"$DOCKER_CONFIG/config.json\"; cat \"$DOCKER_CONFIG/config.json\"";
    let (shim, notes) = noting_docker(&format!("( {look} ) >> {}", "\"${0%/*}/settings\""));
    let run = build(&repository, context.path())
        .env("RUNNER_TEMP", temporary.path())
        .env("DOCKER_CONFIG", home.path())
        .env("PATH", path_with(&shim))
        .run();
    assert_end(&run, "built", 0);

    let secrets = passwords();
    // The runner is asked to hide it: those lines it takes out of the log.
    let told: String =
        run.everything().lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let notes = fs::read_to_string(notes).unwrap();
    for secret in &secrets {
        assert!(!told.contains(secret), "{told}");
        assert!(!notes.contains(secret), "in arguments or environment: {notes}");
    }
    let seen = fs::read_to_string(shim.path().join("settings")).unwrap();
    assert!(seen.contains(&secrets[1]), "docker did log in with it: {seen}");
    assert!(seen.contains("registry.example"), "and still knew the user's other logins: {seen}");
    let modes: Vec<&str> = seen.lines().filter(|line| line.len() == 3).collect();
    assert!(
        !modes.is_empty() && modes.iter().all(|mode| ["700", "600"].contains(mode)),
        "{modes:?}"
    );

    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
    let mut there: Vec<_> =
        fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["cli-plugins", "config.json"]);
    assert_eq!(fs::read_to_string(home.path().join("config.json")).unwrap(), settings.to_string());
}

/// A build that goes on for as long as a test needs.
fn slow() -> tempfile::TempDir {
    context(&[("Dockerfile", &format!("FROM {}\nRUN echo begun; sleep 20\n", with_a_shell()))])
}

#[test]
fn a_cancelled_build_ends_at_once_and_leaves_no_login() {
    let repository = repository("cancelled", "IMMUTABLE");
    let context = slow();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let temporary = tempfile::tempdir().unwrap();
        let running =
            build(&repository, context.path()).env("RUNNER_TEMP", temporary.path()).spawn();
        running.wait_for("begun; sleep");
        running.signal(signal);
        let run = running.finish();
        assert_end(&run, "cancelled", code);
        assert!(run.outputs["seconds"].parse::<f64>().unwrap() < 15.0, "{run:#?}");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
        assert!(super::tags(&repository).is_empty());
    }
}

#[test]
fn what_a_killed_run_leaves_the_next_one_sweeps() {
    let repository = repository("killed", "IMMUTABLE");
    let slow = slow();
    let temporary = tempfile::tempdir().unwrap();
    let running = build(&repository, slow.path()).env("RUNNER_TEMP", temporary.path()).spawn();
    running.wait_for("begun; sleep");
    running.signal("KILL");
    assert_eq!(running.finish().code, 137);
    assert_eq!(holding(temporary.path(), &passwords()).len(), 1, "killed, it could not tidy up");

    let small = context(&SMALL);
    let run = build(&repository, small.path()).env("RUNNER_TEMP", temporary.path()).run();
    assert_end(&run, "built", 0);
    assert!(holding(temporary.path(), &passwords()).is_empty());
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
}

#[test]
fn a_build_secret_reaches_the_build_and_nothing_else() {
    if !aws().has_buildx() {
        return;
    }
    let repository = repository("secrets", "IMMUTABLE");
    let dockerfile = format!(
        "FROM {}\nRUN --mount=type=secret,id=npm --mount=type=secret,id=cert cp /run/secrets/npm /taken && wc -c < /taken && cat /run/secrets/cert /taken && rm /taken\n",
        with_a_shell()
    );
    let context = context(&[("Dockerfile", &dockerfile)]);
    let folder = super::context(&[("cert", "certificate-of-31-characters-ab")]);
    let (shim, notes) = noting_docker("");
    let temporary = tempfile::tempdir().unwrap();
    let run = build(&repository, context.path())
        .input("secrets", "npm=hunter2-hunter2")
        .input("secret-files", format!("cert={}", folder.path().join("cert").display()))
        .env("PATH", path_with(&shim))
        .env("RUNNER_TEMP", temporary.path())
        .run();
    assert_end(&run, "built", 0);
    assert!(run.log.contains("15"), "{run:#?}");
    let told: String =
        run.everything().lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let notes = fs::read_to_string(notes).unwrap();
    for secret in ["hunter2-hunter2", "certificate-of-31-characters-ab"] {
        assert!(!told.contains(secret), "{told}");
        assert!(!notes.contains(secret), "{notes}");
    }
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
}
