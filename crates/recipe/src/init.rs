//! The commented recipe that `barloom init` writes.

use barloom_rewards::Formulas;

/// A recipe with every key and its default beside these formulas.
pub(crate) fn text(formulas: Formulas) -> String {
    let (head, bars, reward) = match formulas {
        Formulas::V1 => (V1_HEAD, "64 ", V1_REWARD),
        Formulas::FrelV1 => (FREL_HEAD, "200", FREL_REWARD),
    };
    let dataset = DATASET.replace("BARS", bars);
    let tables = [
        head, DATA, FEATURES, &dataset, SAMPLING, SCALING, reward, SPLIT, FOLDS, LABEL, WEIGHTS,
        BEST, OUTPUT,
    ];
    tables.concat()
}

const V1_HEAD: &str = r#"# A Barloom recipe. Every key is shown with its default. Keys that you leave out keep it.
# Build it with: barloom build --config THIS-FILE --bars 'YOUR-BARS*.parquet' --out my-dataset
"#;

const FREL_HEAD: &str = r#"# A Barloom recipe with the FREL project's published formulas.
# Every key is shown with its default. Keep `formulas`; other keys that you leave out keep their default.
# Build it with: barloom build --config THIS-FILE --bars 'YOUR-BARS*.parquet' --out my-dataset
"#;

const DATA: &str = r#"
[data]
bars = []                  # files, globs; or --bars
channels = "auto"          # columns in the windows: open, high, low, close, and volume if the bars
                           # have it; or a list of numeric columns, ["close", "funding"]
snapshot = []              # columns of which a sample has one value, that of bar t-1: ["funding"]
presets = []               # sets of features: ["alpha158"] or ["alpha360"]; its name in channels or
                           # snapshot stands for all of its columns
feature_history = "segment"  # features see the bars of their segment, or of the whole "series"
feature_warmup = "stable"  # the first values of functions with memory are removed until they do not
                           # depend on the start; "defined" keeps them
max_gap = "auto"           # a longer step ends a segment: "36h", "5d", "2w", or "none". "auto"
                           # depends on the symbol: 14 days for bars of 12 hours or more; the longer
                           # of 1 hour and 10 bars if 1 bar in 20 or more is on a UTC Saturday;
                           # otherwise 5 days; always at least 3 bars
on_bad_bar = "error"       # or "drop"; "widen" moves high and low to include open and close
timezone = "UTC"           # zone of times without a zone, such as "America/New_York"
stamp = "open"             # the time of a bar is its open, or its "close"
# interval = "1m"          # length of a bar, also "1d", "1w", "1mo"; default: the most frequent step
on_duplicate = "error"     # rows of a symbol with equal times; "first" or "last" keeps that row
# rename = { Last = "close" }  # other names for columns, in files of every format
# aggregate = "5m"         # builds bars from trades, and coarser bars from bars; from trades also
                           # "1000 ticks", "5e4 volume" or "1e6 dollars"
# anchor = "UTC"           # start of days and of aggregated intervals: midnight in a zone,
                           # "America/New_York", or a time of day, "17:00 America/New_York"
# partial_bar = "keep"     # or "drop": the last bar, if part of it may be missing
# empty_bars = "skip"      # or "fill": intervals without trades or bars, at the previous close
# adjust = "adj_close"     # multiplies prices by adj_close / close; or files of factors, one per
                           # symbol: "factor_files/*.csv", rows of date, price factor, split factor
# csv = { skip_rows = 1, time_format = "%d.%m.%Y %H:%M", decimal = "," }  # layout of text that
                           # needs options; `barloom check` proposes them. Also separator,
                           # has_header, names, day_first, thousands, price_divisor, wide, ms_of_day
