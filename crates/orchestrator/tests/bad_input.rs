//! Every kind of bad input gives its exit code and a message that names the file, row or key,
//! and leaves nothing half-written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Good minute bars: the times, and the prices of bar `i`.
fn good_csv(bars: usize) -> String {
    let mut csv = String::from("time,open,high,low,close,volume\n");
    for i in 0..bars {
        csv += &format!("{},10,12,9,11,100\n", 1_700_000_000 + 60 * i);
    }
    csv
}

/// [`good_csv`] with one line replaced; lines count from 1 as editors count them.
fn csv_with(line: usize, text: &str) -> String {
    let csv = good_csv(400);
    csv.lines()
        .enumerate()
        .map(|(i, l)| if i + 1 == line { text } else { l }.to_owned() + "\n")
        .collect()
}

struct Bad {
    what: &'static str,
    /// Contents of `bars.csv`.
    bars: String,
    /// Contents of `recipe.toml`, after `[data]` with its bars.
    recipe: &'static str,
    args: &'static [&'static str],
    code: i32,
    /// Texts that the message must hold.
    says: &'static [&'static str],
}

fn bad_bars(what: &'static str, bars: String, says: &'static [&'static str]) -> Bad {
    Bad { what, bars, recipe: "", args: &[], code: 3, says }
}

fn bad_recipe(what: &'static str, recipe: &'static str, says: &'static [&'static str]) -> Bad {
    Bad { what, bars: good_csv(400), recipe, args: &[], code: 2, says }
}

fn bad_args(
    what: &'static str,
    args: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
) -> Bad {
    Bad { what, bars: good_csv(400), recipe: "", args, code, says }
}

