//! Values of every kind, written for each format and read back by the real readers, equal byte for byte or refused.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

use crate::readers::{self, Pairs};

/// How many values are made up besides those that people fell over.
const GENERATED: usize = 10_000;
const FORMATS: [&str; 5] = ["node", "vite", "docker", "shell", "json"];

#[test]
fn the_real_readers_read_what_was_meant() {
    let known: BTreeMap<String, String> =
        serde_json::from_str(include_str!("values.json")).unwrap();
    let known: Pairs =
        known.into_values().enumerate().map(|(at, value)| (format!("K{at}"), value)).collect();
    for format in FORMATS {
        let refused = check(format, known.clone());
        let allowed = usize::from(format == "docker");
        assert!(refused.len() <= allowed, "{format} refuses {refused:?} of the known values");
    }
}

#[test]
fn the_real_readers_read_what_was_made_up() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let values: Vec<(String, String)> =
        (0..GENERATED).map(|at| (format!("K{at}"), random.value())).collect();
    for format in FORMATS {
        // Vite copies all variables for each variable: a file of them all would take minutes.
        let files = values.chunks(GENERATED / 10);
        let refused: usize =
            files.map(|file| check(format, file.iter().cloned().collect()).len()).sum();
        let most = match format {
            "json" | "shell" => 0,
            "docker" => GENERATED / 2,
            _ => GENERATED / 5,
        };
        assert!(refused <= most, "{format} refuses {refused} values");
    }
}

/// Writes `pairs`, without those that are refused by name, and compares what each reader reads. Returns the refused.
fn check(format: &str, mut pairs: Pairs) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let refused = match write(folder.path(), format, &pairs) {
        Ok(()) => Vec::new(),
        Err(refused) => {
            assert!(!refused.is_empty(), "{format} fails and names no key");
            pairs.retain(|key, _| !refused.contains(key));
            assert_eq!(write(folder.path(), format, &pairs), Ok(()), "{format}");
            refused
        }
    };
    let file = folder.path().join(".env");
    let read: Vec<(&str, Pairs)> = match format {
        "node" => vec![
            ("node --env-file", readers::node(&file)),
            ("dotenv 18", readers::dotenv("dotenv", &file)),
            ("dotenv 16", readers::dotenv("dotenv16", &file)),
        ],
        "vite" => vec![
            ("Vite 6", readers::vite("vite6", &file)),
            ("Vite 8", readers::vite("vite8", &file)),
        ],
        "docker" => readers::docker(&file).map(|read| ("docker", read)).into_iter().collect(),
        "shell" => vec![("sh", readers::shell(&file))],
        _ => vec![("JSON", serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap())],
    };
    for (reader, read) in read {
        for (key, value) in &pairs {
            assert_eq!(read.get(key), Some(value), "{reader}, {key}");
        }
        assert_eq!(read.len(), pairs.len(), "{reader}");
    }
    refused
}

/// Ends in the keys that no spelling carries.
fn write(folder: &Path, format: &str, pairs: &Pairs) -> Result<(), Vec<String>> {
    let outputs: serde_json::Map<_, _> = pairs
        .iter()
        .map(|(key, value)| {
            (key.clone(), json!({"sensitive": false, "type": "string", "value": value}))
        })
        .collect();
    fs::write(folder.join("outputs.json"), serde_json::Value::from(outputs).to_string()).unwrap();
    let template: String =
        pairs.keys().flat_map(|key| [key, "={{ outputs.", key, " }}\n"]).collect();
    fs::write(folder.join("template"), template).unwrap();
    let run = crate::files::render(folder).shell().input("format", format).run();
    match run.code {
        0 => Ok(()),
        1 => Err(run
            .log
            .split('`')
            .filter(|word| word.starts_with('K') && word[1..].parse::<usize>().is_ok())
            .map(str::to_owned)
            .collect()),
        _ => panic!("{run:#?}"),
    }
}

/// Small, and the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    /// Characters that mean something to some reader, among such that mean nothing.
    fn value(&mut self) -> String {
        const CHARACTERS: [&str; 30] = [
            "a", "b", "n", "r", "1", "K1", " ", "\t", "\n", "#", "$", "${a}", "$a", "'", "\"", "`",
            "\\", "\\n", "=", "{", "}", ";", "!", "%", "export ", "\u{e9}", "\u{2713}", "\u{a0}",
            "\u{2028}", ":",
        ];
        let length = self.next(12);
        (0..length).map(|_| CHARACTERS[self.next(CHARACTERS.len())]).collect()
    }
}
