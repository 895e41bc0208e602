//! The answers of a provider that knows only its schema.

use std::sync::{Mutex, PoisonError};

use prost::Message;
use rmpv::Value;
use serde_json::Value as Json;

use crate::{
    schema::Schema,
    values::{fill, forget_write_only, from_json, mark_unknown},
    wire::{
        self, Capabilities, Empty, ProviderSchema, UpgradeRequest, ValueRequest, ValueResponse,
    },
};

#[derive(Debug)]
pub(crate) struct Plugin {
    schema: Schema,
    changed: Mutex<Vec<Changed>>,
}

/// What somebody did behind Terraform's back: to each resource of a type.
#[derive(Debug)]
struct Changed {
    kind: String,
    attribute: String,
    value: Value,
}

impl Plugin {
    pub(crate) fn new(schema: Schema) -> Self {
        Self { schema, changed: Mutex::default() }
    }

    pub(crate) fn change(&self, kind: &str, attribute: &str, value: &Json) {
        let changed = Changed {
            kind: kind.to_owned(),
            attribute: attribute.to_owned(),
            value: from_json(value),
        };
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).push(changed);
    }

    pub(crate) fn change_nothing(&self) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The answer to a call, or none for a call that this provider does not know.
    pub(crate) fn answer(&self, path: &str, message: &[u8]) -> Option<Vec<u8>> {
        let method = path.strip_prefix("/tfplugin6.Provider/").unwrap_or(path);
        Some(match method {
            "GetProviderSchema" => self.provider_schema().encode_to_vec(),
            "PlanResourceChange" => self.plan(&read(message)).encode_to_vec(),
            "ApplyResourceChange" => self.apply(&read(message)).encode_to_vec(),
            "ReadDataSource" => self.read_data(&read(message)).encode_to_vec(),
            "ReadResource" => self.read(&read(message)).encode_to_vec(),
            "UpgradeResourceState" => upgrade(&read(message)).encode_to_vec(),
            // An empty answer says: no complaint.
            _ if ["Validate", "Configure", "Stop"].iter().any(|kind| method.starts_with(kind)) => {
                Empty {}.encode_to_vec()
            }
            _ => return None,
        })
    }

    fn provider_schema(&self) -> ProviderSchema {
        let all = |list: &str| {
            self.schema.types(list).map(|(name, of)| (name.clone(), of.into())).collect()
        };
        ProviderSchema {
            provider: Some(self.schema.provider().into()),
            resources: all("resource_schemas"),
            data_sources: all("data_source_schemas"),
            capabilities: Some(Capabilities {
                plan_destroy: true,
                get_provider_schema_optional: true,
            }),
        }
    }

    /// Nothing changes behind Terraform's back but what a test says.
    fn read(&self, request: &ValueRequest) -> ValueResponse {
        let mut state = decode(request.first.as_ref());
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        for Changed { attribute, value, .. } in
            changed.iter().filter(|changed| changed.kind == request.type_name)
        {
            let Value::Map(fields) = &mut state else { continue };
            for (key, field) in fields {
                if key.as_str() == Some(attribute) {
                    *field = value.clone();
                }
            }
        }
        encode(&state)
    }

    fn plan(&self, request: &ValueRequest) -> ValueResponse {
        let schema = self.schema.block("resource_schemas", &request.type_name);
        let mut planned = decode(request.second.as_ref());
        if decode(request.first.as_ref()).is_nil() {
            mark_unknown(schema, &mut planned);
        }
        forget_write_only(schema, &mut planned);
        encode(&planned)
    }

    fn apply(&self, request: &ValueRequest) -> ValueResponse {
        let schema = self.schema.block("resource_schemas", &request.type_name);
        let mut state = decode(request.second.as_ref());
        fill(schema, &mut state, &request.type_name);
        forget_write_only(schema, &mut state);
        encode(&state)
    }

    fn read_data(&self, request: &ValueRequest) -> ValueResponse {
        let schema = self.schema.block("data_source_schemas", &request.type_name);
        let mut value = decode(request.first.as_ref());
        mark_unknown(schema, &mut value);
        fill(schema, &mut value, &request.type_name);
        encode(&value)
    }
}

fn upgrade(request: &UpgradeRequest) -> ValueResponse {
    let state = request.raw_state.as_ref().map(|raw| raw.json.as_slice()).unwrap_or_default();
    encode(&from_json(&serde_json::from_slice(state).unwrap_or(Json::Null)))
}

/// Terraform's own messages decode; anything else counts as empty.
fn read<M: Message + Default>(message: &[u8]) -> M {
    M::decode(message).unwrap_or_default()
}

fn decode(value: Option<&wire::Dynamic>) -> Value {
    value
        .and_then(|value| rmpv::decode::read_value(&mut value.msgpack.as_slice()).ok())
        .unwrap_or(Value::Nil)
}

fn encode(value: &Value) -> ValueResponse {
    let mut msgpack = Vec::new();
    // Memory takes everything.
    let _infallible = rmpv::encode::write_value(&mut msgpack, value);
    ValueResponse { value: Some(wire::Dynamic { msgpack }) }
}
