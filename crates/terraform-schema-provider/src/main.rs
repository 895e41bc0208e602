//! `terraform-schema-provider FOLDER…`: serves the schema of the types that the folders use, for Terraform by hand.

use std::{io::Write as _, path::Path};

use terraform_schema_provider::SchemaProvider;

fn main() -> miette::Result<()> {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    if folders.is_empty() {
        return Err(miette::miette!("usage: terraform-schema-provider FOLDER…"));
    }
    let folders: Vec<&Path> = folders.iter().map(Path::new).collect();
    let provider = SchemaProvider::for_folders(&folders)?;
    let _broken_pipe = writeln!(
        std::io::stdout(),
        "export TF_REATTACH_PROVIDERS='{}'   # until this process ends",
        provider.reattach()
    );
    loop {
        std::thread::park();
    }
}
