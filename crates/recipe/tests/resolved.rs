//! A recipe's defaults, resolving against a market, writing, digests.

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_recipe::{BarsPerYear, Compression, Recipe, Samples, SplitSettings, SymbolWeights};
use barloom_rewards::{Barriers, Costs, Entry, Formulas, Metric, SameBar};
use barloom_sampling::{Directions, PositionOrder, Real};
use barloom_scaling::ChannelScaler;
use barloom_splits::{LookbackFrom, Part, PartEnd};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

fn read(text: &str) -> Recipe {
    Recipe::from_toml(text, "my.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn series(symbol: &str, step: i64) -> Series {
    let ts = (0..300).map(|i| i * step).collect();
    let names = PRICE_COLUMNS.iter().chain(&["volume", "funding", "open interest"]);
    Series::new(symbol, ts, names.map(|name| Column::new(*name, vec![2.0; 300])).collect()).unwrap()
}

fn market(recipe: &Recipe, steps: &[i64]) -> Market {
    let all: Vec<Series> =
        steps.iter().enumerate().map(|(i, step)| series(&format!("S{i}"), *step)).collect();
    Market::new(&all, &recipe.data.channels, recipe.max_gap()).unwrap()
}

/// Recipes that use every key.
const GOOD: &[&str] = &[
    "",
    "[reward]\nformulas = \"frel-v1\"\n",
    "[reward]\nformulas = \"frel-v1\"\nmetric = [\"sharpe\", \"pnl\"]\nclip = [-5, 5]\n",
    "[reward]\nmetric = [\"car\", \"return\"]\nentry = \"next_close\"\nbarriers = \"ignore\"\ncosts = \"once\"\n",
    "[reward]\nmetric = \"calmar\"\nclip = [-10, 10]\nsame_bar = \"target_first\"\nbars_per_year = 252\neps = 0\n",
    "[data]\nchannels = [\"close\", \"funding\", \"open interest\"]\nmax_gap = \"36h\"\non_bad_bar = \"drop\"\n\
     timezone = \"America/New_York\"\nstamp = \"close\"\n\
     [scaling]\nclose = \"none\"\nfunding = \"zscore\"\n\"open interest\" = \"minmax\"\n",
    "[data]\nchannels = \"close\"\nmax_gap = \"none\"\n[scaling]\nprice = \"log_return\"\n",
    "[data]\nchannels = [\"open\", \"close\"]\n[scaling]\nopen = \"zscore\"\n",
    "[dataset]\nsamples = \"all\"\npositions = \"sequential\"\nactions_per_state = 4\nseed = 18_446_744_073_709_551_615\n",
    "[sampling]\nequity = 50_000\nact_dir = 1\nposition = [0, 0, 1]\nact_dollar = { choice = [100, 200.5] }\n\
     balance_offset = 0\nact_sl = [1e-3, 1e-3]\n",
    "[split]\nembargo = 10\nlookback_from = \"history\"\n\
     [[split.part]]\nname = \"train\"\nfraction = 0.7\n[[split.part]]\nname = \"test\"\nfraction = 0.3\n",
    "[[split.part]]\nname = \"train\"\nuntil = 2024-01-01\n\
     [[split.part]]\nname = \"test\"\nuntil = \"2024-06-01T12:00:00.25+02:00\"\n",
    "[output]\nformat = \"virtual\"\nshard_rows = 4096\ncompression = \"zstd\"\n",
    "[dataset]\nsymbol_weights = \"equal\"\n",
    "[dataset]\nsymbol_weights = { S0 = 2, \"BRK.B\" = 0.25, \"a \\\"b\\\"\" = 0, \"*\" = 1e-3 }\nseed = 7\n",
    "[data]\ninterval = \"1mo\"\non_duplicate = \"last\"\nrename = { Last = \"close\", \"a b\" = \"x\" }\n\
     aggregate = \"1y\"\nanchor = \"09:15 Asia/Kolkata\"\n",
    "[features]\nx = \"join.f.y - cs_rank(join.oi.y, by=sector)\"\n[data]\nattributes = \"s.csv\"\n\
     [[data.join]]\nname = \"f\"\nfiles = \"f/*.csv\"\ntime = \"ts\"\ndelay = \"90s\"\nmax_age = \"9h\"\n\
     ties = \"at\"\nby = \"symbol\"\nmissing = \"allow\"\n[[data.join]]\nname = \"oi\"\ntime = \"date\"\n",
    "[sampling]\nactions = \"none\"\n[dataset]\nwhere = \"funding > 0\"\n[[label]]\nname = \"a\"\n\
     kind = \"return\"\nhorizon = 4\nclasses = { quantiles = 3 }\n[weights]\nkind = \"uniqueness\"\n\
     [split]\nkind = \"cpcv\"\nfolds = 5\ntest_folds = 2\n",
    "[sampling]\nactions = \"grid\"\nact_dollar = 1\nact_sl = 0.1\nact_tp = 0.1\n[best]\n",
];

#[test]
fn joins_keep_all_but_their_files() {
    let join = |name: &str, more: &str| {
        format!("[[data.join]]\nname = {name:?}\ntime = \"ts\"\nfiles = \"{name}.csv\"\n{more}")
    };
    let of = |joins: &[String]| {
        read(&format!("[features]\nx = \"join.f.y + join.g.y\"\n{}", joins.concat()))
    };
    let recipe =
        of(&[join("f", ""), join("g", "delay = \"90m\"\nmax_age = \"1d\"\nby = \"symbol\"\n")]);
    let resolved = recipe.resolve(&market(&recipe, &[HOUR])).unwrap();
    let text = resolved.to_toml();
    assert!(!text.contains("files") && !text.contains("csv"), "{text}");
    for key in
        ["name = \"g\"", "delay = \"90m\"", "max_age = \"1d\"", "by = \"symbol\"", "delay = \"0s\""]
    {
        assert!(text.contains(key), "{key} is not in\n{text}");
    }
    let digest = |joins: &[String]| of(joins).digest();
    let one = digest(&[join("f", ""), join("g", "")]);
    assert_eq!(one, digest(&[join("g", "ties = \"before\"\n"), join("f", "delay = \"0s\"\n")]));
    let other = join("g", "").replace("g.csv", "h.csv");
    assert_eq!(one, digest(&[join("f", ""), other]), "paths are left out");
    for more in ["delay = \"1s\"\n", "ties = \"at\"\n", "max_age = \"1h\"\n", "by = \"symbol\"\n"] {
        assert_ne!(one, digest(&[join("f", ""), join("g", more)]), "{more}");
    }
}

#[test]
fn resolving_is_idempotent_and_reads_back() {
    for text in GOOD {
        let recipe = read(text);
        let market = market(&recipe, &[HOUR]);
        let resolved = recipe.resolve(&market).unwrap();
        assert_eq!(resolved.data.bars, ["bars.arrow"]);
        assert_eq!(resolved.resolve(&market).unwrap(), resolved, "{text}");
        let written = resolved.to_toml();
        let again = read(&written);
        assert_eq!(again, resolved, "{written}");
        assert_eq!(again.digest(), resolved.digest());
        assert_eq!(again.to_toml(), written);
        // As written it reads back too, though not every key stands in it.
        assert_eq!(read(&recipe.to_toml()), recipe);
        assert_eq!(read(&recipe.to_toml()).digest(), recipe.digest());
        // What is priced is the same however it is written.
        assert_eq!(recipe.reward_settings(&market), resolved.reward_settings(&market), "{text}");
    }
}

#[test]
fn a_resolved_recipe_has_every_key_that_applies() {
    let recipe = read("[reward]\nmetric = [\"return\", \"sharpe\"]\n");
    let market = market(&recipe, &[HOUR]);
    let resolved = recipe.resolve(&market).unwrap();
    let expected = r#"[data]
bars = ["bars.arrow"]
channels = ["open", "high", "low", "close", "volume"]
max_gap = "10h"
on_bad_bar = "error"
timezone = "UTC"
stamp = "open"

[dataset]
samples = 100000
seed = 42
lookback = 64
forward = 64
positions = "random"
actions_per_state = 1

[sampling]
equity = [10000.0, 100000.0]
balance_offset = [-5000.0, 5000.0]
position = [0, 1, -1]
sl_dist = [0.001, 0.05]
tp_dist = [0.001, 0.1]
act_dir = [0, 1, -1]
act_dollar = [1000.0, 50000.0]
act_sl = [0.001, 0.05]
act_tp = [0.001, 0.1]

[scaling]
price = "last_close"
volume = "log1p_last"

[reward]
formulas = "v1"
metric = ["return", "sharpe"]
entry = "next_open"
barriers = "honour"
same_bar = "stop_first"
costs = "both_sides"
fee_bps = 5.0
slippage_bps = 1.0
spread_bps = 2.0
carry_bps = 0.0
bars_per_year = 8766.0
eps = 0.00000001
clip = [-1000.0, 1000.0]

[output]
format = "parquet"
shard_rows = 65536
compression = "none"
byte_stream_split = false
checksum = "xxh3-128"
"#;
    assert_eq!(resolved.to_toml(), expected);
    assert_eq!(resolved.to_json()["reward"]["metric"][1], "sharpe");

    let frel = Recipe::frel_v1();
    let text = frel.resolve(&self::market(&frel, &[HOUR])).unwrap().to_toml();
    for key in ["entry", "barriers", "same_bar", "costs", "clip"] {
        assert!(!text.contains(&format!("{key} =")), "{key} is in:\n{text}");
    }
}

#[test]
fn max_gap_stays_auto_where_series_differ() {
    let recipe = Recipe::default();
    let resolve = |steps: &[i64]| recipe.resolve(&market(&recipe, steps)).unwrap().data.max_gap;
    assert_eq!(resolve(&[HOUR, HOUR]), MaxGap::Limit(10 * HOUR));
    assert_eq!(resolve(&[DAY, DAY]), MaxGap::Limit(14 * DAY));
    assert_eq!(resolve(&[HOUR, DAY]), MaxGap::Auto);
}

/// Symbols of other steps have other bars a year, which no one number stands for.
#[test]
fn bars_per_year_is_a_number_where_symbols_agree() {
    let recipe = read("");
    let resolve = |steps: &[i64]| {
        let market = market(&recipe, steps);
        (recipe.resolve(&market).unwrap(), recipe.reward_settings(&market).unwrap().bars_per_year)
    };
    assert_eq!(resolve(&[HOUR, HOUR]).0.reward.bars_per_year, BarsPerYear::Number(8_766.0));
    let (mixed, rates) = resolve(&[HOUR, DAY]);
    assert_eq!(mixed.reward.bars_per_year, BarsPerYear::Auto);
    assert_eq!(rates.rates().collect::<Vec<_>>(), [8_766.0, 365.25]);
    assert_eq!(mixed.resolve(&market(&recipe, &[HOUR, DAY])).unwrap(), mixed);
}

#[test]
fn defaults() {
    let v1 = Recipe::default();
    assert_eq!(read(""), v1);
    assert_eq!((v1.dataset.lookback, v1.dataset.forward), (64, 64));
    assert_eq!(v1.channel_scaler("high"), ChannelScaler::LastClose);
    assert_eq!(v1.channel_scaler("volume"), ChannelScaler::Log1pLast);
    let hours = market(&v1, &[HOUR]);
    let settings = v1.reward_settings(&hours).unwrap();
    assert_eq!(settings.bars_per_year, 8_766.0.into());
    assert_eq!((settings.entry, settings.barriers), (Entry::NextOpen, Barriers::Honour));
    assert_eq!((settings.same_bar, settings.costs), (SameBar::StopFirst, Costs::BothSides));
    assert_eq!((settings.fee_bps, settings.slippage_bps, settings.spread_bps), (5.0, 1.0, 2.0));
    assert_eq!((settings.carry_bps, settings.eps, settings.clip), (0.0, 1e-8, None));
    assert_eq!(settings.metrics, [Metric::Return]);

    let frel = read("[reward]\nformulas = \"frel-v1\"\n");
    assert_eq!(frel, Recipe::frel_v1());
    assert_eq!((frel.dataset.lookback, frel.dataset.forward), (200, 200));
    let settings = frel.reward_settings(&hours).unwrap();
    assert_eq!((settings.formulas, settings.forward), (Formulas::FrelV1, 200));
    assert_eq!((settings.fee_bps, settings.slippage_bps, settings.spread_bps), (0.2, 0.1, 0.05));
    assert_eq!((settings.carry_bps, settings.clip), (2.0, None));
    assert_eq!(settings.bars_per_year, 252.0.into());
    assert_eq!(settings.metrics, [Metric::Car]);

    let clipped = read("[reward]\nmetric = [\"pnl\", \"car\"]\n").reward_settings(&hours).unwrap();
    assert_eq!(clipped.clip, Some([-1_000.0, 1_000.0]));
}

#[test]
fn values_as_written() {
    let recipe = read(GOOD[9]);
    assert_eq!(recipe.sampling.equity, Real::Constant(50_000.0));
    assert_eq!(recipe.sampling.act_dir, Directions(vec![1]));
    assert_eq!(recipe.sampling.act_dollar, Real::Choice(vec![100.0, 200.5]));
    assert_eq!(recipe.sampling.act_sl, Real::Range { lo: 0.001, hi: 0.001 });
    let all = read(GOOD[8]).dataset;
    assert_eq!((all.samples, all.positions), (Samples::All, PositionOrder::Sequential));
    assert_eq!(all.seed, u64::MAX);
    let scaled = read(GOOD[7]);
    assert_eq!(scaled.channel_scaler("open"), ChannelScaler::Zscore);
    assert_eq!(scaled.channel_scaler("close"), ChannelScaler::LastClose);
    assert_eq!(read(GOOD[12]).output.compression, Compression::Zstd(3));
    let split = read(GOOD[11]).split.unwrap();
    assert_eq!(split.parts()[0].end, PartEnd::Until(1_704_067_200_000_000_000));
    assert_eq!(split.parts()[1].end, PartEnd::Until(1_717_236_000_250_000_000));
    let Some(SplitSettings::Parts(split)) = read(GOOD[10]).split else { panic!("parts") };
    assert_eq!((split.embargo, split.lookback_from), (10, LookbackFrom::History));
    assert_eq!(read(GOOD[4]).reward.bars_per_year, BarsPerYear::Number(252.0));
    assert_eq!("1_000".parse::<Samples>().unwrap(), Samples::Count(1_000));
}

#[test]
fn parts_and_their_samples() {
    let recipe = read(GOOD[10]);
    let parts = recipe.parts(&market(&recipe, &[HOUR])).unwrap();
    let count = |samples: Samples| parts.iter().map(|p| samples.of_part(p)).collect::<Vec<_>>();
    assert_eq!(count(Samples::Count(1_000)), [Samples::Count(700), Samples::Count(300)]);
    assert_eq!(count(Samples::Count(5)), [Samples::Count(4), Samples::Count(2)]);
    assert_eq!(count(Samples::All), [Samples::All, Samples::All]);
    let none: Vec<Part> = Recipe::default().parts(&market(&recipe, &[HOUR])).unwrap();
    assert!(none.is_empty());
}

#[test]
fn the_digest_sees_every_key_but_paths_and_output() {
    let base = "[data]\nBASE_DATA\n[reward]\nmetric = [\"car\", \"pnl\"]\nBASE_REWARD\n";
    let with = |data: &str, reward: &str, rest: &str| {
        let text = base.replace("BASE_DATA", data).replace("BASE_REWARD", reward) + rest;
        read(&text).digest()
    };
    let digest = with("", "", "");
    assert!(digest.starts_with("sha256:") && digest.len() == 7 + 64, "{digest}");
    // Paths, output, and defaults that are written: the same.
    for (data, reward, rest) in [
        ("bars = [\"a.csv\"]", "", ""),
        ("on_duplicate = \"error\"\nrename = {}", "", ""),
        ("", "", "[output]\nformat = \"virtual\"\nshard_rows = 4096\ncompression = \"snappy\"\n"),
        (
            "max_gap = \"auto\"",
            "entry = \"next_open\"\nclip = [-1e3, 1e3]\neps = 1e-8",
            "[dataset]\nseed = 42\n",
        ),
        ("", "", "[dataset]\nsymbol_weights = \"length\"\n"),
        ("", "same_bar = \"stop_first\"", "[scaling]\nvolume = \"log1p_last\"\n"),
    ] {
        assert_eq!(with(data, reward, rest), digest, "{data} {reward} {rest}");
    }
    let changes = [
        ("channels = [\"high\", \"open\", \"low\", \"close\", \"volume\"]", "", ""),
        ("max_gap = \"5d\"", "", ""),
        ("max_gap = \"none\"", "", ""),
        ("on_bad_bar = \"drop\"", "", ""),
        ("timezone = \"Europe/Berlin\"", "", ""),
        ("stamp = \"close\"", "", ""),
        ("interval = \"1m\"", "", ""),
        ("interval = \"1mo\"", "", ""),
        ("on_duplicate = \"first\"", "", ""),
        ("on_duplicate = \"last\"", "", ""),
        ("rename = { Last = \"close\" }", "", ""),
        ("aggregate = \"1d\"", "", ""),
        ("aggregate = \"1d\"\nanchor = \"UTC\"", "", ""),
        ("aggregate = \"1d\"\nanchor = \"17:00 America/New_York\"", "", ""),
        ("", "entry = \"next_close\"", ""),
        ("", "barriers = \"ignore\"", ""),
        ("", "same_bar = \"target_first\"", ""),
        ("", "costs = \"once\"", ""),
        ("", "fee_bps = 4", ""),
        ("", "slippage_bps = 4", ""),
        ("", "spread_bps = 4", ""),
        ("", "carry_bps = 4", ""),
        ("", "bars_per_year = 4", ""),
        ("", "eps = 4", ""),
        ("", "clip = [-4, 4]", ""),
        ("", "", "[dataset]\nsamples = 4\n"),
        ("", "", "[dataset]\nseed = 4\n"),
        ("", "", "[dataset]\nlookback = 4\n"),
        ("", "", "[dataset]\nforward = 4\n"),
        ("", "", "[dataset]\npositions = \"sequential\"\n"),
        ("", "", "[dataset]\nactions_per_state = 4\n"),
        ("", "", "[dataset]\nsymbol_weights = \"equal\"\n"),
        ("", "", "[dataset]\nsymbol_weights = { A = 1 }\n"),
        ("", "", "[dataset]\nsymbol_weights = { A = 2 }\n"),
        ("", "", "[dataset]\nsymbol_weights = { A = 1, B = 0 }\n"),
        ("", "", "[sampling]\nequity = 4\n"),
        ("", "", "[sampling]\nbalance_offset = 4\n"),
        ("", "", "[sampling]\nposition = 1\n"),
        ("", "", "[sampling]\nsl_dist = 0.4\n"),
        ("", "", "[sampling]\ntp_dist = 0.4\n"),
        ("", "", "[sampling]\nact_dir = 1\n"),
        ("", "", "[sampling]\nact_dollar = 4\n"),
        ("", "", "[sampling]\nact_sl = 0.4\n"),
        ("", "", "[sampling]\nact_tp = 0.4\n"),
        ("", "", "[scaling]\nprice = \"none\"\n"),
        ("", "", "[scaling]\nlow = \"none\"\n"),
        ("", "", "[scaling]\nvolume = \"none\"\n"),
        ("", "", "[[split.part]]\nname = \"a\"\nfraction = 0.5\n"),
        ("", "", "[[split.part]]\nname = \"b\"\nfraction = 0.5\n"),
        ("", "", "[[split.part]]\nname = \"a\"\nfraction = 0.6\n"),
        ("", "", "[[split.part]]\nname = \"a\"\nuntil = 2024-01-01\n"),
        ("", "", "[split]\nembargo = 4\n[[split.part]]\nname = \"a\"\nfraction = 0.5\n"),
        (
            "",
            "",
            "[split]\nlookback_from = \"part\"\n[[split.part]]\nname = \"a\"\nfraction = 0.5\n",
        ),
    ];
    let mut digests = vec![digest, read("[reward]\nformulas = \"frel-v1\"\n").digest()];
    digests.push(read("[reward]\nmetric = [\"pnl\", \"car\"]\n").digest());
    digests.extend(changes.iter().map(|(data, reward, rest)| with(data, reward, rest)));
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count, "every change gives a digest of its own");
}

