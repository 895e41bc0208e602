//! Writes what is said of a program from what the program says of itself: `action.yml` and the tables in the READMEs.
//!
//! A fact has one home: an input's name, type, default and description in `inputs.rs`, an output's, a verdict's and an
//! exit code's in `outputs.rs`.

use std::path::Path;

mod action;
mod files;
mod permissions;
mod program;
mod programs;
mod surface;
mod tables;

pub use files::{Generated, stale, write};
pub use permissions::{unexplained, unlike_calls};
pub use programs::all;
pub use surface::{breaks, unkept};

/// Everything that is generated, as it should stand in the repository.
pub fn generate(root: &Path) -> miette::Result<Vec<Generated>> {
    let mut generated = Vec::new();
    for program in all() {
        generated.push(Generated::whole(
            format!("actions/{}/action.yml", program.name),
            action::yml(&program)?,
        ));
        generated.push(Generated::whole(
            format!("actions/{}/surface.json", program.name),
            surface::json(&program)?,
        ));
        let tables = [
            ("inputs", tables::inputs(&program)),
            ("outputs", tables::outputs(&program)),
            ("verdicts", tables::verdicts(&program)),
            ("permissions", permissions::table_of(root, program.name)?),
        ];
        for (name, table) in tables {
            let places = [
                format!("actions/{}/README.md", program.name),
                format!("docs/{}.md", program.name),
            ];
            let part = |place| Generated::part(place, name, table.clone());
            generated.extend(places.map(part));
        }
    }
    Ok(generated)
}