fn table() -> Vec<Bad> {
    vec![
        // Bars.
        bad_bars("an empty file", String::new(), &["bars.csv", "empty"]),
        bad_bars("a header alone", "time,open,high,low,close\n".into(), &["bars.csv"]),
        bad_bars(
            "no close column",
            "time,open,high,low\n1700000000,1,2,0.5\n".into(),
            &["bars.csv", "close"],
        ),
        bad_bars(
            "no time column",
            "open,high,low,close\n1,2,0.5,1\n".into(),
            &["bars.csv", "time"],
        ),
        bad_bars(
            "text for a price",
            csv_with(7, "1700000300,ten,12,9,11,100"),
            &["bars.csv", "7", "ten"],
        ),
        bad_bars("a missing price", csv_with(7, "1700000300,,12,9,11,100"), &["bars.csv", "7"]),
        bad_bars("NaN for a price", csv_with(7, "1700000300,NaN,12,9,11,100"), &["bars.csv", "7"]),
        bad_bars(
            "an infinite price",
            csv_with(7, "1700000300,10,inf,9,11,100"),
            &["bars.csv", "7"],
        ),
        bad_bars(
            "a negative price",
            csv_with(7, "1700000300,10,12,-9,11,100"),
            &["bars.csv", "7", "positive"],
        ),
        bad_bars(
            "a price of zero",
            csv_with(7, "1700000300,10,12,0,11,100"),
            &["bars.csv", "7", "positive"],
        ),
        bad_bars(
            "high below low",
            csv_with(7, "1700000300,10,8,9,10,100"),
            &["bars.csv", "7", "high"],
        ),
        bad_bars(
            "open outside",
            csv_with(7, "1700000300,13,12,9,11,100"),
            &["bars.csv", "7", "open"],
        ),
        bad_bars(
            "close outside",
            csv_with(7, "1700000300,10,12,9,8,100"),
            &["bars.csv", "7", "close"],
        ),
        bad_bars(
            "a negative volume",
            csv_with(7, "1700000300,10,12,9,11,-1"),
            &["bars.csv", "7", "volume"],
        ),
        bad_bars("a repeated time", csv_with(7, "1700000240,10,12,9,11,100"), &["bars.csv", "7"]),
        bad_bars(
            "a time out of order",
            csv_with(7, "1600000000,10,12,9,11,100"),
            &["bars.csv", "7"],
        ),
        bad_bars("no time in a row", csv_with(7, ",10,12,9,11,100"), &["bars.csv", "7"]),
        bad_bars(
            "a time that is none",
            csv_with(7, "yesterday,10,12,9,11,100"),
            &["bars.csv", "7", "yesterday"],
        ),
        bad_bars("a row too short", csv_with(7, "1700000300,10,12"), &["bars.csv", "7"]),
        bad_bars(
            "a row too long",
            csv_with(7, "1700000300,10,12,9,11,100,1,2"),
            &["bars.csv", "7"],
        ),
        bad_bars("a file that is no text", "\u{0}\u{1}\u{2}PNG".into(), &["bars.csv"]),
        bad_bars("too few bars", good_csv(20), &["the longest has 20", "lookback + forward"]),
        Bad {
            what: "a channel the bars lack",
            recipe: "channels = [\"close\", \"funding\"]\n[scaling]\nfunding = \"zscore\"\n",
            ..bad_bars("", good_csv(400), &["funding"])
        },
        // Recipes.
        bad_recipe("not TOML", "[dataset\n", &["recipe.toml"]),
        bad_recipe("an unknown key", "[dataset]\nlookbak = 5\n", &["lookbak", "lookback"]),
        bad_recipe("an unknown table", "[rewards]\n", &["rewards", "reward"]),
        bad_recipe("a wrong type", "[dataset]\nseed = \"x\"\n", &["dataset.seed"]),
        bad_recipe(
            "an unknown metric",
            "[reward]\nmetric = \"sharp\"\n",
            &["reward.metric", "sharpe"],
        ),
        bad_recipe("no lookback", "[dataset]\nlookback = 0\n", &["dataset.lookback"]),
        bad_recipe("no samples", "[dataset]\nsamples = 0\n", &["dataset.samples"]),
        bad_recipe(
            "a range backwards",
            "[sampling]\nact_sl = [0.05, 0.001]\n",
            &["sampling.act_sl"],
        ),
        bad_recipe("a stop of zero", "[sampling]\nact_sl = 0.0\n", &["sampling.act_sl"]),
        bad_recipe("a direction of 2", "[sampling]\nact_dir = [0, 2]\n", &["sampling.act_dir"]),
        bad_recipe(
            "a barrier metric without barriers",
            "[reward]\nmetric = \"barrier\"\nbarriers = \"ignore\"\n",
            &["barrier"],
        ),
        bad_recipe(
            "fill keys with frel-v1",
            "[reward]\nformulas = \"frel-v1\"\nentry = \"next_open\"\n",
            &["reward.entry"],
        ),
        bad_recipe(
            "all samples at random",
            "[dataset]\nsamples = \"all\"\n",
            &["dataset.samples", "sequential"],
        ),
        bad_recipe(
            "fractions above 1",
            "[[split.part]]\nname = \"a\"\nfraction = 0.8\n[[split.part]]\nname = \"b\"\nfraction = 0.3\n",
            &["split.part"],
        ),
        bad_recipe(
            "parts that differ in case",
            "[[split.part]]\nname = \"a\"\nfraction = 0.5\n[[split.part]]\nname = \"A\"\nfraction = 0.3\n",
            &["split.part[1].name", "case"],
        ),
        Bad {
            bars: good_csv(60_000),
            ..bad_recipe(
                "a part without a sample",
                "[dataset]\nlookback = 2\nforward = 2\n[[split.part]]\nname = \"a\"\nfraction = 0.9999\n\
                 [[split.part]]\nname = \"tiny\"\nfraction = 0.00009\n",
                &["split.part tiny", "dataset.samples"],
            )
        },
        bad_recipe(
            "more actions than can be numbered",
            "[dataset]\nsamples = \"all\"\npositions = \"sequential\"\nactions_per_state = 4611686018427387904\n",
            &["dataset.actions_per_state"],
        ),
        bad_recipe(
            "a zone that is none",
            "timezone = \"Mars/Olympus\"\n",
            &["data.timezone", "Mars/Olympus"],
        ),
        bad_recipe("a gap that is none", "max_gap = \"soon\"\n", &["data.max_gap"]),
        bad_recipe(
            "a shard size off",
            "[output]\nshard_rows = 1000\n",
            &["output.shard_rows", "4096"],
        ),
        Bad {
            bars: good_csv(400).replace(",volume", ",amount"),
            code: 3,
            ..bad_recipe(
                "no volume",
                "channels = [\"close\", \"volume\"]\n",
                &["no column volume", "amount", "data.channels"],
            )
        },
        // Arguments and files.
        bad_args(
            "no such bars",
            &["build", "--bars", "nowhere.csv", "--out", "d"],
            4,
            &["nowhere.csv"],
        ),
        bad_args(
            "a glob of nothing",
            &["build", "--bars", "no*where.csv", "--out", "d"],
            4,
            &["no*where.csv"],
        ),
        bad_args(
            "no such recipe",
            &["build", "--config", "none.toml", "--out", "d"],
            4,
            &["none.toml"],
        ),
        bad_args("no bars", &["build", "--out", "d"], 2, &["data.bars"]),
        bad_args(
            "an output that is there",
            &["build", "--bars", "bars.csv", "--out", "taken"],
            4,
            &["taken", "not a Barloom dataset", "thesis.txt"],
        ),
        bad_args(
            "overwriting what is no dataset",
            &["build", "--bars", "bars.csv", "--out", "taken", "--overwrite"],
            4,
            &["taken", "not a Barloom dataset"],
        ),
        bad_args(
            "an output that is a file",
            &["build", "--bars", "bars.csv", "--out", "bars.csv", "--overwrite"],
            4,
            &["bars.csv", "is a file"],
        ),
        bad_args(
            "an output under a file",
            &["build", "--bars", "bars.csv", "--out", "bars.csv/d"],
            4,
            &["bars.csv"],
        ),
        bad_args(
            "bars in two ways",
            &["build", "bars.csv", "--bars", "bars.csv", "--out", "d"],
            2,
            &["[BARS]", "--bars"],
        ),
        bad_args(
            "a lookback of 0",
            &["build", "bars.csv", "--lookback", "0", "--out", "d"],
            2,
            &["--lookback 0: dataset.lookback: expected a whole number from 1"],
        ),
        bad_args(
            "a forward that is no number",
            &["build", "bars.csv", "--forward", "1h", "--out", "d"],
            2,
            &["--forward", "1h"],
        ),
        bad_args(
            "a metric that is none",
            &["build", "bars.csv", "--metric", "return,sharp", "--out", "d"],
            2,
            &["--metric: reward.metric[1]", "did you mean \"sharpe\"?"],
        ),
        bad_args(
            "a channel that is none",
            &["build", "bars.csv", "--channels", "close,funding=zscore", "--out", "d"],
            3,
            &["no column funding"],
        ),
        bad_args(
            "a scaler that is none",
            &["build", "bars.csv", "--channels", "close=zscor", "--out", "d"],
            2,
            &["--channels: scaling.close", "did you mean \"zscore\"?"],
        ),
        bad_args(
            "a channel without a scaler",
            &["build", "bars.csv", "--channels", "close,funding", "--out", "d"],
            2,
            &["scaling.funding", "has no scaler"],
        ),
        bad_args(
            "a part without an end",
            &["build", "bars.csv", "--split", "train,test=0.2", "--out", "d"],
            2,
            &["--split: \"train\" is not a part", "train=0.8,test=0.2"],
        ),
        bad_args(
            "parts of more than all",
            &["build", "bars.csv", "--split", "train=0.8,test=0.3", "--out", "d"],
            2,
            &["--split: split.part", "1.1"],
        ),
        bad_args(
            "a part that ends on no date",
            &["build", "bars.csv", "--split", "train=2024-13-01,test=2025-01-01", "--out", "d"],
            2,
            &["--split: split.part[0].until"],
        ),
        bad_args(
            "threads without end",
            &["build", "--bars", "bars.csv", "--threads", "1025", "--out", "d"],
            2,
            &["--threads", "1024"],
        ),
        bad_args("an unknown option", &["build", "--fast"], 2, &["--fast"]),
        bad_args(
            "samples that are no number",
            &["build", "--bars", "bars.csv", "--samples", "many", "--out", "d"],
            2,
            &["many"],
        ),
        bad_args("inspecting nothing", &["inspect", "nowhere"], 4, &["nowhere"]),
        bad_args("inspecting what is no dataset", &["inspect", "taken"], 4, &["taken"]),
        bad_args("checking nothing", &["check", "nowhere.csv"], 4, &["nowhere.csv"]),
        bad_args(
            "converting to an unknown format",
            &["convert", "bars.csv", "out.xlsx"],
            2,
            &["out.xlsx"],
        ),
        bad_args(
            "a zone that is none, to check",
            &["check", "bars.csv", "--timezone", "Mars/Olympus"],
            2,
            &["--timezone", "Mars/Olympus"],
        ),
        bad_args(
            "converting into nothing",
            &["convert", "bars.csv"],
            2,
            &["bars.csv", "output file or folder"],
        ),
        bad_args("half a sample", &["build", "--samples", "1.5e0", "--out", "d"], 2, &["1.5e0"]),
        bad_args("a recipe that is there", &["init", "recipe.toml"], 4, &["recipe.toml"]),
    ]
}

