//! One `{{ expression }}`: what it comes to, and whose secret stands behind it.
//!
//! Taint goes by expression, not by value: an expression that names a secret or a sensitive output anywhere taints its
//! key, whatever filter follows and whichever branch is taken. What a secret contains is inserted, never evaluated.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use actions_runtime::{Step, did_you_mean};
use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value,
    value::{Object, Serde, ValueKind},
};
use secrecy::SecretString;

use crate::filters;

/// What expressions can reach. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Reach>);

struct Reach {
    outputs: BTreeMap<String, Output>,
    /// The names of those outputs that are sensitive.
    sensitive: Vec<String>,
    secrets: BTreeMap<String, Secret>,
    environment: Surroundings,
    step: Step,
}

/// One Terraform output.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) value: serde_json::Value,
    pub(crate) sensitive: bool,
}

/// One secret as Secrets Manager has it.
#[derive(Clone)]
pub(crate) struct Secret {
    pub(crate) text: String,
    /// Its members, where the text is a JSON object.
    pub(crate) members: Option<BTreeMap<String, serde_json::Value>>,
}

/// The variables that a template may see besides `GITHUB_*`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings(pub(crate) BTreeSet<String>);

impl Surroundings {
    fn reach(&self, name: &str) -> bool {
        !is_forbidden(name) && (name.starts_with("GITHUB_") || self.0.contains(name))
    }
}

/// What no `allow-env` brings within reach: credentials, and what mints them.
pub(crate) fn is_forbidden(name: &str) -> bool {
    let name = name.to_uppercase();
    name.contains("TOKEN")
        || ["AWS_", "ACTIONS_", "INPUT_"].iter().any(|head| name.starts_with(head))
}

/// What an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evaluated {
    pub(crate) text: String,
    /// The secrets and sensitive outputs that the expression names.
    pub(crate) taints: BTreeSet<String>,
}

impl Scope {
    pub(crate) fn new(
        outputs: BTreeMap<String, Output>,
        secrets: BTreeMap<String, Secret>,
        environment: Surroundings,
        step: Step,
    ) -> Self {
        let sensitive = outputs
            .iter()
            .filter(|(_, output)| output.sensitive)
            .map(|(name, _)| name.clone())
            .collect();
        Self(Arc::new(Reach { outputs, sensitive, secrets, environment, step }))
    }

    pub(crate) fn output(&self, name: &str) -> Option<&Output> {
        self.0.outputs.get(name)
    }

    pub(crate) fn output_names(&self) -> Vec<&str> {
        self.0.outputs.keys().map(String::as_str).collect()
    }

    /// Evaluates `source`, or says all names in it that there are not.
    pub(crate) fn evaluate(&self, source: &str) -> Result<Evaluated, Vec<String>> {
        let engine = engine();
        let expression =
            engine.compile_expression(source).map_err(|error| vec![self.syntax(source, &error)])?;
        let mut faults = Vec::new();
        let mut pretended = BTreeSet::new();
        loop {
            let watch = Arc::new(Watch { pretended: pretended.clone(), ..Watch::default() });
            let result = expression.eval(self.context(&watch));
            let seen = watch.seen();
            let missing: Vec<_> =
                seen.missing.into_iter().filter(|name| pretended.insert(name.clone())).collect();
            let result = result.and_then(|value| filters::text(&value));
            match result {
                Ok(text) if faults.is_empty() => {
                    let mut taints = self.named(&expression, source);
                    taints.extend(seen.tainted);
                    if !taints.is_empty() {
                        self.0.step.mask(&SecretString::from(text.as_str()));
                    }
                    return Ok(Evaluated { text, taints });
                }
                Err(error) if missing.is_empty() && faults.is_empty() => {
                    return Err(vec![self.syntax(source, &error)]);
                }
                Err(_) if !missing.is_empty() => {
                    faults.extend(missing.iter().map(|name| self.unknown(name)));
                }
                Ok(_) | Err(_) => return Err(faults),
            }
        }
    }

    fn context(&self, watch: &Arc<Watch>) -> Value {
        let root =
            |kind| Value::from_object(Root { kind, scope: self.clone(), watch: Arc::clone(watch) });
        Value::from_pairs([
            ("outputs", root(Kind::Outputs)),
            ("secrets", root(Kind::Secrets)),
            ("env", root(Kind::Environment)),
        ])
    }

    /// What the expression names, evaluated or not.
    fn named(&self, expression: &minijinja::Expression<'_, '_>, source: &str) -> BTreeSet<String> {
        let mut taints = BTreeSet::new();
        for name in expression.undeclared_variables(true) {
            match name.split('.').collect::<Vec<_>>().as_slice() {
                ["secrets"] => {
                    let quoted = self.0.secrets.keys().filter(|alias| source.contains(*alias));
                    taints.extend(quoted.map(|alias| secret_name(alias)));
                    if taints.is_empty() {
                        taints.insert("a secret".to_owned());
                    }
                }
                ["secrets", alias, ..] => drop(taints.insert(secret_name(alias))),
                // `outputs["x"]`: the name is a string somewhere in the expression.
                ["outputs"] => taints
                    .extend(self.sensitive().filter(|name| source.contains(name)).map(output_name)),
                ["outputs", output, ..] => {
                    taints.extend(self.sensitive().filter(|name| name == output).map(output_name));
                }
                _ => {}
            }
        }
        taints
    }

    fn sensitive(&self) -> impl Iterator<Item = &str> {
        self.0.sensitive.iter().map(String::as_str)
    }

