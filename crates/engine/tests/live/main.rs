//! Bars that are pushed give the windows and snapshots of all bars at once, to the bit.

mod joins;
mod kit;
mod refused;
mod saved;
mod speed;

use std::fmt::Write;

use barloom_engine::{Live, LiveOptions};
use kit::{MINUTE, START, Whole, compare, dataset, loaded, options, recipe, series};

/// Features of one symbol of every kind, with fitted scalers and scalers of windows.
pub(crate) const ALONE: &str = r#"
[data]
max_gap = "20m"
feature_warmup = "defined"
channels = ["open", "close", "volume", "ret", "rsi", "hour", "trend", "flow", "z", "mom", "q"]
snapshot = ["close", "volume", "rsi", "clock", "bb"]
[features]
ret = "log(close / lag(close, 1))"
rsi = "ta.rsi(close, 5)"
hour = "at('15m', close / ema(close, 3) - 1)"
trend = "slope(close, 10)"
flow = "cum_sum(where(close > open, volume, -volume))"
z = "coalesce(zscore(x, 12, min_periods=5), 0)"
mom = "close / vwap('1d')"
q = "x * 2"
clock = "sin(2 * pi * time_of_day())"
bb = "(close - mean(close, 20)) / (2 * std(close, 20))"
[scaling]
volume = { kind = "robust", fit = "all", per = "symbol", clip = 4 }
ret = { kind = "standard", fit = "all", per = "market", clip = 5 }
rsi = { kind = "quantile", fit = "all", per = "symbol" }
hour = "zscore"
trend = "minmax"
flow = "zscore"
z = "none"
mom = "last"
q = { kind = "range", fit = "all", per = "market" }
clock = "none"
bb = { kind = "standard", fit = "all", per = "symbol" }
[scaling.snapshot]
close = "none"
volume = "none"
rsi = { kind = "standard", fit = "all", per = "market" }
[dataset]
samples = 50
lookback = 7
forward = 3
"#;

/// Features that use other symbols.
pub(crate) const TOGETHER: &str = r#"
[data]
max_gap = "20m"
channels = ["close", "volume", "rank", "beta"]
snapshot = ["rank", "sector"]
feature_history = "series"
feature_warmup = "defined"
[features]
rank = "cs_rank(close / lag(close, 4))"
beta = "corr(close, symbol('B', close, max_age='5m'), 9)"
sector = "cs_demean(at('15m', close), by=sector)"
[scaling]
features = "none"
[dataset]
samples = 50
lookback = 5
forward = 3
"#;

pub(crate) fn three(count: usize) -> Vec<barloom_bars::Series> {
    ["A", "B", "C"].iter().zip(1..).map(|(name, seed)| series(name, count, true, seed)).collect()
}

#[test]
fn features_of_one_symbol() {
    let (recipe, series) = (recipe(ALONE), three(1_500));
    for minutes in [300, 1_111] {
        let start = START + minutes * MINUTE;
        let set = dataset(&recipe, &series, start);
        let mut whole = Whole::new(&recipe, &series, &set);
        let mut live = Live::new(&set, LiveOptions::default()).unwrap();
        let ready = compare(&mut live, &mut whole, start);
        assert!(ready > 500, "{ready} windows");
    }
}

#[test]
fn features_of_other_symbols() {
    let folder = tempfile::tempdir().unwrap();
    let sectors = folder.path().join("sectors.csv").to_string_lossy().into_owned();
    std::fs::write(&sectors, "symbol,sector\nA,x\nB,x\nC,x\n").unwrap();
    let text = TOGETHER.replace("[features]", &format!("attributes = \"{sectors}\"\n[features]"));
    let (recipe, series) = (recipe(&text), three(900));
    let start = START + 400 * MINUTE;
    let set = dataset(&recipe, &series, start);
    let mut whole = Whole::new(&recipe, &series, &set);
    let mut live = Live::new(&set, options(&[], Some(sectors))).unwrap();
    let ready = compare(&mut live, &mut whole, start);
    assert!(ready > 500, "{ready} windows");
}

#[test]
fn without_features_only_windows_are_cut() {
    let text = "[data]\nmax_gap = \"20m\"\n[dataset]\nsamples = 50\nlookback = 9\nforward = 3\n";
    let (recipe, series) = (recipe(text), three(600));
    let start = START + 400 * MINUTE;
    let set = dataset(&recipe, &series, start);
    let mut whole = Whole::new(&recipe, &series, &set);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    let before = live.batch();
    for (symbol, span) in set.market.series().iter().enumerate() {
        let row = whole.market.series()[symbol].start + (span.end - span.start) - 1;
        assert_eq!(before.ready[symbol], whole.after(row).is_some(), "of the dataset's bars");
    }
    assert!(compare(&mut live, &mut whole, start) > 300);
}

