//! Every column of a built Parquet file, by its name, against what a session fills and what the
//! sampler draws.

use std::fmt::Debug;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int32Type, Int64Type,
    TimestampNanosecondType,
};
use barloom_backend::SampleBlock;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::Market;
use barloom_dataset::Dataset;
use barloom_plan::Plan;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const SAMPLES: usize = 5_000;

fn build(dir: &Path) -> Dataset {
    let bars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/spy_1h.parquet");
    let recipe = format!(
        "[dataset]\nsamples = {SAMPLES}\nlookback = 7\nforward = 5\nactions_per_state = 3\n\
         [reward]\nmetric = [\"return\", \"sharpe\", \"barrier\"]\n"
    );
    std::fs::write(dir.join("r.toml"), recipe).expect("a recipe");
    let built = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(["build", "--config", "r.toml", "--out", "d", "--bars"])
        .arg(bars)
        .current_dir(dir)
        .output()
        .expect("barloom starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Dataset::open(dir.join("d")).expect("a dataset")
}

fn read(path: &Path) -> RecordBatch {
    let file = File::open(path).expect("the shard");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let batches: Vec<_> = builder.build().expect("a reader").map(|b| b.expect("a batch")).collect();
    concat_batches(&batches[0].schema(), &batches).expect("one batch")
}

fn fill(market: &Arc<Market>, plan: &Plan) -> SampleBlock {
    let session = plan.session(&CpuBackend::default(), Arc::clone(market));
    let session = session.expect("a session");
    let mut block = session.allocate(SAMPLES).expect("memory");
    session.fill(0, SAMPLES, &mut block).expect("samples");
    block
}

/// The values of a column that is never null.
fn column<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> Vec<T::Native> {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
    assert_eq!(column.null_count(), 0, "{name}");
    column.as_primitive::<T>().values().to_vec()
}

fn words(batch: &RecordBatch, name: &str) -> Vec<String> {
    let text = arrow::compute::cast(&batch[name], &arrow::datatypes::DataType::Utf8);
    let text = text.expect("text");
    text.as_string::<i32>().iter().map(|word| word.expect("a word").to_owned()).collect()
}

fn same<T: PartialEq + Debug>(name: &str, got: &[T], expected: &[T]) {
    assert_eq!(got.len(), expected.len(), "{name}");
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got, expected, "{name} of sample {row}");
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn every_column_holds_what_its_name_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let dataset = build(dir.path());
    let market = Arc::new(dataset.market().expect("bars"));
    let plan = Plan::new(dataset.recipe(), &market, None).expect("a plan");
    let block = fill(&market, &plan);
    let batch = read(&dataset.path().join(&dataset.manifest().shards[0].files[0].name));
    let mut seen = vec!["sample", "symbol", "exit_reason"];

    same(
        "sample",
        &column::<Int64Type>(&batch, "sample"),
        &(0..SAMPLES as i64).collect::<Vec<_>>(),
    );
    let symbols: Vec<String> =
        block.symbol.iter().map(|s| market.series()[*s as usize].symbol.clone()).collect();
    same("symbol", &words(&batch, "symbol"), &symbols);
    let reasons = ["none", "stop", "target", "horizon"];
    let reasons: Vec<String> =
        block.exit_reason.iter().map(|r| reasons[usize::from(*r)].to_owned()).collect();
    same("exit_reason", &words(&batch, "exit_reason"), &reasons);

    macro_rules! plain {
        ($kind:ty: $($name:ident),*) => { $(
            same(stringify!($name), &column::<$kind>(&batch, stringify!($name)), &block.$name);
            seen.push(stringify!($name));
        )* };
    }
    plain!(Int64Type: bar);
    plain!(TimestampNanosecondType: ts);
    plain!(Int8Type: position, act_dir);
    plain!(Int32Type: held_bars);
    let draws: Vec<_> = (0..SAMPLES as u64).map(|i| plan.draws.sampler.draw(i)).collect();
    macro_rules! floats {
        ($($name:ident),*) => { $(
            let got = bits(&column::<Float64Type>(&batch, stringify!($name)));
            same(stringify!($name), &got, &bits(&block.$name));
            seen.push(stringify!($name));
        )* };
    }
    macro_rules! drawn {
        ($($column:ident: $name:ident),*) => { $(
            let drawn: Vec<f64> = draws.iter().map(|draw| f64::from(draw.$name)).collect();
            let stored: Vec<f64> = block.$column.iter().map(|v| f64::from(*v)).collect();
            same(stringify!($column), &bits(&stored), &bits(&drawn));
        )* };
    }
    floats!(equity, balance, sl_dist, tp_dist, act_dollar, act_sl, act_tp);
    floats!(entry_price, exit_price, pnl, mfe, mae);
    drawn!(equity: equity, balance: balance, position: position);
    drawn!(sl_dist: sl_dist, tp_dist: tp_dist);
    drawn!(act_dir: direction, act_dollar: dollars, act_sl: stop, act_tp: target);
    let rewards = ["reward", "reward_sharpe", "reward_barrier"];
    for (name, reward) in rewards.iter().zip(&block.rewards) {
        same(name, &bits(&column::<Float64Type>(&batch, name)), &bits(reward));
        seen.push(name);
    }
    for (spec, windows) in plan.program.channels.iter().zip(&block.windows) {
        let list = batch[spec.name.as_str()].as_fixed_size_list();
        assert_eq!((list.value_length(), list.null_count()), (7, 0), "{}", spec.name);
        let got = list.values().as_primitive::<Float32Type>().values().to_vec();
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        same(&spec.name, &bits(&got), &bits(windows));
        seen.push(&spec.name);
    }
    let mut names: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    names.sort();
    seen.sort_unstable();
    assert_eq!(names, seen, "every column was compared");
}
