//! Every recipe that cannot be is refused, and the message says where and why.

use barloom_recipe::{Recipe, RecipeError};

struct Bad {
    text: &'static str,
    /// The start of the message after the name of the file: line and key.
    at: &'static str,
    /// Other texts that it holds.
    says: &'static [&'static str],
}

const fn bad(text: &'static str, at: &'static str, says: &'static [&'static str]) -> Bad {
    Bad { text, at, says }
}

const TABLE: &[Bad] = &[
    // Presets.
    bad(
        "[data]\npresets = [\"alpha185\"]\n",
        ":2: data.presets[0]:",
        &["expected \"alpha158\" or \"alpha360\"", "did you mean \"alpha158\"?"],
    ),
    bad(
        "[data]\npresets = [\"alpha158\", \"alpha158\"]\n",
        ":2: data.presets[1]:",
        &["list a preset once"],
    ),
    bad(
        "[data]\npresets = [\"alpha158\"]\n[features]\nMA5 = \"mean(close, 5)\"\n",
        ":2: data.presets[0]:",
        &["alpha158 has a feature MA5", "another name"],
    ),
    bad(
        "[data]\npresets = [\"alpha158\"]\n[features]\nalpha158 = \"close / open\"\n",
        ":4: features.alpha158:",
        &["the name of a feature too"],
    ),
    bad(
        "[data]\npresets = [\"alpha158\"]\n[scaling]\nalpha158 = \"none\"\n",
        ":4: scaling.alpha158:",
        &["is not in data.channels"],
    ),
    // Joins.
    bad(
        "[data.join]\nname = \"f\"\n[features]\nx = \"close\"\n",
        ":1: data.join:",
        &["a list of tables, each headed [[data.join]]"],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\nfiles = \"f.csv\"\n",
        ":1: data.join[0]:",
        &["it has no time; add time = \"ts\""],
    ),
    bad("[[data.join]]\ntime = \"ts\"\n", ":1: data.join[0]:", &["it has no name; add name = "]),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\nmaxage = \"1h\"\n",
        ":4: data.join[0].maxage:",
        &["did you mean data.join[0].max_age?"],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\ndelay = \"-1h\"\n",
        ":4: data.join[0].delay:",
        &["a whole number with a unit, \"90s\""],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\nmax_age = 9\n",
        ":4: data.join[0].max_age:",
        &["a whole number with a unit", "the whole number 9"],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\nties = \"after\"\n",
        ":4: data.join[0].ties:",
        &["\"before\" or \"at\""],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\nby = \"sector\"\n",
        ":4: data.join[0].by:",
        &["\"symbol\"", "leave it out for one series of all symbols"],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n[[data.join]]\nname = \"f\"\ntime = \"ts\"\nmissing = \"allow\"\n",
        ":6: data.join[0].missing:",
        &["it does not apply without by = \"symbol\""],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n[[data.join]]\nname = \"f g\"\ntime = \"ts\"\n",
        ":4: data.join[0].name:",
        &["\"f g\" cannot stand in an expression", "letters, digits"],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n[[data.join]]\nname = \"f\"\ntime = \"ts\"\n\
         [[data.join]]\nname = \"f\"\ntime = \"ts\"\n",
        ":7: data.join[1].name:",
        &["\"f\" is the name of two joins"],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n[[data.join]]\nname = \"f\"\ntime = \"\"\n",
        ":5: data.join[0].time:",
        &["the name of a column"],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n[[data.join]]\nname = \"f\"\nfiles = [\"\"]\ntime = \"ts\"\n",
        ":5: data.join[0].files:",
        &["files or globs"],
    ),
    bad(
        "[[data.join]]\nname = \"f\"\ntime = \"ts\"\n",
        ":1: data.join:",
        &["it does not apply without [features]"],
    ),
    bad(
        "[features]\nx = \"close - join.g.y\"\n[[data.join]]\nname = \"f\"\ntime = \"ts\"\n",
        ":2: features.x: column 9:",
        &["there is no join `g`", "the joins are f"],
    ),
    bad(
        "[features]\nx = \"join.f.y\"\n",
        ":2: features.x: column 1:",
        &["there is no join `f`", "write one under [[data.join]]"],
    ),
    bad(
        "[features]\nx = \"join.f\"\n[[data.join]]\nname = \"f\"\ntime = \"ts\"\n",
        ":2: features.x: column 1:",
        &["write `join.NAME.VALUE`"],
    ),
    bad(
        "[data]\nchannels = [\"close\", \"join.f.y\"]\n[features]\nx = \"join.f.y\"\n\
         [[data.join]]\nname = \"f\"\ntime = \"ts\"\n",
        ":2: data.channels[1]:",
        &["write a feature, such as x = \"join.f.y\" under [features]"],
    ),
    bad(
        "[features]\nx = \"close\"\n[data]\nattributes = \"\"\n",
        ":4: data.attributes:",
        &["a file with a column symbol", "an empty text"],
    ),
    bad(
        "[data]\nattributes = \"sectors.csv\"\n",
        ":2: data.attributes:",
        &["it does not apply without [features]"],
    ),
    // Snapshots.
    bad(
        "[data]\nsnapshot = [\"high\", \"high\"]\n",
        ":2: data.snapshot[1]:",
        &["\"high\" is listed twice"],
    ),
    bad("[data]\nchannels = [\"snapshot\"]\n", ":2: data.channels[0]:", &["own column"]),
    bad(
        "[data]\nsnapshot = [\"volume\"]\n",
        ": scaling.snapshot.volume:",
        &[
            "log1p_last needs a window",
            "snapshot = { volume = \"none\" }",
            "\"last_close\", \"none\", \"log_return\" or { kind = \"standard\" }",
        ],
    ),
    bad(
        "[data]\nsnapshot = [\"funding\"]\n",
        ": scaling.snapshot.funding:",
        &["the snapshot's column \"funding\" has no scaler"],
    ),
    bad(
        "[data]\nsnapshot = [\"close\"]\n",
        ": scaling.snapshot.close:",
        &["last_close of the close is the same in all bars"],
    ),
    bad(
        "[data]\nsnapshot = [\"funding\"]\n[scaling]\nfunding = \"zscore\"\n",
        ":3: scaling.snapshot.funding:",
        &["zscore needs a window"],
    ),
    bad("[scaling.snapshot]\nhigh = \"none\"\n", ":2: scaling.snapshot.high:", &["data.snapshot"]),
    // Fitted scalers.
    bad(
        "[scaling]\nvolume = \"standard\"\n",
        ":2: scaling.volume:",
        &["expected a table, { kind = \"standard\", fit = \"train\" }"],
    ),
    bad("[scaling]\nvolume = 3\n", ":2: scaling.volume:", &["or a table with a kind"]),
    bad(
        "[scaling]\nvolume = { kind = \"normal\" }\n",
        ":2: scaling.volume.kind:",
        &["\"standard\", \"robust\", \"range\" or \"quantile\""],
    ),
    bad("[scaling]\nvolume = { fit = \"all\" }\n", ":2: scaling.volume:", &["expected kind = "]),
    bad(
        "[scaling]\nvolume = { kind = \"range\", clipp = 2 }\n",
        ":2: scaling.volume.clipp:",
        &["did you mean scaling.volume.clip?"],
    ),
    bad(
        "[scaling]\nvolume = { kind = \"range\", fit = \"all\", clip = 0 }\n",
        ":2: scaling.volume.clip:",
        &["a number above 0"],
    ),
    bad(
        "[scaling]\nvolume = { kind = \"range\" }\n",
        ":2: scaling.volume",
        &["the default is the part \"train\", which is missing; the recipe has no [split]"],
    ),
    bad(
        "[scaling]\nvolume = { kind = \"range\", fit = \"tran\" }\n[[split.part]]\n\
         name = \"train\"\nfraction = 0.5\n[[split.part]]\nname = \"test\"\nfraction = 0.5\n",
        ":2: scaling.volume.fit:",
        &["there is no part \"tran\"; the parts are train, test"],
    ),
    // Not a recipe at all.
    bad("[data]\nbars = [\n", ":2: column 9: this is not TOML", &[]),
    bad("[data]\nstamp = open\n", ":2: column ", &["not TOML"]),
    bad("[dataset]\nseed = 1\nseed = 2\n", ":3: column 1:", &["not TOML", "duplicate key"]),
    // Keys and tables that are not there.
    bad(
        "\n[dataset]\nlookbak = 5\n",
        ":3: dataset.lookbak:",
        &["did you mean dataset.lookback?", "the keys of [dataset] are samples, seed,"],
    ),
    bad(
        "[rewards]\n",
        ":1: rewards:",
        &["did you mean reward?", "the tables are data, features, dataset,"],
    ),
    bad("lookback = 5\n", ":1: lookback:", &["did you mean dataset.lookback?"]),
    bad("[data]\nlookback = 5\n", ":2: data.lookback:", &["did you mean dataset.lookback?"]),
    bad("[reward]\nspread = 2.0\n", ":2: reward.spread:", &["did you mean reward.spread_bps?"]),
    bad(
        "[output]\nzzz = 2.0\n",
        ":2: output.zzz:",
        &["unknown key; the keys of [output] are format,"],
    ),
    bad(
        "[sampling]\nact_sl = { chioce = [1.0] }\n",
        ":2: sampling.act_sl.chioce:",
        &["did you mean sampling.act_sl.choice?"],
    ),
    // Types.
    bad("data = 5\n", ":1: data:", &["expected a table, got the whole number 5"]),
    bad(
        "[dataset]\nseed = \"x\"\n",
        ":2: dataset.seed:",
        &["expected a whole number, 0 or more, got the text \"x\""],
    ),
    bad("[dataset]\nseed = -1\n", ":2: dataset.seed:", &["got the whole number -1"]),
    bad("[dataset]\nsamples = 1e6\n", ":2: dataset.samples:", &["got the number 1e6"]),
    bad(
        "[dataset]\nsamples = \"some\"\n",
        ":2: dataset.samples:",
        &["or \"all\"", "got the text \"some\""],
    ),
    bad("[dataset]\nlookback = 64.5\n", ":2: dataset.lookback:", &["whole number", "64.5"]),
    bad(
        "[data]\nchannels = [\"open\",\n 3]\n",
        ":3: data.channels[1]:",
        &["expected a text in quotes, got the whole number 3"],
    ),
    bad(
        "[data]\nbars = true\n",
        ":2: data.bars:",
        &["expected a list of texts in quotes, got true"],
    ),
    bad("[data]\ntimezone = 2\n", ":2: data.timezone:", &["expected a text"]),
    bad(
        "[reward]\nfee_bps = \"5\"\n",
        ":2: reward.fee_bps:",
        &["expected a number, got the text \"5\""],
    ),
    bad("[reward]\neps = 2024-01-01\n", ":2: reward.eps:", &["got the date 2024-01-01"]),
    bad("[reward]\nmetric = 3\n", ":2: reward.metric:", &["\"sharpe\"", "got the whole number 3"]),
    bad("[reward]\nmetric = \"car\"\nclip = 10\n", ":3: reward.clip:", &["[lo, hi]"]),
    bad("[reward]\nbars_per_year = \"many\"\n", ":2: reward.bars_per_year:", &["\"auto\""]),
    bad(
        "[sampling]\nact_sl = [0.1, 0.2, 0.3]\n",
        ":2: sampling.act_sl:",
        &["{ choice = [a, b, ..] }", "a list of 3"],
    ),
    bad("[sampling]\nact_sl = {}\n", ":2: sampling.act_sl:", &["{ choice = [a, b, ..] }"]),
    bad(
        "[sampling]\nact_dir = \"long\"\n",
        ":2: sampling.act_dir:",
        &["1 (long)", "got the text \"long\""],
    ),
    // Words.
    bad(
        "[reward]\nmetric = \"sharp\"\n",
        ":2: reward.metric:",
        &["\"calmar\"", "did you mean \"sharpe\"?"],
    ),
    bad(
        "[reward]\nmetric = [\"car\", \"sorting\"]\n",
        ":2: reward.metric[1]:",
        &["did you mean \"sortino\"?"],
    ),
    bad(
        "[reward]\nformulas = \"frel\"\n",
        ":2: reward.formulas:",
        &["expected \"v1\" or \"frel-v1\"", "did you mean \"frel-v1\"?"],
    ),
    bad("[reward]\nbarriers = \"honor\"\n", ":2: reward.barriers:", &["did you mean \"honour\"?"]),
    bad(
        "[dataset]\npositions = \"in order\"\n",
        ":2: dataset.positions:",
        &["expected \"random\" or \"sequential\", got \"in order\""],
    ),
    bad(
        "[data]\non_bad_bar = \"skip\"\n",
        ":2: data.on_bad_bar:",
        &["\"error\", \"drop\" or \"widen\""],
    ),
    bad("[data]\nstamp = \"Close\"\n", ":2: data.stamp:", &["did you mean \"close\"?"]),
    bad("[output]\nformat = \"parqet\"\n", ":2: output.format:", &["did you mean \"parquet\"?"]),
    bad(
        "[output]\ncompression = \"zstd(99)\"\n",
        ":2: output.compression:",
        &["from 1 to 22", "zstd(99)"],
    ),
    bad("[scaling]\nprice = \"z-score\"\n", ":2: scaling.price:", &["did you mean \"zscore\"?"]),
    // Invalid values.
    bad("[data]\nbars = [\"\"]\n", ":2: data.bars[0]:", &["empty"]),
    bad("[data]\nchannels = []\n", ":2: data.channels:", &["at least one"]),
    bad(
        "[data]\nchannels = [\"close\", \"close\"]\n",
        ":2: data.channels[1]:",
        &["\"close\" is listed twice"],
    ),
    bad("[data]\nchannels = [\"equity\"]\n", ":2: data.channels[0]:", &["rename"]),
    bad("[data]\nchannels = [\"reward_car\"]\n", ":2: data.channels[0]:", &["rename"]),
    bad("[data]\nmax_gap = \"soon\"\n", ":2: data.max_gap:", &["\"36h\"", "got the text \"soon\""]),
    bad("[data]\nmax_gap = \"0d\"\n", ":2: data.max_gap:", &["positive"]),
    bad("[data]\nmax_gap = 5\n", ":2: data.max_gap:", &["with a unit"]),
    bad("[data]\ninterval = \"1M\"\n", ":2: data.interval:", &["\"1mo\" (months)", "\"1M\""]),
    bad("[data]\ninterval = 60\n", ":2: data.interval:", &["whole number with a unit"]),
    bad("[data]\non_duplicate = \"lats\"\n", ":2: data.on_duplicate:", &["\"last\""]),
    bad("[data]\nrename = { Last = \"\" }\n", ":2: data.rename.Last:", &["new name"]),
    bad("[data]\nrename = [\"Last\"]\n", ":2: data.rename:", &["a table"]),
    bad("[data]\nanchor = \"UTC\"\n", ":2: data.anchor:", &["data.aggregate"]),
    bad(
        "[data]\naggregate = \"1d\"\nanchor = \"17:00\"\n",
        ":3: data.anchor:",
        &["\"17:00 America/New_York\"", "got the text \"17:00\""],
    ),
    bad(
        "[data]\naggregate = \"10 ticks\"\nanchor = \"UTC\"\n",
        ":3: data.anchor:",
        &["bars of 10 ticks"],
    ),
    bad("[data]\ntimezone = \"\"\n", ":2: data.timezone:", &["\"UTC\""]),
    bad("[dataset]\nsamples = 0\n", ":2: dataset.samples:", &["from 1", "got 0"]),
    bad("[dataset]\nsamples = 4611686018427387904\n", ":2: dataset.samples:", &["2^62 - 1"]),
    bad("[dataset]\nseed = 99999999999999999999\n", ":2: dataset.seed:", &["whole number"]),
    bad("[dataset]\nlookback = 0\n", ":2: dataset.lookback:", &["from 1", "got 0"]),
    bad("[dataset]\nforward = 0\n", ":2: dataset.forward:", &["from 1"]),
    bad("[dataset]\nforward = 3_000_000_000\n", ":2: dataset.forward:", &["2^31 - 1"]),
    bad("[dataset]\nactions_per_state = 0\n", ":2: dataset.actions_per_state:", &["from 1"]),
    bad(
        "[dataset]\nsymbol_weights = \"equally\"\n",
        ":2: dataset.symbol_weights:",
        &["expected \"length\", \"equal\" or a table such as", "got the text \"equally\""],
    ),
    bad("[dataset]\nsymbol_weights = [1, 2]\n", ":2: dataset.symbol_weights:", &["a list of 2"]),
    bad(
        "[dataset]\nsymbol_weights = {}\n",
        ":2: dataset.symbol_weights:",
        &["above 0 for at least one symbol, got an empty table"],
    ),
    bad(
        "[dataset.symbol_weights]\nA = 0\n\"*\" = 0.0\n",
        ":1: dataset.symbol_weights:",
        &["above 0 for at least one symbol, got 0 for all"],
    ),
    bad(
        "[dataset.symbol_weights]\nA = 1\nB.C = 2\n",
        ":3: dataset.symbol_weights.B:",
        &["quote a name with a dot", "got a table"],
    ),
    bad(
        "[dataset.symbol_weights]\nA = 1\n\"B.C\" = -2\n",
        ":3: dataset.symbol_weights.B.C:",
        &["expected a finite weight, 0 or more, got -2"],
    ),
    bad("[dataset]\nsymbol_weights = { A = inf }\n", ":2: dataset.symbol_weights.A:", &["got inf"]),
    bad("[dataset]\nsymbol_weights = { A = nan }\n", ":2: dataset.symbol_weights.A:", &["got NaN"]),
    bad(
        "[dataset]\nsymbol_weights = { A = \"1\" }\n",
        ":2: dataset.symbol_weights.A:",
        &["expected a number, got the text \"1\""],
    ),
    bad(
        "[dataset]\npositions = \"sequential\"\nsymbol_weights = \"equal\"\n",
        ":3: dataset.symbol_weights:",
        &["does not apply with positions = \"sequential\"", "leave it out"],
    ),
    bad(
        "[dataset]\nsamples = \"all\"\npositions = \"sequential\"\nsymbol_weights = { A = 1 }\n",
        ":4: dataset.symbol_weights:",
        &["does not apply with positions = \"sequential\""],
    ),
    bad(
        "[sampling]\nact_sl = [0.05, 0.001]\n",
        ":2: sampling.act_sl:",
        &["lo <= hi", "[0.05, 0.001]"],
    ),
    bad("[sampling]\nact_tp = 0.0\n", ":2: sampling.act_tp:", &["positive"]),
    bad("[sampling]\nequity = [1e4, inf]\n", ":2: sampling.equity:", &["finite"]),
    bad(
        "[sampling]\nact_dir = [0, 2]\n",
        ":2: sampling.act_dir[1]:",
        &["-1 (short)", "got the whole number 2"],
    ),
    bad("[sampling]\nposition = []\n", ":2: sampling.position:", &["at least one"]),
    bad("[reward]\nfee_bps = -1\n", ":2: reward.fee_bps:", &["0 or more", "got -1"]),
    bad("[reward]\nspread_bps = nan\n", ":2: reward.spread_bps:", &["finite", "NaN"]),
    bad("[reward]\ncarry_bps = inf\n", ":2: reward.carry_bps:", &["finite"]),
    bad("[reward]\neps = -1e-9\n", ":2: reward.eps:", &["0 or more"]),
    bad("[reward]\nbars_per_year = 0\n", ":2: reward.bars_per_year:", &["above 0"]),
    bad(
        "[reward]\nmetric = \"car\"\nclip = [1, -1]\n",
        ":3: reward.clip:",
        &["ascending", "[1, -1]"],
    ),
    bad("[reward]\nmetric = []\n", ":2: reward.metric:", &["at least one metric"]),
    bad("[reward]\nmetric = [\"car\", \"pnl\", \"car\"]\n", ":2: reward.metric:", &["car twice"]),
    bad(
        "[output]\nshard_rows = 1000\n",
        ":2: output.shard_rows:",
        &["multiple of 4096 such as 4096", "got 1000"],
    ),
    bad(
        "[output]\nshard_rows = 0\n",
        ":2: output.shard_rows:",
        &["positive multiple of 4096", "not for format = \"parquet\""],
    ),
    bad(
        "[output]\nformat = \"npy\"\ncompression = \"zstd\"\n",
        ":3: output.compression:",
        &["does not apply to format = \"npy\"", "mapped into memory"],
    ),
    bad(
        "[output]\nformat = \"arrow\"\nbyte_stream_split = true\n",
        ":3: output.byte_stream_split:",
        &["does not apply to format = \"arrow\""],
    ),
    bad("[output]\nchecksum = \"md5\"\n", ":2: output.checksum:", &["\"xxh3-128\" or \"sha256\""]),
    bad("[output]\nbyte_stream_split = 1\n", ":2: output.byte_stream_split:", &["true or false"]),
    // Keys that do not go together.
    bad("[dataset]\nsamples = \"all\"\n", ":2: dataset.samples:", &["positions = \"sequential\""]),
    bad(
        "[dataset]\nforward = 1\n[reward]\nentry = \"next_close\"\n",
        ":2: dataset.forward:",
        &["2 or more", "next_close"],
    ),
    bad(
        "[dataset]\nforward = 1\n[reward]\nformulas = \"frel-v1\"\n",
        ":2: dataset.forward:",
        &["2 or more", "frel-v1"],
    ),
    bad(
        "[reward]\nformulas = \"frel-v1\"\nentry = \"next_close\"\n",
        ":3: reward.entry:",
        &["does not apply", "frel-v1"],
    ),
    bad(
        "[reward]\nformulas = \"frel-v1\"\nbarriers = \"ignore\"\n",
        ":3: reward.barriers:",
        &["does not apply"],
    ),
    bad(
        "[reward]\nformulas = \"frel-v1\"\nsame_bar = \"stop_first\"\n",
        ":3: reward.same_bar:",
        &["does not apply"],
    ),
    bad(
        "[reward]\ncosts = \"once\"\nformulas = \"frel-v1\"\n",
        ":2: reward.costs:",
        &["does not apply"],
    ),
    bad("[reward]\nclip = [-1, 1]\n", ":2: reward.clip:", &["does not apply", "sharpe"]),
    bad(
        "[reward]\nmetric = \"barrier\"\nbarriers = \"ignore\"\n",
        ":2: reward.metric:",
        &["barrier", "barriers are ignored"],
    ),
    bad(
        "[reward]\nmetric = [\"car\", \"barrier\"]\nformulas = \"frel-v1\"\n",
        ":2: reward.metric:",
        &["barrier"],
    ),
    bad(
        "[reward]\nbarriers = \"ignore\"\nsame_bar = \"stop_first\"\n",
        ":3: reward.same_bar:",
        &["does not apply", "ignore"],
    ),
    bad(
        "[scaling]\nvolme = \"none\"\n",
        ":2: scaling.volme:",
        &["did you mean scaling.volume?", "data.channels"],
    ),
    bad(
        "[data]\nchannels = [\"close\"]\n[scaling]\nvolume = \"none\"\n",
        ":4: scaling.volume:",
        &["data.channels close"],
    ),
    bad(
        "[data]\nchannels = [\"volume\"]\n[scaling]\nprice = \"none\"\n",
        ":4: scaling.price:",
        &["does not apply"],
    ),
    bad(
        "[data]\nchannels = [\"close\", \"funding\"]\n",
        ": scaling.funding:",
        &["write under [scaling] funding = \"zscore\""],
    ),
    bad(
        "[data]\nchannels = [\"open interest\"]\n[scaling]\n",
        ":3: scaling.open interest:",
        &["\"open interest\" = \"zscore\""],
    ),
    bad(
        "[data]\nchannels = [\"volumes\"]\n",
        ": scaling.volumes:",
        &["did you mean the channel \"volume\"?"],
    ),
    // Splits.
    bad(
        "[split]\ntrain = 0.8\ntest = 0.2\n",
        ":2: split.train:",
        &["[[split.part]]\nname = \"train\"\nfraction = 0.8"],
    ),
    bad(
        "[split]\ntest = 2024-01-01\n",
        ":2: split.test:",
        &["[[split.part]]\nname = \"test\"\nuntil = 2024-01-01"],
    ),
    bad(
        "[split.train]\nfraction = 0.8\n",
        ":1: split.train:",
        &["[[split.part]]\nname = \"train\""],
    ),
    bad("[split]\nembrago = 5\n", ":2: split.embrago:", &["did you mean split.embargo?"]),
    bad("[split]\n", ":1: split.part:", &["at least one [[split.part]]"]),
    bad("[split.part]\nname = \"a\"\n", ":1: split.part:", &["[[split.part]]", "got a table"]),
    bad("[[split.part]]\nfraction = 0.8\n", ":1: split.part[0]:", &["name = \"train\""]),
    bad("[[split.part]]\nname = \"a\"\n", ":1: split.part[0]:", &["no size", "fraction = 0.2"]),
    bad(
        "[[split.part]]\nname = \"a\"\nfraction = 0.8\nuntil = 2024-01-01\n",
        ":1: split.part[0]:",
        &["both"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nuntil = 12:00:00\n",
        ":3: split.part[0].until:",
        &["expected a date"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nuntil = \"soon\"\n",
        ":3: split.part[0].until:",
        &["2024-01-31"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nfraction = 0.8\n[[split.part]]\nname = \"b\"\nfraction = 0.3\n",
        ":6: split.part[1].fraction:",
        &["at most 1"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nfraction = 0.5\n[[split.part]]\nname = \"a\"\nfraction = 0.5\n",
        ":5: split.part[1].name:",
        &["two parts"],
    ),
    bad("[[split.part]]\nname = \"../a\"\nfraction = 1\n", ":2: split.part[0].name:", &["folder"]),
    bad(
        "[[split.part]]\nname = \"a\"\nuntil = 2024-01-01\n[[split.part]]\nname = \"b\"\nuntil = 2023-01-01\n",
        ":6: split.part[1].until:",
        &["ascend"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nfraction = 0.5\n[[split.part]]\nname = \"b\"\nuntil = 2023-01-01\n",
        ":1: split.part:",
        &["all the same"],
    ),
    bad(
        "[[split.part]]\nname = \"a\"\nfracton = 0.5\n",
        ":3: split.part[0].fracton:",
        &["did you mean split.part[0].fraction?"],
    ),
    bad(
        "[split]\nlookback_from = \"past\"\n",
        ":2: split.lookback_from:",
        &["\"history\" or \"part\""],
    ),
];

#[test]
fn each_is_told_by_line_and_key() {
    let mut wrong = Vec::new();
    for bad in TABLE {
        let message = match Recipe::from_toml(bad.text, "my.toml") {
            Ok(_) => "it was accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let starts = message.starts_with(&format!("my.toml{}", bad.at));
        if !starts || !bad.says.iter().all(|part| message.contains(part)) {
            wrong.push(format!(
                "{:?}\n  got      {message}\n  expected {} .. {:?}",
                bad.text, bad.at, bad.says
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

#[test]
fn what_is_changed_in_code_is_told_by_key() {
    let mut recipe = Recipe::default();
    recipe.dataset.actions_per_state = 0;
    let error = recipe.validate().unwrap_err();
    assert!(matches!(error, RecipeError::Expected { at: None, .. }));
    assert_eq!(
        error.to_string(),
        "dataset.actions_per_state: expected a whole number from 1, got 0"
    );
    let samples = "many".parse::<barloom_recipe::Samples>().unwrap_err().to_string();
    assert!(samples.starts_with("dataset.samples: expected a whole number"), "{samples}");
    let format = "arow".parse::<barloom_recipe::Format>().unwrap_err().to_string();
    assert_eq!(
        format,
        "output.format: expected \"parquet\", \"arrow\", \"npy\" or \"virtual\", got \"arow\"; did you mean \"arrow\"?"
    );
}