#[test]
fn weights_of_symbols() {
    let weights = |text: &str| read(&format!("[dataset]\n{text}")).dataset.symbol_weights;
    assert_eq!(weights(""), SymbolWeights::Length);
    assert_eq!(weights("symbol_weights = \"length\"\npositions = \"sequential\""), weights(""));
    let recipe = Recipe::default();
    let market = market(&recipe, &[HOUR, HOUR, DAY]);
    for (text, of_market) in [
        ("\"length\"", None),
        ("\"equal\"", Some(vec![1.0, 1.0, 1.0])),
        ("{ S2 = 3, S0 = 0.5, S1 = -0.0 }", Some(vec![0.5, 0.0, 3.0])),
        ("{ S1 = 4, \"*\" = 1 }", Some(vec![1.0, 4.0, 1.0])),
    ] {
        let weights = weights(&format!("symbol_weights = {text}"));
        assert_eq!(weights.of(&market).unwrap(), of_market, "{text}");
    }
    // The order of keys and the form of numbers are nothing.
    let digest = |text: &str| read(&format!("[dataset.symbol_weights]\n{text}")).digest();
    assert_eq!(digest("A = 1\nB = 2.50\n"), digest("B = 2.5\nA = 1.0\n"));
    assert_eq!(digest("A = 1\nB = 0.0\n"), digest("B = -0.0\nA = 1.0\n"));
}

