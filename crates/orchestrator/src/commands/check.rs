//! `barloom check`: the doctor.

use std::collections::BTreeMap;

use barloom_engine::{FeatureReport, OnBadBar, Report, Severity, read_readable, report_features};
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::Check;
use crate::failure::Failure;
use crate::output::Output;
use crate::{progress, text};

/// The report for machines.
#[derive(Serialize)]
struct Checked<'a> {
    errors: u64,
    warnings: u64,
    /// Bars that --drop-bad-bars leaves out, by fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<BTreeMap<String, u64>>,
    /// Bars whose high or low `--on-bad-bar widen` moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    widened: Option<u64>,
    /// Features of the recipe, if it has some and the bars are usable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<Value>,
    #[serde(flatten)]
    report: &'a Report,
}

pub(crate) fn run(check: &Check, output: &Output) -> Result<(), Failure> {
    let (options, recipe) = check.reading.all_columns(check.config.as_deref())?;
    let on_bad_bar = recipe.data.on_bad_bar;
    let spinner = progress::spinner("reading bars", output);
    let bars = read_readable(&check.bars, &options);
    spinner.finish_and_clear();
    let bars = bars?;
    let report = barloom_engine::check(&bars);
    let (errors, warnings) = (report.errors(), report.warnings());
    let mends = on_bad_bar != OnBadBar::Error && errors > 0;
    let unreadable = report.unreadable.len() as u64;
    // Also shows that bars are left, that they are as long as was said, and that the aggregated bars
    // can be made of these.
    let is_said = options.aggregate.is_some() || options.interval.is_some();
    let has_features = !recipe.features.is_empty() || !recipe.data.presets.is_empty();
    let features = (has_features && unreadable == 0 && (mends || errors == 0))
        .then(|| report_features(&recipe, bars.clone()))
        .transpose();
    let usable = (unreadable == 0 && (mends || errors == 0 && is_said))
        .then(|| bars.into_series(on_bad_bar))
        .transpose();
    let mended = match &usable {
        Ok(Some(loaded)) if mends => Some((loaded.dropped.clone(), loaded.widened)),
        _ => None,
    };
    // What mending the bars says, and the report of bars as they are does not.
    let notes: Vec<String> = match &usable {
        Ok(Some(loaded)) if mends => {
            loaded.notes.iter().filter(|note| !report.notes.contains(note)).cloned().collect()
        }
        _ => Vec::new(),
    };
    let mut text = report.to_string();
    if let Some((dropped, widened)) = &mended {
        // What is mended is no error any more.
        text = text.replace("\nerror: ", "\nmended: ");
        if !dropped.is_empty() {
            text = format!("{}\ndropped: {}\n", text.trim_end(), text::dropped(dropped));
        }
        if *widened > 0 {
            let widened = text::counted(*widened, "bar");
            text = format!("{}\nwidened: {widened}\n", text.trim_end());
        }
    }
    for note in &notes {
        text = format!("{}\nnote: {note}\n", text.trim_end());
    }
    let (dropped, widened) = mended.unzip();
    // Bars that make no series are the first fault.
    let told = features.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
    if !told.is_empty() {
        text = format!("{}\n\n{}", text.trim_end(), features_text(told));
    }
    let features_json = told.iter().map(feature_json).collect();
    output.print(
        &Checked { errors, warnings, dropped, widened, features: features_json, report: &report },
        &text,
    )?;
    if unreadable > 0 {
        let files = text::counted(unreadable, "file");
        return Err(Failure::data(format!("{files} cannot be read")));
    }
    usable?;
    features?;
    match errors {
        n if n > 0 && !mends => Err(Failure::data(unusable(n))),
        _ if warnings > 0 && check.strict => Err(Failure::data(strict(&report))),
        _ => Ok(()),
    }
}

/// A table of features: a line for each.
fn features_text(features: &[FeatureReport]) -> String {
    let head = ["feature", "first bar", "lost", "warm-up", "missing", "min", "max"];
    let number = |x: Option<f64>| x.map_or("-".to_owned(), text::number);
    let cells = |feature: &FeatureReport| {
        [
            feature.name.clone(),
            feature.first.map_or("-".to_owned(), text::count),
            text::count(feature.lost.bars()),
            text::count(feature.lost.warm_up),
            format!("{:.1}%", 100.0 * feature.missing_share),
            number(feature.min),
            number(feature.max),
        ]
    };
    let rows: Vec<[String; 7]> =
        std::iter::once(head.map(str::to_owned)).chain(features.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).filter_map(width).collect();
    let mut out = String::new();
    for (place, row) in rows.iter().enumerate() {
        let [name, numbers @ ..] = row;
        let mut line = format!("{name:<0$}", widths[0]);
        for (cell, width) in numbers.iter().zip(&widths[1..]) {
            line += &format!("  {cell:>width$}");
        }
        let feature = place.checked_sub(1).map(|place| &features[place]);
        line += &feature.map_or_else(String::new, remarks);
        text::line(&mut out, format_args!("{line}"));
    }
    out
}

/// The remarks on a feature after its numbers.
fn remarks(feature: &FeatureReport) -> String {
    let mut remarks = String::new();
    if feature.first.is_none() {
        remarks += "  no value";
    } else if feature.constant {
        remarks += "  constant";
    }
    if let Some(other) = &feature.equal_to {
        remarks += &format!("  equal to {other}");
    }
    remarks
}

/// The report of a feature for machines.
fn feature_json(feature: &FeatureReport) -> Value {
    let FeatureReport { name, first, lost, missing_share, min, max, constant, equal_to } = feature;
    json!({
        "name": name, "first_bar": first, "lost": lost, "missing_share": missing_share,
        "min": min, "max": max, "constant": constant, "equal_to": equal_to,
    })
}

/// Tells why errors fail.
fn unusable(errors: u64) -> String {
    let (count, them) = match errors {
        1 => ("1 bar is".to_owned(), "it"),
        n => (format!("{} bars are", text::count(n)), "them"),
    };
    format!(
        "{count} unusable: repair {them}, or drop {them} with --drop-bad-bars (on_bad_bar = \
         \"drop\" \
         under [data])"
    )
}

/// The error of warnings that `--strict` treats as errors.
fn strict(report: &Report) -> String {
    let kinds = report.findings.iter().filter(|f| f.severity == Severity::Warning).count();
    format!(
        "{} of {}, which --strict treats as errors",
        text::counted(report.warnings(), "warning"),
        text::counted(kinds as u64, "kind")
    )
}
