//! Whoever copies from the docs gets what works: each YAML in them is read as a workflow, and what it says of our actions
//! is looked up in the programs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_norway::Value;

#[derive(Default)]
struct Actions {
    inputs: BTreeMap<&'static str, Vec<String>>,
    required: BTreeMap<&'static str, Vec<String>>,
    outputs: BTreeMap<&'static str, Vec<String>>,
}

impl Actions {
    fn all() -> Self {
        let mut actions = Self::default();
        for program in action_yml::all() {
            let (inputs, outputs) = program.names();
            actions.inputs.insert(program.name, inputs);
            actions.outputs.insert(program.name, outputs);
            actions.required.insert(program.name, program.required());
        }
        actions
    }

    /// What is wrong with a document, a line each.
    fn faults(&self, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for yaml in fences(text) {
            self.read(&yaml, &mut faults);
        }
        faults
    }

    fn read(&self, yaml: &str, faults: &mut Vec<String>) {
        match serde_norway::from_str::<Value>(yaml) {
            Err(error) => faults.push(format!("no YAML: {error}\n{yaml}")),
            Ok(value) => {
                let mut ids = BTreeMap::new();
                self.walk(&value, &mut ids, faults);
                faults.extend(self.references(yaml, &ids));
            }
        }
    }

    /// Each step of ours, wherever it stands; `ids` learns which program a step's id belongs to.
    fn walk(
        &self,
        value: &Value,
        ids: &mut BTreeMap<String, &'static str>,
        faults: &mut Vec<String>,
    ) {
        match value {
            Value::Sequence(items) => items.iter().for_each(|item| self.walk(item, ids, faults)),
            Value::Mapping(members) => {
                if let Some(uses) = value.get("uses").and_then(Value::as_str) {
                    self.step(uses, value, ids, faults);
                }
                members.iter().for_each(|(_, member)| self.walk(member, ids, faults));
            }
            _ => {}
        }
    }

    fn step(
        &self,
        uses: &str,
        step: &Value,
        ids: &mut BTreeMap<String, &'static str>,
        faults: &mut Vec<String>,
    ) {
        let ours = uses.strip_prefix("org/todo-actions/").or(uses.strip_prefix("./actions/"));
        let Some(name) = ours.and_then(|name| name.split('@').next()) else { return };
        if name.starts_with(".github/workflows/") {
            return;
        }
        let Some((name, inputs)) = self.inputs.get_key_value(name) else {
            faults.push(format!("there is no action `{name}`"));
            return;
        };
        let given: Vec<&str> = step
            .get("with")
            .and_then(Value::as_mapping)
            .into_iter()
            .flatten()
            .filter_map(|(key, _)| key.as_str())
            .collect();
        for key in given.iter().filter(|key| !inputs.iter().any(|input| input == *key)) {
            faults.push(format!("{name} has no input `{key}`"));
        }
        for key in self.required[name].iter().filter(|key| !given.contains(&key.as_str())) {
            faults.push(format!("{name} needs `{key}`"));
        }
        if let Some(id) = step.get("id").and_then(Value::as_str) {
            ids.insert(id.to_owned(), name);
        }
    }

    /// `steps.build.outputs.image`: an output of the program behind that id.
    fn references(&self, yaml: &str, ids: &BTreeMap<String, &'static str>) -> Vec<String> {
        let word = |text: &str| {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect::<String>()
        };
        yaml.split("steps.")
            .skip(1)
            .filter_map(|rest| {
                let id = word(rest);
                let output = word(rest.get(id.len()..)?.strip_prefix(".outputs.")?);
                let program = ids.get(&id)?;
                let unknown = !self.outputs[program].contains(&output);
                unknown.then(|| format!("{program} has no output `{output}`"))
            })
            .collect()
    }
}

/// The texts between ```` ```yaml ```` and ```` ``` ````.
fn fences(text: &str) -> Vec<String> {
    let mut fences = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```yaml" {
            let inside: Vec<&str> =
                lines.by_ref().take_while(|line| line.trim() != "```").collect();
            fences.push(inside.join("\n"));
        }
    }
    fences
}

/// README.md, `docs/` and the actions' READMEs.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut documents = vec![root.join("README.md")];
    let docs =
        fs::read_dir(root.join("docs")).into_iter().flatten().flatten().map(|entry| entry.path());
    documents.extend(docs.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    let all = action_yml::all();
    documents.extend(
        all.iter().map(|program| root.join("actions").join(program.name).join("README.md")),
    );
    documents
}

#[test]
fn every_yaml_of_the_docs_uses_inputs_and_outputs_that_exist() {
    let actions = Actions::all();
    let faults: Vec<String> = documents()
        .iter()
        .flat_map(|path| {
            let faults = actions.faults(&fs::read_to_string(path).unwrap());
            faults.into_iter().map(move |fault| format!("{}: {fault}", path.display()))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_workflow_uses_inputs_and_outputs_that_exist() {
    let actions = Actions::all();
    let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.github/workflows");
    for workflow in fs::read_dir(workflows).unwrap() {
        let path = workflow.unwrap().path();
        let mut faults = Vec::new();
        actions.read(&fs::read_to_string(&path).unwrap(), &mut faults);
        assert!(faults.is_empty(), "{}: {}", path.display(), faults.join("\n"));
    }
}

#[test]
fn what_does_not_exist_is_found() {
    let text = "```yaml
- id: build
  uses: org/todo-actions/build-push@v1
  with: { contxt: api }
- uses: org/todo-actions/migrations@v1
- run: echo ${{ steps.build.outputs.imgae }} ${{ steps.other.outputs.any }}
```";
    let expected = [
        "build-push has no input `contxt`",
        "build-push needs `repository`",
        "there is no action `migrations`",
        "build-push has no output `imgae`",
    ];
    assert_eq!(Actions::all().faults(text), expected);
}

/// Links in our own documents lead to files that are there.
#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut dead = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || file.is_empty() || target.contains(' ');
            if !elsewhere && !path.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