/// A recipe from a dict, as Python gives it: JSON, then TOML.
#[test]
fn weights_come_from_json_too() {
    let json = r#"{"dataset": {"symbol_weights": {"A": 1.0, "BRK.B": 2, "*": 0}, "samples": 10}}"#;
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let dataset = read(&toml::to_string(&value).unwrap()).dataset;
    let weights = [("*", 0.0), ("A", 1.0), ("BRK.B", 2.0)];
    let weights = weights.map(|(name, weight)| (name.to_owned(), weight));
    assert_eq!(dataset.symbol_weights, SymbolWeights::Given(weights.into()));
    assert_eq!(dataset.samples, Samples::Count(10));
    let json = read(&toml::to_string(&value).unwrap()).to_json();
    assert_eq!(json["dataset"]["symbol_weights"]["BRK.B"], 2.0);
    assert!(Recipe::default().to_json()["dataset"].get("symbol_weights").is_none());
}

#[test]
fn long_recipes_take_no_more_than_their_share_of_time() {
    // Quadratic work would take many seconds here.
    let many = 50_000;
    let parts = (0..many)
        .map(|part| format!("[[split.part]]\nname = \"p{part}\"\nfraction = 0.00001\n"))
        .collect::<String>();
    let names = (0..many).map(|name| format!("\"c{name}\", ")).collect::<String>();
    let scalers = (0..many).map(|name| format!("c{name} = \"none\"\n")).collect::<String>();
    let text = format!("[data]\nchannels = [{names}]\n[scaling]\n{scalers}{parts}");
    let recipe = Recipe::from_toml(&text, "long").unwrap();
    assert_eq!(recipe.split.unwrap().parts().len(), many);
}

