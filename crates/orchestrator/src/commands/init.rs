//! `barloom init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use barloom_recipe::Recipe;
use barloom_rewards::Formulas;

use crate::arguments::Init;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(init: &Init, output: &Output) -> Result<(), Failure> {
    let formulas = if init.formulas == "v1" { Formulas::V1 } else { Formulas::FrelV1 };
    let path = init.path.display();
    let mut options = OpenOptions::new();
    if init.overwrite {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let mut file = options.open(&init.path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            Failure::io(format!("{path} is there already; give another name or --overwrite"))
        }
        _ => Failure::io(format!("{path}: can't write: {e}")),
    })?;
    file.write_all(Recipe::init_text(formulas).as_bytes())
        .map_err(|e| Failure::io(format!("{path}: can't write: {e}")))?;
    let text = format!(
        "wrote {path}\nnext:  barloom build --config {path} --bars 'YOUR-BARS*.parquet' --out my-dataset"
    );
    output.print(&serde_json::json!({ "recipe": init.path }), &text)
}