# attributes = "sectors.csv"  # texts by symbol, columns symbol and sector: cs_rank(x, by=sector)
# [[data.join]]              # a slower series; features use its values: join.funding.rate
# name = "funding"
# files = "funding/*.parquet"  # with a time and numbers in columns; any format of bars
# time = "ts"              # column of the time at which a value is known
# delay = "0s"             # a value is known so much later
# max_age = "9h"           # an older value is missing; default: no limit
# ties = "before"          # known before the bar's close; or "at"
# by = "symbol"            # a series for each symbol; default: one for all
# missing = "error"        # or "allow": symbols of which the files have nothing; needs by
"#;

const FEATURES: &str = r#"
[features]                 # columns computed from the bars, for channels and snapshot: docs/features.md
# ret = "log(close / lag(close, 1))"
# rsi = "ta.rsi(close, 14) / 100"
# trend = "at('1d', close / mean(close, 10) - 1)"    # on finished days
# "mom_{n}" = { of = "close / lag(close, {n}) - 1", n = [5, 20] }    # mom_5 and mom_20
"#;

const DATASET: &str = r#"
[dataset]
samples = 100_000          # or "all": each position once, with sequential positions
seed = 42
lookback = BARS              # L: bars of the window, [t-L, t)
forward = BARS               # F: bars of the reward, [t, t+F)
positions = "random"       # or "sequential"
actions_per_state = 1      # K: actions priced per state, for counterfactuals
symbol_weights = "length"  # each symbol's share of the samples: by its positions; or "equal"; or
                           # weights { AAPL = 2.0, "BRK.B" = 0.5, "*" = 1.0 }, * for all others
# where = "volume > mean(volume, 20)"  # only bars after a bar of which this is true
# session = "09:30-16:00 America/New_York"  # only bars that open in this time of day
# need = "all"             # the labels that each sample must have: all, or a list of names
"#;

const SAMPLING: &str = r#"
[sampling]                 # a number, a range [lo, hi] or { choice = [a, b, b] }; repeat items for weight
# actions = "random"       # "grid": all combinations of act_*, which are then numbers or choices;
                           # "none": windows and labels alone, then leave all other keys here,
                           # [reward], forward and actions_per_state out
equity = [1e4, 1e5]        # dollars
balance_offset = [-5e3, 5e3]  # balance = equity - this
position = [0, 1, -1]      # position held: flat, long, short
sl_dist = [0.001, 0.05]    # stop and target of the position, fractions of the entry price
tp_dist = [0.001, 0.10]
act_dir = [0, 1, -1]       # the action: hold, long, short
act_dollar = [1e3, 5e4]    # notional of the action; 0 for hold, like the next two keys
act_sl = [0.001, 0.05]
act_tp = [0.001, 0.10]
"#;

const SCALING: &str = r#"
[scaling]                  # last_close, log1p_last, none, log_return, zscore, minmax, last
price = "last_close"       # open, high, low and close
volume = "log1p_last"
# funding = "zscore"       # any other channel, by its name
# basis = { kind = "standard", fit = "train", per = "market", clip = 5 }  # fitted to the rows of a part,
                           # or fit = "all"; also robust, range, quantile; per = "symbol"
# snapshot = { volume = "none" }  # columns of data.snapshot: none, last_close, log_return or a fitted
                           # scaler; default: the channel's scaler
"#;

const V1_REWARD: &str = r#"
[reward]
formulas = "v1"            # frel-v1 has other keys: barloom init --formulas frel-v1
metric = "return"          # or a list; the first is `reward`: pnl, return, pnl_pct, log_return,
                           # r_multiple, barrier, car, sharpe, sortino, calmar; "none": no actions
entry = "next_open"        # or "next_close"
barriers = "honour"        # or "ignore": all trades end at the horizon; then leave same_bar out
same_bar = "stop_first"    # or "target_first"
costs = "both_sides"       # or "once", at the entry
fee_bps = 5.0              # per side, like slippage
slippage_bps = 1.0
spread_bps = 2.0           # the whole spread; each side pays half
carry_bps = 0.0            # per bar boundary in the trade; path metrics charge it on the exit bar
bars_per_year = "auto"     # per symbol, from the times of its bars; or a number such as 252
eps = 1e-8                 # added to the denominators of sharpe, sortino and calmar
# clip = [-1000.0, 1000.0] # bounds of car, sharpe, sortino and calmar; needs one of them
"#;