    fn unknown(&self, missing: &Missing) -> String {
        match missing {
            Missing::Output(name) => {
                let names: Vec<&String> = self.0.outputs.keys().collect();
                format!("there is no output `{name}`{}", did_you_mean(name, &names))
            }
            Missing::Secret(alias) => {
                let names: Vec<&String> = self.0.secrets.keys().collect();
                format!("`secret-ids` names no secret `{alias}`{}", did_you_mean(alias, &names))
            }
            Missing::Member(alias, key) => match self.0.secrets.get(alias).map(|s| &s.members) {
                Some(Some(members)) => {
                    let names: Vec<&String> = members.keys().collect();
                    format!("the secret `{alias}` has no key `{key}`{}", did_you_mean(key, &names))
                }
                _ => format!("the secret `{alias}` is no JSON object, so it has no key `{key}`"),
            },
            Missing::Variable(name) if self.0.environment.reach(name) => {
                format!("the variable `{name}` is not set")
            }
            Missing::Variable(name) => format!(
                "the variable `{name}` is out of reach: `env.` reads `GITHUB_*` and what `allow-env` names, and never a \
                 token, `AWS_*` or `ACTIONS_*`"
            ),
        }
    }

    /// What the engine complains about. It may quote a value, so only its kind and place are told of a tainted one.
    fn syntax(&self, source: &str, error: &Error) -> String {
        if error.kind() == ErrorKind::UnknownFilter {
            let wanted = error.detail().unwrap_or_default().split_whitespace().nth(1);
            let wanted = wanted.unwrap_or_default().trim_matches(['`', '\'', '"']);
            return format!(
                "there is no filter `{wanted}`{}",
                did_you_mean(wanted, filters::NAMES)
            );
        }
        let harmless =
            !source.contains("secrets") && !self.sensitive().any(|name| source.contains(name));
        match error.detail() {
            Some(detail) if harmless => format!("`{{{{ {source} }}}}`: {}: {detail}", error.kind()),
            _ => format!("`{{{{ {source} }}}}`: {}", error.kind()),
        }
    }
}

fn secret_name(alias: &str) -> String {
    format!("secret `{alias}`")
}

fn output_name(name: &str) -> String {
    format!("sensitive output `{name}`")
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    filters::add(&mut engine);
    engine
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Missing {
    Output(String),
    Secret(String),
    Member(String, String),
    Variable(String),
}

/// What one evaluation touched.
#[derive(Debug, Default)]
struct Watch {
    /// Names that are known to be missing and stand for an empty text, so that the next one is found too.
    pretended: BTreeSet<Missing>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    missing: Vec<Missing>,
    tainted: BTreeSet<String>,
}

impl Watch {
    fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn miss(&self, missing: Missing) -> Option<Value> {
        if self.pretended.contains(&missing) {
            return Some(Value::from(""));
        }
        self.lock().missing.push(missing);
        None
    }

    fn taint(&self, name: String) {
        self.lock().tainted.insert(name);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Outputs,
    Secrets,
    Environment,
}

/// `outputs`, `secrets` or `env` itself: only its members have a value.
struct Root {
    kind: Kind,
    scope: Scope,
    watch: Arc<Watch>,
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let scope = &*self.scope.0;
        match self.kind {
            Kind::Outputs => {
                let Some(output) = scope.outputs.get(name) else {
                    return self.watch.miss(Missing::Output(name.to_owned()));
                };
                if output.sensitive {
                    self.watch.taint(output_name(name));
                    mask_leaves(&scope.step, &output.value);
                }
                Some(Value::from(Serde(&output.value)))
            }
            Kind::Secrets => {
                let Some(secret) = scope.secrets.get(name) else {
                    return self.watch.miss(Missing::Secret(name.to_owned()));
                };
                self.watch.taint(secret_name(name));
                Some(Value::from_object(Named {
                    alias: name.to_owned(),
                    secret: secret.clone(),
                    watch: Arc::clone(&self.watch),
                    step: scope.step.clone(),
                }))
            }
            Kind::Environment => {
                let value = scope.environment.reach(name).then(|| scope.step.env(name)).flatten();
                value
                    .map(Value::from)
                    .or_else(|| self.watch.miss(Missing::Variable(name.to_owned())))
            }
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// One secret in an expression: its text, or a member of it. Masked at the moment at which it is first used.
pub(crate) struct Named {
    alias: String,
    secret: Secret,
    watch: Arc<Watch>,
    step: Step,
}

impl Named {
    pub(crate) fn text(&self) -> &str {
        self.step.mask(&SecretString::from(self.secret.text.as_str()));
        &self.secret.text
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Object for Named {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        match self.secret.members.as_ref().and_then(|members| members.get(name)) {
            Some(value) => {
                mask_leaves(&self.step, value);
                Some(Value::from(Serde(value)))
            }
            None => self.watch.miss(Missing::Member(self.alias.clone(), name.to_owned())),
        }
    }

    /// `~` and filters of the engine come here.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

pub(crate) fn mask_leaves(step: &Step, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => step.mask(&SecretString::from(text.as_str())),
        serde_json::Value::Array(items) => items.iter().for_each(|item| mask_leaves(step, item)),
        serde_json::Value::Object(members) => {
            members.values().for_each(|member| mask_leaves(step, member));
        }
        serde_json::Value::Number(number) => {
            step.mask(&SecretString::from(number.to_string()));
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) => {}
    }
}

/// Whether `value` is one of the three roots, which have no text of their own.
pub(crate) fn is_root(value: &Value) -> bool {
    value.kind() == ValueKind::Map && value.downcast_object_ref::<Root>().is_some()
}