fn barloom(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args)
        .current_dir(dir)
        // What the cache keeps of good bars is not what is looked for.
        .env_remove("XDG_CACHE_HOME")
        .env_remove("HOME")
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts")
}

fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .expect("the folder lists")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_bad_input_is_told_and_leaves_nothing() {
    let cases = table();
    assert!(cases.len() >= 25);
    let mut wrong = Vec::new();
    for bad in &cases {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path();
        fs::write(dir.join("bars.csv"), &bad.bars).expect("bars");
        let recipe = format!("[data]\nbars = [\"bars.csv\"]\n{}", bad.recipe);
        fs::write(dir.join("recipe.toml"), recipe).expect("a recipe");
        fs::create_dir(dir.join("taken")).expect("a folder");
        fs::write(dir.join("taken/thesis.txt"), "years of work").expect("a file");
        let before = listing(dir);
        let args = match bad.args {
            [] => &["build", "--config", "recipe.toml", "--out", "d", "--samples", "5000"][..],
            args => args,
        };
        // The key under test must not be replaced by the command line.
        let args = if bad.what == "no samples" || bad.recipe.contains("\"all\"") {
            &args[..5]
        } else {
            args
        };
        let got = barloom(dir, args);
        let said = String::from_utf8_lossy(&got.stderr).into_owned();
        if got.status.code() != Some(bad.code) {
            wrong.push(format!(
                "{}: exit {:?}, expected {}: {said}",
                bad.what,
                got.status.code(),
                bad.code
            ));
        }
        for part in bad.says {
            if !said.contains(part) {
                wrong.push(format!("{}: {part:?} is not in: {said}", bad.what));
            }
        }
        if said.contains("panicked") {
            wrong.push(format!("{}: it panicked: {said}", bad.what));
        }
        if listing(dir) != before || listing(&dir.join("taken")) != ["thesis.txt"] {
            wrong.push(format!("{}: it left {:?}", bad.what, listing(dir)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