const FREL_REWARD: &str = r#"
[reward]
formulas = "frel-v1"       # fixes entry, barriers, same_bar and costs
metric = "car"             # or a list; the first is `reward`: pnl, return, pnl_pct, log_return,
                           # r_multiple, car, sharpe, sortino, calmar
fee_bps = 0.2
slippage_bps = 0.1
spread_bps = 0.05          # a trade pays half of it
carry_bps = 2.0            # per bar
bars_per_year = 252.0      # or "auto"
eps = 1e-8                 # added to the denominators of sharpe, sortino and calmar
# clip = [-1000.0, 1000.0] # bounds of car, sharpe, sortino and calmar; not clipped if left out
"#;

const SPLIT: &str = r#"
# A split makes one dataset per part. Parts are in time order. Each has a fraction of the bars, or an
# end date (exclusive, UTC). Each gets its share of the samples.
# [split]
# kind = "parts"           # or folds, below
# embargo = 0              # bars left out before each later part
# lookback_from = "history"  # windows may begin in earlier parts, labels never; or "part"
# [[split.part]]
# name = "train"
# fraction = 0.8           # or until = 2024-01-01
# [[split.part]]
# name = "test"
# fraction = 0.2
"#;

const FOLDS: &str = r#"
# Folds have the roles train, validation and test. No train label shares a bar with a test label.
# [split]
# kind = "walk_forward"    # or "purged_kfold" with folds = 5, "cpcv" with folds = 10, test_folds = 2
# train = "2y"             # a duration, a number of bars, or the date at which the first train ends
# anchored = false         # true: every train begins with the first bar
# test = "3mo"
# step = "3mo"             # default: test
# validation = "1mo"       # the end of train; default: none
# embargo = "1d"           # after each test, before it too in walk_forward; bars, or a fraction 0.01
# purge = "label"          # by the end of each sample's labels; "horizon": by the longest
# lookback_from = "history"
"#;

const LABEL: &str = r#"
# Labels are values of the bars from a sample's bar on, for supervised learning. Other kinds:
# triple_barrier, volatility, excursion, trend, path and expression.
# [[label]]
# name = "fwd"
# kind = "return"          # log return from the entry to the end of the horizon
# horizon = [1, 16]        # bars; columns fwd_1, fwd_16; default: dataset.forward
# across = "rank"          # over symbols at one time; or "zscore", "demean"
# classes = { quantiles = 3, fit = "all" }  # adds fwd_1_class, fwd_16_class; or { edges = [0.2, 0.8] }
# [[label]]
# name = "tb"
# kind = "triple_barrier"  # columns tb (1, 0, -1), tb_return, tb_bars, tb_ambiguous
# horizon = 64
# up = 2.0                 # multiples of scale; 0: no such barrier
# down = 1.0
# scale = "ta.atr(14) / close"  # a fraction of the price; or a number
# touch = "high_low"       # or "close"
# same_bar = "stop_first"  # the barrier that counts if one bar reaches both
# vertical = "zero"        # the class at the horizon; or "sign"
# side = "primary"         # a column of sides 1, -1, 0 in place of vertical: 1 if profit comes first
# [[label]]
# name = "phase"
# kind = "expression"      # any feature before the sample's bar
# of = "std(close / lag(close, 1), 20)"
"#;

const WEIGHTS: &str = r#"
# [weights]                # adds the column weight, a product
# kind = ["uniqueness", "time_decay"]  # also "return", "balance" and "column:NAME"
# of = "tb"                # the label whose life counts
# half_life = "365d"       # of time_decay
"#;

const BEST: &str = r#"
# [best]                   # adds the best action, its reward and the regret of the sample's action
# directions = [0, 1, -1]  # these and the next two hold all that [sampling] draws
# stop = [0.001, 0.05]     # or a number
# target = [0.001, 0.10]
# of = "return"            # or pnl, pnl_pct, log_return, car
"#;

