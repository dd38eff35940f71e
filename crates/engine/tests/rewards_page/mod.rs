//! docs/rewards.md: its example is computed from the page's own bars, settings and decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use barloom_engine::{BackendChoice, DecisionPricer, Source, Watch, load, read_options};
use barloom_market_data::read_bytes;
use barloom_recipe::Recipe;

const PAGE: &str = include_str!("../../../../docs/rewards.md");

/// The texts of the page's blocks in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&*fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A block of CSV as columns.
fn columns(csv: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let column = |k: usize| rows.iter().map(|row| row[k]).collect();
    names.iter().enumerate().map(|(k, name)| (*name, column(k))).collect()
}

#[test]
fn the_example_of_the_page_is_right() {
    let recipe = Recipe::from_toml(blocks("toml")[0], "rewards.md").unwrap();
    let [bars, decisions, trades, metrics] = blocks("csv")[..] else { panic!("four tables") };
    let bars = read_bytes("bars.csv", bars.as_bytes(), &read_options(&recipe)).unwrap();
    let loaded = load(&recipe, Source::Bars(bars)).unwrap();
    let array = |name: &str, texts: &[&str]| -> ArrayRef {
        let numbers = texts.iter().map(|text| text.parse::<f64>().unwrap());
        match name {
            "bar" => Arc::new(Int64Array::from_iter_values(numbers.map(|x| x as i64))),
            _ => Arc::new(Float64Array::from_iter_values(numbers)),
        }
    };
    let decisions = columns(decisions);
    let decisions = decisions.iter().map(|(name, texts)| (*name, array(name, texts)));
    let decisions = RecordBatch::try_from_iter(decisions).unwrap();
    let pricer = DecisionPricer::new(&loaded, &*BackendChoice::Cpu.open(None).unwrap()).unwrap();
    let priced = pricer.price(&decisions, None, &Watch::default()).unwrap().pieces.remove(0);
    let mut compared = 0;
    for (name, texts) in columns(trades).into_iter().chain(columns(metrics)) {
        let found = priced.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
        assert_eq!(found.len(), texts.len());
        if name == "exit_reason" {
            let found = cast(found, &DataType::Utf8).unwrap();
            assert!(found.as_string::<i32>().iter().flatten().eq(texts.iter().copied()));
            continue;
        }
        let found = cast(found, &DataType::Float64).unwrap();
        for (row, text) in texts.iter().enumerate() {
            let found = found.as_primitive::<Float64Type>().value(row);
            let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
            let unit = (0..digits).fold(1.0, |unit, _| unit / 10.0);
            let error = (found - text.parse::<f64>().unwrap()).abs();
            assert!(error <= 0.51 * unit, "{name}, row {row}: {found} for {text}");
            compared += 1;
        }
    }
    assert_eq!(compared, 6 * 15, "all numbers of the example");
}

/// Every metric, fill key and cost is on the page.
#[test]
fn the_page_has_every_metric_and_key() {
    for metric in barloom_rewards::Metric::ALL {
        assert!(PAGE.contains(&format!("\n| `{}` |", metric.name())), "{}", metric.name());
    }
    for key in ["entry", "barriers", "same_bar", "costs", "fee_bps", "carry_bps", "clip", "eps"] {
        assert!(PAGE.contains(&format!("`{key}")), "{key}");
    }
}