#[test]
fn auto_channels_are_those_that_the_bars_have() {
    let auto = Recipe::from_toml("[data]\nchannels = \"auto\"\n", "test").unwrap();
    assert_eq!(auto, Recipe::default());
    assert!(auto.to_toml().contains("channels = \"auto\""));
    assert_eq!(Recipe::from_toml(&auto.to_toml(), "test").unwrap(), auto);
    let five = ["open", "high", "low", "close", "volume"];
    let list = Recipe::from_toml(&format!("[data]\nchannels = {five:?}\n"), "test").unwrap();
    assert_eq!(list.digest(), auto.digest(), "datasets keep their digests");
    assert_ne!(list, auto);

    let with_scaler = "[scaling]\nvolume = \"zscore\"\n";
    let fitted = |text: &str, has: &[&str]| {
        let mut recipe = Recipe::from_toml(text, "test").unwrap();
        let missing = recipe.fit_channels(|name| has.contains(&name));
        recipe.validate().unwrap();
        (recipe.data.channels.to_vec(), missing)
    };
    let none: [&str; 0] = [];
    for text in ["", with_scaler] {
        let (channels, missing) = fitted(text, &five);
        assert!(channels == five && missing == none);
        let (channels, missing) = fitted(text, &five[..4]);
        assert!(channels == five[..4] && missing == ["volume"]);
    }
    // A list is meant as it stands; so is a column that is called auto.
    assert_eq!(fitted(&list.to_toml(), &five[..4]).0, five);
    let column = Recipe::from_toml("data.channels = [\"auto\"]\nscaling.auto = \"none\"\n", "test");
    assert_eq!(column.unwrap().data.channels, ["auto"]);
}

