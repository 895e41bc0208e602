//! A stand-in for the Terraform provider `hashicorp/aws` that knows its schema and nothing else.
//!
//! With it the real Terraform checks a root against the real schema (`validate`), evaluates it (`plan`, `test` with
//! `mock_provider`) and runs the whole life of a state (`apply`, `destroy`), with no registry and no AWS: what AWS would
//! compute is unknown in a plan and made up in an apply. No value is checked that AWS would refuse, nothing drifts
//! but what a test says, and nothing is replaced.

mod error;
mod grpc;
mod plugin;
mod schema;
mod values;
mod wire;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    thread::JoinHandle,
};

use tokio::{net::TcpListener, sync::oneshot};

pub use error::Error;
pub use schema::Schema;

/// The provider, listening on loopback until it is dropped. One serves any number of Terraform commands at a time.
#[derive(Debug)]
pub struct SchemaProvider {
    address: SocketAddr,
    plugin: Arc<plugin::Plugin>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SchemaProvider {
    /// For every type that the Terraform files under these folders name; the schema is kept under `target/`.
    pub fn for_folders(folders: &[&Path]) -> Result<Self, Error> {
        Self::start(Schema::of_folders(folders)?)
    }

    pub fn start(schema: Schema) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let plugin = Arc::new(plugin::Plugin::new(schema));
        let serving = Arc::clone(&plugin);
        let thread = std::thread::Builder::new()
            .name("terraform-schema-provider".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = grpc::serve(listener, serving) => {}
                        // A sender that is gone says the same.
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self { address, plugin, stop: Some(stop), thread: Some(thread) })
    }

    /// From now on each resource of this type is found to have this value: drift, staged.
    pub fn change(&self, kind: &str, attribute: &str, value: &serde_json::Value) {
        self.plugin.change(kind, attribute, value);
    }

    /// Everything is found as it was left.
    pub fn change_nothing(&self) {
        self.plugin.change_nothing();
    }

    /// The value of `TF_REATTACH_PROVIDERS`: Terraform then asks for no registry and starts no provider.
    /// Version constraints are not looked at in this mode.
    pub fn reattach(&self) -> String {
        serde_json::json!({ "hashicorp/aws": {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            // Keeps Terraform from ending that process, which is this one.
            "Test": true,
            "Addr": { "Network": "tcp", "String": self.address.to_string() },
        }})
        .to_string()
    }
}

impl Drop for SchemaProvider {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
