//! Every label, weight, fold and source of actions that cannot be is refused, and the message says
//! where and why.

use barloom_recipe::Recipe;

/// A recipe, the start of the message after the name of the file, and other texts that it holds.
type Bad = (&'static str, &'static str, &'static [&'static str]);

const LABELS: &[Bad] = &[
    ("[label]\nname = \"a\"\n", ":1: label:", &["a list of tables, each headed [[label]]"]),
    ("[[label]]\nkind = \"return\"\n", ":1: label[0]:", &["it has no name; add name = \"fwd\""]),
    ("[[label]]\nname = \"a\"\n", ":1: label[0]:", &["it has no kind; add kind = \"return\""]),
    (
        "[[label]]\nname = \"a\"\nkind = \"returns\"\n",
        ":3: label[0].kind:",
        &["\"return\", \"triple_barrier\"", "did you mean \"return\"?"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nhorizn = 4\n",
        ":4: label[0].horizn:",
        &["did you mean label[0].horizon?"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nup = 2\n",
        ":4: label[0].up:",
        &["it does not apply to kind = \"return\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"path\"\nacross = \"rank\"\n",
        ":4: label[0].across:",
        &["it does not apply to kind = \"path\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"excursion\"\nclasses = { quantiles = 3 }\n",
        ":4: label[0].classes:",
        &["it does not apply to kind = \"excursion\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nhorizon = \"4\"\n",
        ":4: label[0].horizon:",
        &["a whole number, 0 or more"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nhorizon = [16, 4]\n",
        ":4: label[0].horizon:",
        &["ascending"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"volatility\"\nhorizon = 1\n",
        ":4: label[0].horizon:",
        &["1 bars: expected 2 to"],
    ),
    ("[[label]]\nname = \"a\"\nkind = \"trend\"\n", ":1: label[0]:", &["add horizon = [16, 64]"]),
    (
        "[[label]]\nname = \"a\"\nkind = \"trend\"\nhorizon = 64\n",
        ":4: label[0].horizon:",
        &["the shortest and the longest horizon in bars, [16, 64]"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\n",
        ":1: label[0]:",
        &["it has no up; add up = 1.0"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\n",
        ":1: label[0]:",
        &["it has no scale; add scale = \"ta.atr(14) / close\", or a number"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = -1\nscale = 0.1\n",
        ":5: label[0].down:",
        &["-1: expected a number of at least 0"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = 0\n",
        ":6: label[0].scale:",
        &["expected a fraction of the price above 0"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = true\n",
        ":6: label[0].scale:",
        &["a number or an expression in quotes"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = \" \"\n",
        ":6: label[0].scale:",
        &["the expression is empty"],
    ),
    (
        "[[label]]\nname = \"b\"\nkind = \"return\"\n[[label]]\nname = \"a\"\n\
         kind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = \"std(close)\"\n",
        ":9: label[1].scale:",
        &["column ", "std"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = 0.1\n\
         touch = \"close\"\nsame_bar = \"stop_first\"\n",
        ":8: label[0].same_bar:",
        &["it does not apply with touch = \"close\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = 0.1\n\
         side = \"s\"\nvertical = \"sign\"\n",
        ":8: label[0].vertical:",
        &["it does not apply with side"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = 0.1\n\
         side = \"\"\n",
        ":7: label[0].side:",
        &["with the sides 1, -1 and 0"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"triple_barrier\"\nup = 1\ndown = 1\nscale = 0.1\n\
         vertical = \"signs\"\n",
        ":7: label[0].vertical:",
        &["\"zero\" or \"sign\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"expression\"\n",
        ":1: label[0]:",
        &["it has no of; add of"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"expression\"\nof = \"nothing(close)\"\n",
        ":4: label[0].of:",
        &["nothing"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"expression\"\nof = \"close\"\nhorizon = 4\n",
        ":5: label[0].horizon:",
        &["it does not apply to kind = \"expression\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nacross = \"ranks\"\n",
        ":4: label[0].across:",
        &["\"rank\", \"zscore\" or \"demean\""],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = 3\n",
        ":4: label[0].classes:",
        &["{ quantiles = 3, fit = \"train\" } or { edges = [-0.001, 0.001] }"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { quantiles = 3, edges = [0] }\n",
        ":4: label[0].classes:",
        &["{ quantiles = 3"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { quantile = 3 }\n",
        ":4: label[0].classes.quantile:",
        &["did you mean label[0].classes.quantiles?"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { quantiles = 1, fit = \"all\" }\n",
        ":4: label[0].classes.quantiles:",
        &["expected 2 to 127"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { edges = [1, 0] }\n",
        ":4: label[0].classes.edges:",
        &["ascending"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { edges = [0], fit = \"all\" }\n",
        ":4: label[0].classes.fit:",
        &["it does not apply to edges of your own"],
    ),
    (
        "[[label]]\nname = \"a\"\nkind = \"return\"\nclasses = { quantiles = 3 }\n",
        ":4: label[0].classes",
        &["the default is the part \"train\", which is missing", "fit = \"all\""],
    ),
    (
        "[split]\nkind = \"cpcv\"\nfolds = 6\ntest_folds = 2\n[[label]]\nname = \"a\"\n\
         kind = \"return\"\nclasses = { quantiles = 3, fit = \"test\" }\n",
        ":8: label[0].classes.fit:",
        &["\"test\" cannot be fitted to", "the train bars of each fold"],
    ),
    ("[[label]]\nname = \"a b\"\nkind = \"return\"\n", ":2: label[0].name:", &["letters, digits"]),
    (
        "[[label]]\nname = \"9a\"\nkind = \"return\"\n",
        ":2: label[0].name:",
        &["begins with no digit"],
    ),
    ("[[label]]\nname = \"reward\"\nkind = \"path\"\n", ":2: label[0].name:", &["own column"]),
    ("[[label]]\nname = \"weight\"\nkind = \"path\"\n", ":2: label[0].name:", &["own column"]),
    ("[[label]]\nname = \"regret\"\nkind = \"path\"\n", ":2: label[0].name:", &["own column"]),
    ("[[label]]\nname = \"close\"\nkind = \"path\"\n", ":2: label[0].name:", &["data.channels"]),
    (
        "[features]\nx = \"close\"\n[[label]]\nname = \"x\"\nkind = \"path\"\n",
        ":4: label[0].name:",
        &["the name of a feature too"],
    ),
    (
        "[features]\nx_up = \"close\"\n[[label]]\nname = \"x\"\nkind = \"excursion\"\n",
        ":4: label[0].name:",
        &["its column \"x_up\" is the name of a feature too; rename the label"],
    ),
    (
        "[[label]]\nname = \"x\"\nkind = \"path\"\n[[label]]\nname = \"x\"\nkind = \"return\"\n",
        ":5: label[1].name:",
        &["\"x\" is the name of two labels"],
    ),
    (
        "[[label]]\nname = \"x\"\nkind = \"return\"\nhorizon = 4\n[[label]]\nname = \"x_4\"\n\
         kind = \"path\"\n",
        ":6: label[1].name:",
        &["its column \"x_4\" is that of an earlier label too"],
    ),
    ("[data]\nchannels = [\"weights\"]\n", ":2: data.channels[0]:", &["own column"]),
];

const FWD: &str = "[[label]]\nname = \"fwd\"\nkind = \"return\"\n";

/// After a label `fwd` of three lines.
const WITH_LABEL: &[Bad] = &[
    ("[weights]\n", ":4: weights.kind:", &["or a list of them, got none"]),
    (
        "[weights]\nkind = \"unique\"\n",
        ":5: weights.kind:",
        &["\"column:NAME\"", "did you mean \"uniqueness\"?"],
    ),
    ("[weights]\nkind = 3\n", ":5: weights.kind:", &["\"uniqueness\""]),
    (
        "[weights]\nkind = [\"return\", \"return\"]\n",
        ":5: weights.kind[1]:",
        &["\"return\" is listed twice"],
    ),
    ("[weights]\nkind = \"column:\"\n", ":5: weights.kind:", &["after column:"]),
    ("[weights]\nkind = \"time_decay\"\n", ":4: weights.half_life:", &["add half_life = \"365d\""]),
    (
        "[weights]\nkind = \"return\"\nhalf_life = \"1d\"\n",
        ":6: weights.half_life:",
        &["it does not apply without the kind \"time_decay\""],
    ),
    (
        "[weights]\nkind = \"time_decay\"\nhalf_life = 365\n",
        ":6: weights.half_life:",
        &["a whole number with a unit"],
    ),
    (
        "[weights]\nkind = \"column:w\"\nof = \"fwd\"\n",
        ":6: weights.of:",
        &["which depends on no label"],
    ),
    (
        "[weights]\nkind = \"return\"\nof = \"fw\"\n",
        ":6: weights.of:",
        &["there is no label \"fw\"; the labels are fwd"],
    ),
    (
        "[weights]\nkind = \"balance\"\n",
        ":4: weights.of:",
        &["fwd has no classes; add classes = { quantiles = 3 }"],
    ),
    ("[weights]\nkinds = \"balance\"\n", ":5: weights.kinds:", &["did you mean weights.kind?"]),
    ("[dataset]\nneed = []\n", ":5: dataset.need:", &["\"all\", or a list of names of labels"]),
    (
        "[dataset]\nneed = \"fwd\"\n",
        ":5: dataset.need:",
        &["\"all\", or a list of names of labels"],
    ),
    (
        "[dataset]\nneed = [\"fvd\"]\n",
        ":5: dataset.need[0]:",
        &["there is no label \"fvd\"; the labels are fwd; did you mean \"fwd\"?"],
    ),
    (
        "[dataset]\nneed = [\"fwd\", \"fwd\"]\n",
        ":5: dataset.need[1]:",
        &["\"fwd\" is listed twice"],
    ),
    (
        "[sampling]\nactions = \"none\"\n",
        ":1: label[0]:",
        &["it has no horizon; add horizon = 64, as actions = \"none\""],
    ),
];

const OTHERS: &[Bad] = &[
    ("[weights]\nkind = \"return\"\n", ":1: weights.of:", &["the recipe has no [[label]]"]),
    (
        "[weights]\nkind = \"balance\"\nof = \"a\"\n[[label]]\nname = \"a\"\nkind = \"return\"\n\
         horizon = [2, 4]\nclasses = { edges = [0] }\n",
        ":3: weights.of:",
        &["a has classes for several horizons"],
    ),
    ("[dataset]\nneed = [\"a\"]\n", ":2: dataset.need:", &["it does not apply without [[label]]"]),
    ("[dataset]\nwhere = \"\"\n", ":2: dataset.where:", &["the expression is empty"]),
    ("[dataset]\nwhere = \"close >\"\n", ":2: dataset.where:", &["column "]),
    ("[dataset]\nwhere = true\n", ":2: dataset.where:", &["a text in quotes"]),
    (
        "[dataset]\nsession = \"9-16\"\n",
        ":2: dataset.session:",
        &["\"09:30-16:00 America/New_York\"", "got the text \"9-16\""],
    ),
    ("[dataset]\nsession = true\n", ":2: dataset.session:", &["trading hours", "got true"]),
    // Folds.
    ("[split]\nkind = \"kfold\"\n", ":2: split.kind:", &["\"purged_kfold\" or \"cpcv\""]),
    (
        "[split]\nkind = \"purged_kfold\"\n",
        ":1: split.folds:",
        &["kind = \"purged_kfold\" needs it; add folds = 5"],
    ),
    (
        "[split]\nkind = \"cpcv\"\nfolds = 6\n",
        ":1: split.test_folds:",
        &["kind = \"cpcv\" needs it; add test_folds = 2"],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntest = \"1mo\"\n",
        ":1: split.train:",
        &["needs it; add train = \"2y\""],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = \"1y\"\n",
        ":1: split.test:",
        &["needs it; add test = \"3mo\""],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = 0.5\ntest = \"1mo\"\n",
        ":3: split.train:",
        &["a number of bars, or a text", "or a date"],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = \"1y\"\ntest = \"soon\"\n",
        ":4: split.test:",
        &["a number of bars, or a text", "\"3mo\""],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = \"1y\"\ntest = 0\n",
        ":4: split.test:",
        &["a length above 0"],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = 10\ntest = 5\nvalidation = 10\n",
        ":5: split.validation:",
        &["shorter than train"],
    ),
    (
        "[split]\nkind = \"walk_forward\"\ntrain = 10\ntest = 5\nfolds = 3\n",
        ":5: split.folds:",
        &["it does not apply to kind = \"walk_forward\""],
    ),
    (
        "[split]\nkind = \"purged_kfold\"\nfolds = 5\ntest_folds = 3\n",
        ":4: split.test_folds:",
        &["it does not apply to kind = \"purged_kfold\""],
    ),
    (
        "[split]\nkind = \"cpcv\"\nfolds = 5\ntest_folds = 2\n[[split.part]]\nname = \"a\"\n\
         fraction = 1\n",
        ":5: split.part:",
        &["it does not apply to kind = \"cpcv\""],
    ),
    ("[split]\nkind = \"purged_kfold\"\nfolds = 1\n", ":3: split.folds:", &["at least 2"]),
    (
        "[split]\nkind = \"cpcv\"\nfolds = 4\ntest_folds = 4\n",
        ":4: split.test_folds:",
        &["fewer than there are"],
    ),
    (
        "[split]\nkind = \"purged_kfold\"\nfolds = 5\nembargo = 1.0\n",
        ":4: split.embargo:",
        &["a fraction of at least 0 and below 1"],
    ),
    (
        "[split]\nkind = \"purged_kfold\"\nfolds = 5\nembargo = \"soon\"\n",
        ":4: split.embargo:",
        &["a number of bars, a text such as \"1d\""],
    ),
    (
        "[split]\nkind = \"purged_kfold\"\nfolds = 5\npurge = \"labels\"\n",
        ":4: split.purge:",
        &["\"label\" or \"horizon\""],
    ),
    (
        "[split]\ntrain = \"2y\"\ntest = \"3mo\"\n",
        ":2: split.train:",
        &["it does not apply to kind = \"parts\", only to \"walk_forward\""],
    ),
    (
        "[split]\nfolds = 5\n",
        ":2: split.folds:",
        &["it does not apply to kind = \"parts\", only to \"purged_kfold\", \"cpcv\""],
    ),
    (
        "[split]\nembargo = \"1d\"\n[[split.part]]\nname = \"a\"\nfraction = 1\n",
        ":2: split.embargo:",
        &["a whole number"],
    ),
    (
        "[scaling]\nvolume = { kind = \"range\", fit = \"test\" }\n[split]\n\
         kind = \"purged_kfold\"\nfolds = 5\n",
        ":2: scaling.volume.fit:",
        &["with folds it is \"train\""],
    ),
    // Sources of actions.
    (
        "[sampling]\nactions = \"all\"\n",
        ":2: sampling.actions:",
        &["\"random\", \"grid\" or \"none\""],
    ),
    (
        "[sampling]\nactions = \"none\"\nact_dir = 1\n",
        ":3: sampling.act_dir:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[sampling]\nactions = \"none\"\n[reward]\nfee_bps = 1\n",
        ":4: reward.fee_bps:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[sampling]\nactions = \"none\"\n[reward]\nentry = \"next_close\"\n",
        ":4: reward.entry:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[sampling]\nactions = \"none\"\n[reward]\nformulas = \"frel-v1\"\n",
        ":4: reward.formulas:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[sampling]\nactions = \"none\"\n[reward]\nmetric = \"pnl\"\n",
        ":4: reward.metric:",
        &["write metric = \"none\", or leave [reward] out"],
    ),
    (
        "[dataset]\nforward = 64\n[sampling]\nactions = \"none\"\n",
        ":2: dataset.forward:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[dataset]\nactions_per_state = 1\n[sampling]\nactions = \"none\"\n",
        ":2: dataset.actions_per_state:",
        &["it does not apply with actions = \"none\""],
    ),
    (
        "[reward]\nmetric = \"none\"\n",
        ":2: reward.metric:",
        &["goes with sampling.actions = \"none\" alone"],
    ),
    (
        "[dataset]\nactions_per_state = 1\n[sampling]\nactions = \"grid\"\n",
        ":2: dataset.actions_per_state:",
        &["with actions = \"grid\", which gives the number of actions"],
    ),
    (
        "[sampling]\nactions = \"grid\"\nact_dollar = 1e3\nact_sl = [0.01, 0.02]\nact_tp = 0.1\n",
        ":4: sampling.act_sl:",
        &["a number or { choice = [a, b, ..] } with actions = \"grid\""],
    ),
    (
        "[sampling]\nactions = \"grid\"\n",
        ":1: sampling.act_dollar:",
        &["a number or { choice = [a, b, ..] }"],
    ),
    // The best action.
    (
        "[best]\n[sampling]\nactions = \"none\"\n",
        ":1: best:",
        &["it does not apply with actions = \"none\""],
    ),
    ("[best]\ndirections = []\n", ":2: best.directions:", &["each 1, -1 or 0 and once"]),
    ("[best]\ndirections = [1, 1]\n", ":2: best.directions:", &["each 1, -1 or 0 and once"]),
    ("[best]\ndirections = [1, 0]\n", ":2: best.directions:", &["sampling.act_dir draws -1"]),
    ("[best]\nstop = \"x\"\n", ":2: best.stop:", &["a number above 0, or bounds [lo, hi]"]),
    ("[best]\nstop = [0.1, 0.001]\n", ":2: best.stop:", &["bounds [lo, hi]", "[0.1, 0.001]"]),
    ("[best]\nstop = 0\n", ":2: best.stop:", &["a number above 0"]),
    (
        "[best]\nstop = [0.01, 0.05]\n",
        ":2: best.stop:",
        &["does not hold all of sampling.act_sl, 0.001 to 0.05"],
    ),
    (
        "[best]\ntarget = [0.001, 0.05]\n",
        ":2: best.target:",
        &["does not hold all of sampling.act_tp"],
    ),
    (
        "[best]\nstop = [0.001, 0.05]\n[reward]\nbarriers = \"ignore\"\n",
        ":2: best.stop:",
        &["it does not apply where barriers are ignored"],
    ),
    (
        "[best]\nof = \"sharpe\"\n",
        ":2: best.of:",
        &["the best action by \"sharpe\" is not known", "\"car\""],
    ),
    (
        "[reward]\nmetric = \"sharpe\"\n[best]\n",
        ":3: best.of:",
        &["the best action by \"sharpe\" is not known"],
    ),
    (
        "[reward]\ncarry_bps = -1\n[best]\n",
        ":2: reward.carry_bps:",
        &["with [best] it must be 0 or more"],
    ),
    ("[best]\nstops = 1\n", ":2: best.stops:", &["did you mean best.stop?"]),
];

fn faults(head: &str, table: &[Bad]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (text, at, says) in table {
        let text = format!("{head}{text}");
        let message = match Recipe::from_toml(&text, "my.toml") {
            Ok(_) => "it was accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let starts = message.starts_with(&format!("my.toml{at}"));
        if !starts || !says.iter().all(|part| message.contains(part)) {
            wrong.push(format!("{text:?}\n  got      {message}\n  expected {at} .. {says:?}"));
        }
    }
    wrong
}

#[test]
fn each_is_told_by_line_and_key() {
    let wrong = [faults("", LABELS), faults(FWD, WITH_LABEL), faults("", OTHERS)].concat();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Keys that cannot be told from defaults in a recipe changed in code are refused where they
/// differ.
#[test]
fn keys_without_a_use_are_refused_in_code() {
    type Change = fn(&mut Recipe);
    let changes: [(&str, Change); 6] = [
        ("dataset.forward", |recipe| recipe.dataset.forward = 3),
        ("dataset.actions_per_state", |recipe| recipe.dataset.actions_per_state = 3),
        ("sampling", |recipe| recipe.sampling.act_dir.0 = vec![1]),
        ("reward", |recipe| recipe.reward.fee_bps = 3.0),
        ("reward.entry", |recipe| recipe.labels.clear()),
        ("reward.metric", |recipe| recipe.sampling.actions = Default::default()),
    ];
    let text = "[sampling]\nactions = \"none\"\n[reward]\nentry = \"next_close\"\n\
                [[label]]\nname = \"a\"\nkind = \"return\"\nhorizon = 4\n";
    for (key, change) in changes {
        let mut recipe = Recipe::from_toml(text, "r").unwrap();
        change(&mut recipe);
        let error = recipe.validate().unwrap_err();
        assert_eq!(error.key(), Some(key), "{error}");
    }
}
