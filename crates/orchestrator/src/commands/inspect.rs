//! `barloom inspect`.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type};
use arrow::util::display::array_value_to_string;
use barloom_engine::{Inspection, Manifest, lost_bars, read_sample};
use serde_json::{Map, Value, json};

use crate::arguments::Inspect;
use crate::commands::folds::folds_text;
use crate::commands::report::{rates_text, summary_text, time_text, weights_text};
use crate::failure::Failure;
use crate::names::flag;
use crate::output::Output;
use crate::text;

pub(crate) fn run(inspect: &Inspect, output: &Output) -> Result<(), Failure> {
    if let Some(sample) = inspect.sample {
        let batch = read_sample(&inspect.dataset, sample)?;
        return output.print(&sample_json(&batch), &sample_text(&batch));
    }
    let Inspection { manifests, semantics } = Inspection::of(&inspect.dataset)?;
    if let Some(other) = semantics {
        tracing::warn!("{}", other.message_with(&flag));
    }
    let path = &inspect.dataset;
    match manifests.as_slice() {
        [one] => output.print(one, &manifest_text(path, one)),
        many => {
            let of_part = |one: &Manifest| match &one.part {
                Some(part) => manifest_text(&path.join(&part.name), one),
                None => manifest_text(path, one),
            };
            let text = match (folds_text(many), many.first()) {
                (Some(folds), Some(first)) => of_folds(path, first, many, &folds),
                _ => many.iter().map(of_part).collect::<Vec<_>>().join("\n"),
            };
            output.print(&json!({ "parts": many }), &text)
        }
    }
}

/// What all parts of folds share, and the table of the folds.
fn of_folds(path: &Path, first: &Manifest, all: &[Manifest], folds: &str) -> String {
    let mut out = String::new();
    let samples = all.iter().map(|one| one.samples).sum();
    text::line(
        &mut out,
        format_args!(
            "dataset      {}: {} in {}, {}",
            path.display(),
            text::counted(samples, "sample"),
            text::counted(all.len() as u64, "part"),
            first.format
        ),
    );
    shared_text(&mut out, first);
    out.push_str(folds);
    written_text(&mut out, first);
    let name = first.part.as_ref().map_or("", |part| &part.name);
    out.push('\n');
    text::line(&mut out, format_args!("next:  barloom inspect {}", path.join(name).display()));
    out
}

fn manifest_text(path: &Path, manifest: &Manifest) -> String {
    let mut out = String::new();
    text::line(&mut out, format_args!("dataset      {}, {}", path.display(), manifest.format));
    text::line(
        &mut out,
        format_args!(
            "samples      {} from {}",
            text::count(manifest.samples),
            text::counted(manifest.positions, "position"),
        ),
    );
    shared_text(&mut out, manifest);
    let lines = [weights_text(manifest), rates_text(manifest), time_text(manifest)];
    for line in lines.into_iter().flatten() {
        text::line(&mut out, format_args!("{line}"));
    }
    if let Some(lost) = manifest.features.as_ref().and_then(lost_bars) {
        text::line(&mut out, format_args!("lost bars    {lost}"));
    }
    if let Some(summary) = &manifest.summary {
        out.push_str(&summary_text(summary));
    }
    let bytes = manifest.all_files().map(|f| f.bytes).sum::<u64>();
    text::line(
        &mut out,
        format_args!("shards       {}, {}", manifest.shards.len(), text::bytes(bytes)),
    );
    if let Some(digest) = &manifest.content_digest {
        text::line(&mut out, format_args!("content      {digest}"));
    }
    written_text(&mut out, manifest);
    out
}

/// The settings and the bars, which all parts share.
fn shared_text(out: &mut String, manifest: &Manifest) {
    let market = &manifest.market;
    let symbols: Vec<String> = market
        .symbols
        .iter()
        .take(12)
        .map(|s| format!("{} ({})", s.symbol, text::count(s.bars)))
        .collect();
    let dataset = &manifest.recipe["dataset"];
    let forward = match &dataset["forward"] {
        Value::Null => String::new(),
        forward => format!("forward {forward}, "),
    };
    text::line(
        out,
        format_args!(
            "settings     lookback {}, {forward}seed {}",
            dataset["lookback"], dataset["seed"]
        ),
    );
    text::line(out, format_args!("channels     {}", manifest.recipe["data"]["channels"]));
    let snapshot = &manifest.recipe["data"]["snapshot"];
    if !snapshot.is_null() {
        text::line(out, format_args!("snapshot     {snapshot}"));
    }
    text::line(
        out,
        format_args!(
            "bars         {} in {}, {} to {} UTC",
            text::count(market.bars),
            text::counted(market.segments, "segment"),
            text::time(market.first_ts),
            text::time(market.last_ts)
        ),
    );
    text::line(
        out,
        format_args!("symbols      {} in all: {}", market.symbols.len(), symbols.join(", ")),
    );
}

/// Digests, and who wrote it.
fn written_text(out: &mut String, manifest: &Manifest) {
    let market = &manifest.market;
    text::line(out, format_args!("recipe       {}", manifest.recipe_digest));
    text::line(out, format_args!("market       {}", market.digest));
    text::line(
        out,
        format_args!(
            "written by   barloom {}, semantics {}",
            manifest.barloom_version, manifest.semantics
        ),
    );
}

fn sample_text(batch: &RecordBatch) -> String {
    let mut out = String::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let value = match window(column) {
            Some(values) if values.len() > 8 => format!(
                "[{} values] {:?} ... {:?}",
                values.len(),
                &values[..4],
                &values[values.len() - 4..]
            ),
            Some(values) => format!("{values:?}"),
            None => array_value_to_string(column, 0).unwrap_or_default(),
        };
        text::line(&mut out, format_args!("{:<12} {value}", field.name()));
    }
    out
}

fn sample_json(batch: &RecordBatch) -> Value {
    let mut object = Map::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let text = array_value_to_string(column, 0).unwrap_or_default();
        let value = match column.data_type() {
            DataType::FixedSizeList(..) => json!(window(column)),
            DataType::Float64 | DataType::Int64 | DataType::Int32 | DataType::Int8 => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            _ => Value::String(text),
        };
        object.insert(field.name().clone(), value);
    }
    Value::Object(object)
}

fn window(column: &dyn Array) -> Option<Vec<f32>> {
    let list = column.as_fixed_size_list_opt()?.value(0);
    Some(list.as_primitive_opt::<Float32Type>()?.values().to_vec())
}