const OUTPUT: &str = r#"
[output]                   # the storage of samples; it does not change them
format = "parquet"         # or "arrow", "npy", for memory mapping; or "virtual": only recipe and
                           # bars are stored, and samples are made when read
shard_rows = 65_536        # samples per file, a multiple of 4096; 0: one file (arrow and npy)
compression = "none"       # or "snappy", "zstd", "zstd(9)"; Parquet only
byte_stream_split = false  # floats by byte planes, smaller with compression; Parquet only
checksum = "xxh3-128"      # of files, in the manifest; or "sha256"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::TABLES;
    use crate::{LabelSettings, Recipe};

    /// A table's text without the comment signs before keys.
    fn uncommented(text: &str) -> String {
        let keys = |line: &str| {
            let rest = line.strip_prefix("# ").filter(|r| r.contains(" = ") || r.starts_with('['));
            rest.unwrap_or(line).to_owned() + "\n"
        };
        text.lines().map(keys).collect()
    }

    #[test]
    fn it_is_the_default_recipe() {
        let read = |formulas| Recipe::from_toml(&text(formulas), "init").unwrap();
        let (v1, frel) = (read(Formulas::V1), read(Formulas::FrelV1));
        assert_eq!(v1.digest(), Recipe::default().digest());
        assert_eq!(v1.output, Recipe::default().output);
        assert_eq!(frel.digest(), Recipe::frel_v1().digest());
        assert_eq!(frel.reward, Recipe::frel_v1().reward);
    }

    #[test]
    fn it_has_every_key() {
        let text = uncommented(&text(Formulas::V1));
        for (table, keys) in TABLES {
            let heads = [format!("\n[{table}]"), format!("\n[[{table}]]")];
            let is_there = heads.iter().any(|head| text.contains(head));
            assert!(is_there, "[{table}] is not in:\n{text}");
            for key in keys.iter().filter(|key| !["part", "join"].contains(key)) {
                // The keys of other kinds of folds stand in a comment.
                let space = if key.ends_with("folds") { " " } else { "\n" };
                let is_there = text.contains(&format!("{space}{key} = "));
                assert!(is_there, "{table}.{key} is not in:\n{text}");
            }
        }
    }

    #[test]
    fn its_features_are_right() {
        let features = uncommented(FEATURES);
        let recipe = Recipe::from_toml(&features, "init").unwrap();
        let names: Vec<&str> =
            recipe.features.features.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ret", "rsi", "trend", "mom_5", "mom_20"]);
    }

    #[test]
    fn its_comments_are_true() {
        let split = uncommented(SPLIT);
        let recipe = Recipe::from_toml(&split, "init").unwrap();
        let parts: Vec<String> =
            recipe.split.unwrap().parts().iter().map(|p| p.name.clone()).collect();
        assert_eq!(parts, ["train", "test"]);
        let folds = Recipe::from_toml(&uncommented(FOLDS), "init").unwrap();
        assert!(folds.split.unwrap().folds().is_some());
        // Sides take the place of the class at the horizon.
        let labels = uncommented(&[LABEL, WEIGHTS, BEST].concat()).replace("vertical = ", "# ");
        let labels = Recipe::from_toml(&labels, "init").unwrap();
        let names: Vec<String> = labels.labels.iter().flat_map(LabelSettings::columns).collect();
        assert_eq!(names[..3], ["fwd_1", "fwd_16", "fwd_1_class"]);
        assert_eq!(names[4..], ["tb", "tb_return", "tb_bars", "tb_ambiguous", "phase"]);
        for clip in ["metric = \"car\"", "formulas = \"frel-v1\""] {
            let text = format!("[reward]\n{clip}\nclip = [-1000.0, 1000.0]\n");
            Recipe::from_toml(&text, "init").unwrap();
        }
    }
}