#[test]
fn snapshots_are_resolved_and_digested() {
    let text = "[data]\nchannels = [\"close\", \"volume\"]\nsnapshot = [\"volume\", \"high\"]\n\
                [scaling]\nsnapshot = { volume = \"none\" }\n";
    let recipe = Recipe::from_toml(text, "r").unwrap();
    assert_eq!(recipe.data.columns(), ["close", "volume", "high"]);
    let scalers = ["volume", "high"].map(|name| recipe.snapshot_scaler(name).name());
    assert_eq!(scalers, ["none", "last_close"]);
    assert_eq!(recipe.channel_scaler("volume").name(), "log1p_last");
    let again = Recipe::from_toml(&recipe.to_toml(), "r").unwrap();
    assert_eq!((again.digest(), &again), (recipe.digest(), &recipe));
    let mut other = recipe.clone();
    other.data.snapshot.reverse();
    assert_ne!(other.digest(), recipe.digest());
    // Other channels take their scalers with them; those of the snapshot stay.
    other.replace_channels(vec!["open".to_owned()].into());
    assert!(other.validate().is_ok());
    assert_eq!(other.scaling.snapshot.len(), 1);
}

#[test]
fn presets_are_written_out() {
    let text = "[data]\nchannels = [\"close\", \"alpha158\"]\npresets = [\"alpha158\"]\n\
                [features]\nret = \"close / lag(close, 1)\"\n";
    let mut recipe = Recipe::from_toml(text, "test").unwrap();
    assert_eq!(Recipe::from_toml(&recipe.to_toml(), "test").unwrap(), recipe);
    let written = recipe.to_toml();
    let notes = recipe.fit_presets(|column| column == "volume").unwrap();
    recipe.validate().unwrap();
    assert!(notes[0].contains("no column vwap") && notes[0].contains("(high + low + close) / 3"));
    assert_eq!(recipe.features.features.len(), 159);
    assert_eq!(recipe.data.channels.len(), 159);
    assert_eq!(recipe.data.channels[..3], ["close", "KMID", "KLEN"]);
    assert_eq!(recipe.channel_scaler("MA5").name(), "none");
    assert!(recipe.data.presets.is_empty() && !recipe.to_toml().contains("alpha158"));

    // A market without vwap and volume leads to the same.
    let resolved = read(&written).resolve(&market(&Recipe::default(), &[HOUR])).unwrap();
    assert_eq!(resolved.features, recipe.features);
    assert!(resolved.data.presets.is_empty());

    // A turnover of adjusted bars is not of their prices.
    let adjusted = text.replace("[data]", "[data]\nadjust = \"adj_close\"");
    for (text, expected) in [(text, "quote_volume / volume"), (&*adjusted, "(high + low + close)")]
    {
        let mut recipe = Recipe::from_toml(text, "test").unwrap();
        let notes = recipe.fit_presets(|column| column != "vwap").unwrap();
        assert_eq!(notes[0].contains("quote_volume"), text != adjusted, "{notes:?}");
        assert!(notes[0].contains(expected), "{notes:?}");
    }

    // Words for all columns of a preset, and for one.
    let scaling = "[scaling]\nalpha158 = \"zscore\"\nMA5 = \"minmax\"\n";
    let mut recipe = Recipe::from_toml(&format!("{text}{scaling}"), "test").unwrap();
    assert!(recipe.fit_presets(|_| true).unwrap().is_empty());
    let word = |name: &str| recipe.channel_scaler(name).name();
    assert_eq!([word("MA5"), word("MA10"), word("close")], ["minmax", "zscore", "last_close"]);

    let text = "[data]\nchannels = [\"alpha360\"]\nsnapshot = [\"alpha158\"]\n\
                presets = [\"alpha360\", \"alpha158\"]\n";
    let mut recipe = Recipe::from_toml(text, "test").unwrap();
    recipe.fit_presets(|_| false).unwrap();
    recipe.validate().unwrap();
    let words = recipe.data.channels.iter().map(|name| recipe.channel_scaler(name).name());
    let words: Vec<String> = words.map(str::to_owned).collect();
    assert_eq!(recipe.data.channels, ["close", "open", "high", "low", "bar_vwap", "volume"]);
    assert_eq!(words[4..], ["last_close", "last"]);
    assert_eq!(words[..4], ["last_close"; 4]);
    assert_eq!(recipe.data.snapshot.len(), 158);
    assert_eq!(recipe.snapshot_scaler("KMID").name(), "none");
}
