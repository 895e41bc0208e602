//! The image that an emulated RDS starts, `postgres:<major>-alpine`, made from Debian's own packages: downloaded and unpacked, not installed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::apt::Lists;
use crate::command::{missing, on_path, output, succeeds};
use crate::error::{At as _, Error, Result};
use crate::place::{Place, private_dir};
use crate::{Engine, Say};

/// The first that the machine's archive has is taken.
const MAJORS: [u8; 4] = [15, 17, 16, 18];
const LABEL: &str = "local-aws.recipe";
const RECIPE: &str = "4";
const APPLETS: [&str; 20] = [
    "sh", "chown", "chmod", "mkdir", "cat", "ls", "id", "su", "sleep", "echo", "test", "rm", "env",
    "grep", "ln", "cp", "nc", "nslookup", "sed", "wget",
];

/// Makes sure that the engine has an image, and gives its major version. To be called under the setup lock.
pub(crate) fn image(place: &Place, engine: &Engine, config: &Path, say: Say<'_>) -> Result<u8> {
    let has = |major: u8| {
        let mut inspect = engine.docker(config);
        inspect.args([
            "image",
            "inspect",
            "--format",
            "{{json .Config.Labels}}",
            &format!("postgres:{major}-alpine"),
        ]);
        // One of ours that an older recipe made is made again; one of somebody else's is fine as it is.
        output(&mut inspect).is_ok_and(|labels| {
            !labels.contains(LABEL) || labels.contains(&format!("{LABEL}\":\"{RECIPE}\""))
        })
    };
    if let Some(major) = MAJORS.into_iter().find(|major| has(*major)) {
        return Ok(major);
    }
    // The machine's own engine may reach a registry, and then the public image is the more real one.
    let pulled = !engine.ours && {
        say("pulling postgres:15-alpine");
        succeeds(engine.docker(config).args(["pull", "--quiet", "postgres:15-alpine"]))
    };
    if pulled {
        return Ok(15);
    }
    if !on_path("apt-get") || !on_path("dpkg") {
        return Err(Error::NoPostgres {
            why: "it cannot be pulled, and there is no apt-get".to_owned(),
        });
    }
    say("making PostgreSQL's image from Debian's packages (50 MB, not installed)");
    let root = place.join("postgres/root");
    let lists = Lists::own(place)?;
    let major = MAJORS
        .into_iter()
        .find(|major| lists.knows(&format!("postgresql-{major}")))
        .ok_or_else(|| Error::NoPostgres {
            why: "the machine's package sources have no PostgreSQL".to_owned(),
        })?;
    if root.exists() {
        fs::remove_dir_all(&root).at(&root)?;
    }
    lists.unpack(&packages(&lists, major)?, &root)?;
    furnish(&root, major)?;
    import(&root, engine, config, major)?;
    fs::remove_dir_all(&root).at(&root)?;
    Ok(major)
}

/// The server, a shell, and the libraries they need, without the server's tools for administrators (perl, debconf).
fn packages(lists: &Lists, major: u8) -> Result<Vec<String>> {
    let server = format!("postgresql-{major}");
    let needs = lists.needs(&server)?;
    let mut wanted =
        BTreeSet::from([server.clone(), "busybox-static".to_owned(), "tzdata".to_owned()]);
    let mut to_see = vec![server];
    while let Some(package) = to_see.pop() {
        for name in needs.get(&package).into_iter().flatten() {
            let library = name.starts_with("lib") || name == "zlib1g";
            // Just-in-time compilation is 100 MB of LLVM. A virtual name has no entry of its own.
            let left_out = name.starts_with("libllvm") || !needs.contains_key(name);
            if library && !left_out && wanted.insert(name.clone()) {
                to_see.push(name.clone());
            }
        }
    }
    Ok(wanted.into_iter().collect())
}

fn furnish(root: &Path, major: u8) -> Result<()> {
    for folder in [
        "bin",
        "usr/local/bin",
        "root",
        "proc",
        "dev",
        "tmp",
        "var/lib/postgresql/data",
        "var/run/postgresql",
    ] {
        private_dir(&root.join(folder))?;
    }
    // They were made for nobody else's eyes, but in the container each is for all; runc gives /dev the mode that it finds.
    for folder in [
        "",
        "bin",
        "etc",
        "dev",
        "proc",
        "usr",
        "usr/local",
        "usr/local/bin",
        "var",
        "var/lib",
        "var/lib/postgresql",
        "var/run",
    ] {
        let path = root.join(folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).at(&path)?;
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).at(root)?;
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).at(root)?;
    }
    let library = root.join(format!("usr/lib/postgresql/{major}/lib"));
    for entry in fs::read_dir(&library).at(&library)?.flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("llvmjit") {
            fs::remove_file(entry.path()).at(entry.path())?;
        } else if name == "bitcode" {
            fs::remove_dir_all(entry.path()).at(entry.path())?;
        }
    }
    for folder in ["usr/share/doc", "usr/share/man", "usr/share/locale"] {
        let _absent = fs::remove_dir_all(root.join(folder));
    }
    let etc = root.join("etc");
    fs::write(
        etc.join("passwd"),
        "root:x:0:0:root:/root:/bin/sh\npostgres:x:70:70::/var/lib/postgresql:/bin/sh\n",
    )
    .at(&etc)?;
    fs::write(etc.join("group"), "root:x:0:\npostgres:x:70:\n").at(&etc)?;
    let entrypoint = root.join("usr/local/bin/docker-entrypoint.sh");
    fs::write(
        &entrypoint,
        include_str!("docker-entrypoint.sh").replace("@MAJOR@", &major.to_string()),
    )
    .at(&entrypoint)?;
    fs::set_permissions(&entrypoint, fs::Permissions::from_mode(0o755)).at(&entrypoint)
}

fn import(root: &Path, engine: &Engine, config: &Path, major: u8) -> Result<()> {
    let mut pack = Command::new("tar");
    pack.args(["--create", "--owner=0", "--group=0", "--numeric-owner", "--directory"])
        .arg(root)
        .arg(".");
    let mut packing =
        pack.stdout(Stdio::piped()).spawn().map_err(|source| missing(&pack, source))?;
    let mut import = engine.docker(config);
    import.args([
        "import",
        "--change",
        r#"ENTRYPOINT ["docker-entrypoint.sh"]"#,
        "--change",
        r#"CMD ["postgres"]"#,
    ]);
    import.args(["--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "--change"]);
    import.args([&format!("LABEL {LABEL}={RECIPE}"), "-"]);
    import.arg(format!("postgres:{major}-alpine"));
    if let Some(stream) = packing.stdout.take() {
        import.stdin(stream);
    }
    let done = import.output().map_err(|source| missing(&import, source))?;
    let packed = packing.wait().at(root)?;
    if done.status.success() && packed.success() {
        return Ok(());
    }
    Err(Error::NoPostgres { why: String::from_utf8_lossy(&done.stderr).into_owned() })
}

/// An image of nothing, for the container that MiniStack takes for its own: it is made and never started.
pub(crate) fn empty_image(engine: &Engine, config: &Path) -> Result<&'static str> {
    const NAME: &str = "local-aws/nothing:1";
    if succeeds(engine.docker(config).args(["image", "inspect", NAME])) {
        return Ok(NAME);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"tar --create --files-from /dev/null | docker import - "$0""#, NAME]);
    shell.env("DOCKER_HOST", &engine.host).env("DOCKER_CONFIG", config);
    output(&mut shell)?;
    Ok(NAME)
}
