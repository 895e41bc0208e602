//! The messages of Terraform's plugin protocol 6 that this provider sends and reads, and no others.
//! Field numbers are the protocol's ("Terraform Plugin RPC protocol version 6"); a field left out here is skipped on
//! the wire, as protobuf allows.

use prost::Message;
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Empty {}

/// A value, encoded with `MessagePack`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Dynamic {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) msgpack: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RawState {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) json: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Schema {
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Block {
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) block_types: Vec<Nested>,
}

#[expect(clippy::struct_excessive_bools, reason = "the protocol's message has them")]
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// The cty type, as JSON.
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) ty: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    #[prost(bool, tag = "11")]
    pub(crate) write_only: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Nested {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
    /// single 1, list 2, set 3, map 4, group 5
    #[prost(int32, tag = "3")]
    pub(crate) nesting: i32,
    #[prost(int64, tag = "4")]
    pub(crate) min_items: i64,
    #[prost(int64, tag = "5")]
    pub(crate) max_items: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Capabilities {
    #[prost(bool, tag = "1")]
    pub(crate) plan_destroy: bool,
    #[prost(bool, tag = "2")]
    pub(crate) get_provider_schema_optional: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ProviderSchema {
    #[prost(message, optional, tag = "1")]
    pub(crate) provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub(crate) resources: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(crate) data_sources: BTreeMap<String, Schema>,
    #[prost(message, optional, tag = "6")]
    pub(crate) capabilities: Option<Capabilities>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct UpgradeRequest {
    #[prost(message, optional, tag = "3")]
    pub(crate) raw_state: Option<RawState>,
}

/// Read, plan, apply and data source requests: a type and up to three values.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    /// read: the current state; plan, apply: the prior state; data source: the configuration
    #[prost(message, optional, tag = "2")]
    pub(crate) first: Option<Dynamic>,
    /// plan: the proposed new state; apply: the planned state
    #[prost(message, optional, tag = "3")]
    pub(crate) second: Option<Dynamic>,
}

/// Every answer that is one value has it in field 1.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) value: Option<Dynamic>,
}
