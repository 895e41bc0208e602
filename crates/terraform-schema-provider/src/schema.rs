//! The schema of `hashicorp/aws`, read from the prebuilt CDK bindings on `PyPI`, which are made from it.
//!
//! What the bindings lose: `sensitive` (a table in `extract_schema.py`), more than one allowed block as a limit,
//! force-new, conflicts and allowed values.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value as Json;

use crate::{
    error::Error,
    wire::{Attribute, Block, Nested, Schema as WireSchema},
};

/// Provider 6.69.1.
const BINDINGS: &str = "cdktn-provider-aws==25.8.1";
const SCRIPT: &str = include_str!("extract_schema.py");

/// What the provider is known by in `provider_schemas`.
const SOURCE: &str = "hashicorp/aws";

/// The schema of the types that some Terraform files use.
#[derive(Debug)]
pub struct Schema(Json);

impl Schema {
    /// Of every type that the Terraform files under these folders name. A type that the provider lacks is an error.
    pub fn of_folders(folders: &[&Path]) -> Result<Self, Error> {
        let mut types = BTreeSet::new();
        for folder in folders {
            each_file(folder, &mut |file| {
                types.extend(fs::read_to_string(file)?.lines().filter_map(named_type));
                Ok(())
            })?;
        }
        Self::of_types(&types)
    }

    fn of_types(types: &BTreeSet<String>) -> Result<Self, Error> {
        let place = place()?;
        // Two test programs at a time download once.
        let lock = fs::File::create(place.join("lock"))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
            .map_err(std::io::Error::from)?;
        let (list, kept) = (place.join("types.txt"), place.join("schema.json"));
        let mut wanted = String::new();
        for name in types {
            wanted.push_str(name);
            wanted.push('\n');
        }
        // The list is written last: whoever sees it sees its schema. Another script is another schema.
        let mark = format!("# {BINDINGS}, {} bytes of script\n{wanted}", SCRIPT.len());
        if fs::read_to_string(&list).ok().as_ref() != Some(&mark) || !kept.exists() {
            let asked = place.join("types.asked.txt");
            fs::write(&asked, &wanted)?;
            let schema = run(
                "reading the schema out of the bindings",
                Command::new("python3").args(["-c", SCRIPT]).args([&bindings(&place)?, &asked]),
            )?;
            fs::write(&kept, schema)?;
            fs::write(&list, mark)?;
        }
        let mut all: Json = serde_json::from_slice(&fs::read(&kept)?)?;
        Ok(Self(all["provider_schemas"][SOURCE].take()))
    }

    /// The provider's version.
    pub fn version(&self) -> &str {
        self.0["x_version"].as_str().unwrap_or_default()
    }

    pub(crate) fn provider(&self) -> &Json {
        &self.0["provider"]
    }

    /// `list` is `resource_schemas` or `data_source_schemas`.
    pub(crate) fn types(&self, list: &str) -> impl Iterator<Item = (&String, &Json)> {
        self.0[list].as_object().into_iter().flatten()
    }

    pub(crate) fn block(&self, list: &str, name: &str) -> &Json {
        &self.0[list][name]["block"]
    }
}

/// `aws_vpc` of `resource "aws_vpc" "this" {`, `data.aws_region` of a data source.
fn named_type(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let prefix = match words.next()? {
        "resource" => "",
        "data" => "data.",
        _ => return None,
    };
    let name = words.next()?.trim_matches('"');
    name.starts_with("aws_").then(|| format!("{prefix}{name}"))
}

fn each_file(
    folder: &Path,
    visit: &mut impl FnMut(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // `.terraform` holds copies of other people's modules.
        if path.is_dir() && path.file_name() != Some(OsStr::new(".terraform")) {
            each_file(&path, visit)?;
        } else if path.extension() == Some(OsStr::new("tf")) {
            visit(&path)?;
        }
    }
    Ok(())
}

fn place() -> Result<PathBuf, Error> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/terraform-schema");
    fs::create_dir_all(&place)?;
    Ok(place.canonicalize()?)
}

fn bindings(place: &Path) -> Result<PathBuf, Error> {
    let wheel = || -> Result<Option<PathBuf>, Error> {
        let mut found = None;
        for entry in fs::read_dir(place)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("whl")) {
                found = Some(path);
            }
        }
        Ok(found)
    };
    if let Some(wheel) = wheel()? {
        return Ok(wheel);
    }
    // Debian's Python has no pip of its own; an environment has one.
    let environment = place.join("venv");
    if !environment.join("bin/pip").exists() {
        run(
            "making an environment of Python's (Debian: python3-venv)",
            Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment),
        )?;
    }
    run(
        "downloading the bindings (71 MB)",
        Command::new(environment.join("bin/pip"))
            .args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"])
            .arg(place)
            .arg(BINDINGS),
    )?;
    wheel()?.ok_or_else(|| Error::Failed {
        what: "downloading the bindings".to_owned(),
        output: "pip left no wheel".to_owned(),
    })
}

fn run(what: &str, command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.output().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Failed {
        what: what.to_owned(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

impl From<&Json> for WireSchema {
    fn from(schema: &Json) -> Self {
        Self { block: Some(block(&schema["block"])) }
    }
}

fn block(schema: &Json) -> Block {
    let entries = |key: &str| schema[key].as_object().into_iter().flatten();
    Block {
        attributes: entries("attributes")
            .map(|(name, attribute)| {
                let flag = |flag: &str| attribute[flag].as_bool().unwrap_or_default();
                Attribute {
                    name: name.clone(),
                    ty: attribute["type"].to_string().into_bytes(),
                    required: flag("required"),
                    optional: flag("optional"),
                    computed: flag("computed"),
                    sensitive: flag("sensitive"),
                    write_only: flag("write_only"),
                }
            })
            .collect(),
        block_types: entries("block_types")
            .map(|(name, nested)| Nested {
                type_name: name.clone(),
                block: Some(block(&nested["block"])),
                nesting: match nested["nesting_mode"].as_str() {
                    Some("single") => 1,
                    Some("set") => 3,
                    Some("map") => 4,
                    Some("group") => 5,
                    _ => 2,
                },
                min_items: nested["min_items"].as_i64().unwrap_or_default(),
                max_items: nested["max_items"].as_i64().unwrap_or_default(),
            })
            .collect(),
    }
}