#[test]
fn a_history_takes_the_place_of_the_bars_of_the_dataset() {
    let (recipe, series) = (recipe(ALONE), three(1_200));
    let (cut, start) = (START + 500 * MINUTE, START + 900 * MINUTE);
    let set = dataset(&recipe, &series, cut);
    let mut whole = Whole::new(&recipe, &series, &set);
    let history = kit::bars(&kit::before(&series, start), &barloom_engine::read_options(&recipe));
    let history = LiveOptions { history: Some(history), ..LiveOptions::default() };
    let mut live = Live::new(&set, history).unwrap();
    assert!(compare(&mut live, &mut whole, start) > 200);
    // A table of all bars that follow gives the same.
    let mut by_table = Live::new(&set, LiveOptions::default()).unwrap();
    let later: Vec<barloom_bars::Series> = series
        .iter()
        .map(|one| {
            let first = one.ts().partition_point(|ts| *ts < cut);
            let column = |column: &barloom_bars::Column| {
                barloom_bars::Column::new(&column.name, column.values[first..].to_vec())
            };
            let columns = one.columns().iter().map(column).collect();
            barloom_bars::Series::new(one.symbol(), one.ts()[first..].to_vec(), columns).unwrap()
        })
        .collect();
    by_table.push_bars(kit::bars(&later, &by_table.read_options())).unwrap();
    let (a, b) = (live.batch(), by_table.batch());
    assert_eq!(kit::bits(&a.windows), kit::bits(&b.windows));
    assert_eq!(kit::bits(&a.snapshot), kit::bits(&b.snapshot));
    assert_eq!((a.ready, a.last), (b.ready, b.last));
}

#[test]
fn a_stored_dataset_starts_one_too() {
    use barloom_engine::{BackendChoice, Job, Watch};
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("d");
    // Limits of segments differ by symbol, so the recipe keeps "auto".
    let text = ALONE.replace("max_gap = \"20m\"\n", "");
    let (recipe, series) = (recipe(&text), three(800));
    let start = START + 500 * MINUTE;
    let built = loaded(&recipe, &kit::before(&series, start));
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
    job.prepare(&built).unwrap().run(&Watch::default()).unwrap();
    let set = barloom_engine::open(&out).unwrap().remove(0);
    let mut whole = Whole::new(&recipe, &series, &set);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    assert!(compare(&mut live, &mut whole, start) > 200);
}

#[test]
fn every_function_over_20000_bars() {
    let mut features = String::new();
    let mut names = Vec::new();
    let mut add = |text: &str| {
        let name = format!("f{}", names.len());
        writeln!(features, "{name} = {text:?}").unwrap();
        names.push(name);
    };
    for function in barloom_features::functions::OWN {
        if !function.sees_other_symbols() {
            add(&function.example.replace("'1h'", "'5m'").replace("'4h'", "'10m'"));
        }
    }
    for indicator in barloom_features::ta::all() {
        use barloom_features::ta::Input;
        let given = indicator.inputs().iter().filter(|one| matches!(one, Input::Column(_)));
        let given: Vec<&str> =
            given.zip(["close", "volume", "open"]).map(|(_, column)| column).collect();
        for output in indicator.outputs() {
            let several = indicator.outputs().len() > 1;
            let output = if several { format!(".{output}") } else { String::new() };
            add(&format!("ta.{}({}){output}", indicator.name(), given.join(", ")));
        }
    }
    // A feature that lacks a value would hide the others.
    let whole: Vec<String> = names.iter().map(|name| format!("c{name}")).collect();
    for name in &names {
        writeln!(features, "c{name} = \"coalesce({name}, -1)\"").unwrap();
    }
    let list = |names: &[String]| format!("[\"{}\"]", names.join("\", \""));
    let (channels, snapshot) = (list(&whole[..120]), list(&whole[120..]));
    let text = format!(
        "[data]\nchannels = {channels}\nsnapshot = {snapshot}\nfeature_warmup = \"defined\"\n\
         [features]\n{features}\n[scaling]\nfeatures = \"none\"\n\
         [dataset]\nsamples = 50\nlookback = 3\nforward = 3\n"
    );
    let (recipe, series) = (recipe(&text), [series("A", 20_500, false, 5)]);
    let start = START + 500 * MINUTE;
    let set = dataset(&recipe, &series, start);
    let mut whole = Whole::new(&recipe, &series, &set);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    assert_eq!(compare(&mut live, &mut whole, start), 20_000);
}
