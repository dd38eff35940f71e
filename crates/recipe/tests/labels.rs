//! Labels, weights, folds and sources of actions: defaults, columns, writing, digests.

use barloom_bars::{Column, Interval, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_features::Attributes;
use barloom_labels::{Kind, Scale, Touch, Vertical};
use barloom_recipe::{
    Across, BarrierSettings, Classes, FoldSettings, LabelKind, LabelSettings, Recipe, Samples,
    ScaleSetting, SplitSettings, WeightKind, WeightSettings,
};
use barloom_rewards::{Entry, SameBar};
use barloom_sampling::{ActionSource, PositionOrder};
use barloom_splits::{Embargo, Length, LookbackFrom, Scheme, Train};
use proptest::prelude::*;

fn read(text: &str) -> Recipe {
    Recipe::from_toml(text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The contract of labels, weights and folds, example by example.
const LABELS: &str = r#"
[[label]]
name = "fwd"
kind = "return"
horizon = [1, 16, 64]
classes = { quantiles = 3, fit = "train" }
across = "rank"

[[label]]
name = "tb"
kind = "triple_barrier"
horizon = 64
up = 2.0
down = 1.0
scale = "ta.atr(14) / close"
touch = "high_low"
same_bar = "stop_first"
vertical = "zero"

[[label]]
name = "meta_tb"
kind = "triple_barrier"
horizon = 64
up = 2.0
down = 1.0
scale = "ta.atr(14) / close"
side = "primary"

[[label]]
name = "vol"
kind = "volatility"
[[label]]
name = "run"
kind = "excursion"
[[label]]
name = "trend"
kind = "trend"
horizon = [16, 64]
[[label]]
name = "path"
kind = "path"
[[label]]
name = "phase"
kind = "expression"
of = "std(ret, 20)"
classes = { quantiles = 3, fit = "train" }

[weights]
kind = ["uniqueness", "return", "time_decay", "balance", "column:w"]
of = "tb"
half_life = "365d"

[dataset]
where = "cusum(ret, 0.01) != 0"
session = "09:30-16:00 America/New_York"
need = ["tb"]

[split]
kind = "walk_forward"
train = "2y"
test = "3mo"
step = "3mo"
validation = "1mo"
embargo = "1d"
purge = "label"
lookback_from = "history"
"#;

#[test]
fn the_contract_is_read() {
    let recipe = read(LABELS);
    let columns: Vec<String> = recipe.labels.iter().flat_map(LabelSettings::columns).collect();
    assert_eq!(
        columns,
        [
            "fwd_1",
            "fwd_16",
            "fwd_64",
            "fwd_1_class",
            "fwd_16_class",
            "fwd_64_class",
            "tb",
            "tb_return",
            "tb_bars",
            "tb_ambiguous",
            "meta_tb",
            "meta_tb_return",
            "meta_tb_bars",
            "meta_tb_ambiguous",
            "vol",
            "run_up",
            "run_down",
            "trend",
            "path",
            "phase",
            "phase_class"
        ]
    );
    let Kind::TripleBarrier(tb) = recipe.labels[1].definition().kind else { panic!("tb") };
    assert_eq!((tb.horizon, tb.up, tb.down), (64, 2.0, 1.0));
    assert_eq!(tb.scale, Scale::Column("label.tb.scale".into()));
    assert_eq!((tb.touch, tb.vertical, tb.side), (Touch::HighLow, Vertical::Zero, None));
    assert_eq!(
        recipe.labels[7].definition().kind,
        Kind::Feature { column: "label.phase.of".into() }
    );
    assert_eq!(recipe.labels[3].kind, LabelKind::Volatility { horizon: 64 });
    let weights = recipe.weights.as_ref().unwrap();
    assert_eq!(weights.kinds.len(), 5);
    assert_eq!(weights.kinds[4], WeightKind::Column("w".into()));
    assert_eq!(weights.half_life, Some(365 * 86_400_000_000_000));
    assert_eq!(weights.label(&recipe.labels).unwrap().name, "tb");
    let hidden: Vec<String> = recipe.hidden_features().into_iter().map(|(name, _)| name).collect();
    let names = ["label.tb.scale", "label.meta_tb.scale", "label.phase.of", "dataset.where"];
    assert_eq!(hidden, names);
    let stored = recipe.stored_columns();
    assert_eq!(stored[..5], ["open", "high", "low", "close", "volume"]);
    assert_eq!(stored[5..7], ["primary", "w"]);
    assert_eq!(stored[7..], names);
    assert_eq!(recipe.bar_columns(), stored[..7]);
    let used = recipe.used_features().unwrap();
    assert_eq!(used.names().collect::<Vec<_>>(), names);
    assert_eq!(used.columns().collect::<Vec<_>>(), ["close", "high", "low", "ret"]);
    assert_eq!(recipe.all_features().unwrap().names().count(), 0);
    assert_eq!(recipe.dataset.need, Some(vec!["tb".to_owned()]));
    let months = |months| Length::Time(Interval::Months(months));
    let expected = FoldSettings {
        scheme: Scheme::WalkForward {
            train: Train::Lasts(months(24)),
            anchored: false,
            test: months(3),
            step: Some(months(3)),
            validation: Some(months(1)),
        },
        embargo: Embargo::Time(86_400_000_000_000),
        by_horizon: false,
        lookback_from: LookbackFrom::History,
    };
    assert_eq!(recipe.split, Some(SplitSettings::Folds(expected)));
    round(&recipe);
}

/// Every example of docs/labels.md: together they are a recipe, but for the one without actions.
#[test]
fn examples_of_the_page_are_read() {
    const PAGE: &str = include_str!("../../../docs/labels.md");
    let blocks = PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (none, all): (Vec<&str>, Vec<&str>) =
        blocks.partition(|block| block.contains("actions = \"none\""));
    let recipe = read(&all.concat());
    assert_eq!((recipe.labels.len(), recipe.best.is_some()), (2, true));
    assert!(recipe.weights.is_some() && recipe.split.is_some());
    round(&recipe);
    let supervised = all[..4].concat() + none[0];
    assert!(!read(&supervised).is_priced());
}

#[test]
fn other_folds_of_the_contract() {
    for (text, scheme) in [
        ("kind = \"purged_kfold\"\nfolds = 5", Scheme::PurgedKFold { folds: 5 }),
        ("kind = \"cpcv\"\nfolds = 10\ntest_folds = 2", Scheme::Cpcv { groups: 10, tested: 2 }),
        (
            "kind = \"walk_forward\"\ntrain = 2024-01-01\nanchored = true\ntest = 500",
            Scheme::WalkForward {
                train: Train::Until(1_704_067_200_000_000_000),
                anchored: true,
                test: Length::Bars(500),
                step: None,
                validation: None,
            },
        ),
    ] {
        for (embargo, expected) in [
            ("", Embargo::Bars(0)),
            ("embargo = 7\n", Embargo::Bars(7)),
            ("embargo = 0.01\n", Embargo::Fraction(0.01)),
            ("embargo = \"0s\"\n", Embargo::Time(0)),
        ] {
            let recipe = read(&format!("[split]\n{text}\n{embargo}purge = \"horizon\"\n"));
            let folds = recipe.split.as_ref().and_then(SplitSettings::folds).unwrap();
            assert_eq!((&folds.scheme, folds.embargo), (&scheme, expected));
            let purge = folds.purge(12);
            assert_eq!((purge.by_horizon, purge.embargo, purge.reach), (true, expected, 12));
            round(&recipe);
        }
    }
}

/// The recipe reads back as the same recipe, and so does the one with defaults written out.
fn round(recipe: &Recipe) {
    let text = recipe.to_toml();
    let again = Recipe::from_toml(&text, "again").unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(again, *recipe, "{text}");
    assert_eq!(again.digest(), recipe.digest());
    assert!(recipe.to_json().is_object());
}

#[test]
fn supervised_samples_are_all_labelled_bars_in_order() {
    let label = "[[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 4\n";
    let none = "[sampling]\nactions = \"none\"\n";
    let recipe = read(&format!("{none}{label}"));
    assert_eq!(recipe.dataset.samples, Samples::All);
    assert_eq!(recipe.dataset.positions, PositionOrder::Sequential);
    assert!(!recipe.is_priced() && recipe.reward.metrics.is_empty());
    let written = recipe.to_toml();
    for gone in ["forward", "actions_per_state", "equity", "fee_bps", "formulas"] {
        assert!(!written.contains(gone), "{gone} in\n{written}");
    }
    round(&recipe);
    assert_eq!(recipe, read(&format!("{none}[reward]\nmetric = \"none\"\n{label}")));
    // A number, or an order, is as always.
    let count = read(&format!("{none}[dataset]\nsamples = 500\n{label}"));
    assert_eq!(count.dataset.samples, Samples::Count(500));
    assert_eq!(count.dataset.positions, PositionOrder::Random);
    let random = read(&format!("{none}[dataset]\npositions = \"random\"\n{label}"));
    assert_eq!(random.dataset.samples, Samples::Count(100_000));
    let actions = read(label);
    assert_eq!(actions.dataset.samples, Samples::Count(100_000));
    assert!(actions.is_priced());
    let bare = read(none);
    assert_eq!(bare.dataset.samples, Samples::Count(100_000));
    round(&bare);
    // The entry counts for labels.
    assert_eq!(recipe.entry(), Entry::NextOpen);
    let late = read(&format!("{none}[reward]\nentry = \"next_close\"\n{label}"));
    assert_eq!(late.entry(), Entry::NextClose);
    assert_ne!(late.digest(), recipe.digest());
    let early = read(&format!("{none}[reward]\nentry = \"next_open\"\n{label}"));
    assert_eq!(early.digest(), recipe.digest());
    round(&late);
    // A grid has no number of actions of its own.
    let grid = read(
        "[sampling]\nactions = \"grid\"\nact_dollar = 1e3\nact_sl = { choice = [0.01, 0.02] }\n\
         act_tp = 0.1\n",
    );
    assert_eq!(grid.sampling.actions, ActionSource::Grid);
    assert!(!grid.to_toml().contains("actions_per_state"));
    round(&grid);
}

#[test]
fn the_best_action_has_defaults_of_what_is_drawn() {
    let recipe = read("[best]\n[reward]\nmetric = [\"car\", \"sharpe\"]\n");
    let best = recipe.best.as_ref().unwrap();
    assert_eq!(best.directions, [0, 1, -1]);
    assert_eq!((best.stop, best.target), (Some([0.001, 0.05]), Some([0.001, 0.1])));
    assert_eq!(best.of.name(), "car");
    round(&recipe);
    let text = "[best]\ndirections = [1, -1, 0]\nof = \"pnl\"\nstop = 0.02\ntarget = [0.01, 0.5]\n\
                [reward]\nmetric = [\"return\", \"pnl\"]\n[sampling]\nact_sl = 0.02\nact_tp = { choice = [0.02, 0.05] }\n";
    let recipe = read(text);
    assert_eq!(recipe.best.as_ref().unwrap().stop, Some([0.02, 0.02]));
    assert!(recipe.to_toml().contains("stop = 0.02\n"));
    round(&recipe);
    let ignored = read("[best]\n[reward]\nbarriers = \"ignore\"\n");
    assert_eq!(ignored.best.as_ref().unwrap().stop, None);
    round(&ignored);
}

#[test]
fn the_best_action_is_by_a_metric_of_the_samples() {
    let error = Recipe::from_toml("[best]\nof = \"pnl\"\n", "test").unwrap_err().to_string();
    assert!(error.contains("\"pnl\" is not among reward.metric, return"), "{error}");
}

#[test]
fn defaults_are_the_same_dataset() {
    let label = "[[label]]\nname = \"fwd\"\nkind = \"return\"\n";
    let classes = "classes = { quantiles = 3 }\n[[split.part]]\nname = \"train\"\nfraction = 1\n";
    let digest = |text: &str| read(text).digest();
    for (short, long) in [
        (label.to_owned(), format!("{label}horizon = 64\n[dataset]\nneed = \"all\"\n")),
        (label.to_owned(), format!("{label}horizon = [64]\n")),
        (
            format!("{label}{classes}"),
            format!("{label}{classes}").replace("= 3", "= 3, fit = \"train\""),
        ),
        (
            format!("{label}[weights]\nkind = \"return\"\n"),
            format!("{label}[weights]\nkind = [\"return\"]\nof = \"fwd\"\n"),
        ),
        (
            "[[split.part]]\nname = \"a\"\nfraction = 1\n".to_owned(),
            "[split]\nkind = \"parts\"\n[[split.part]]\nname = \"a\"\nfraction = 1\n".to_owned(),
        ),
    ] {
        assert_eq!(digest(&short), digest(&long), "{long}");
    }
    // Everything else changes samples.
    let all = [
        "",
        label,
        "[[label]]\nname = \"fwd\"\nkind = \"return\"\nacross = \"rank\"\n",
        "[[label]]\nname = \"fwd\"\nkind = \"return\"\nclasses = { edges = [0] }\n",
        "[[label]]\nname = \"fwd\"\nkind = \"return\"\n[weights]\nkind = \"return\"\n",
        "[weights]\nkind = \"column:w\"\n",
        "[dataset]\nwhere = \"close > open\"\n",
        "[dataset]\nsession = \"09:30-16:00 America/New_York\"\n",
        "[split]\nkind = \"purged_kfold\"\nfolds = 3\n",
        "[split]\nkind = \"purged_kfold\"\nfolds = 4\n",
        "[best]\n",
        "[sampling]\nactions = \"none\"\n",
    ];
    let mut digests: Vec<String> = all.iter().map(|text| digest(text)).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), all.len());
}

#[test]
fn labels_and_weights_use_features() {
    let recipe = read(
        "[data]\nchannels = [\"close\"]\n[features]\nret = \"log(close / lag(close, 1))\"\n\
         bet = \"sign(ret)\"\nw = \"abs(ret)\"\nunused = \"close / open\"\n\
         [weights]\nkind = \"column:w\"\n[[label]]\nname = \"tb\"\nkind = \"triple_barrier\"\n\
         up = 1\ndown = 1\nscale = \"ret\"\nside = \"bet\"\n",
    );
    assert_eq!(recipe.stored_columns(), ["close", "bet", "w", "label.tb.scale"]);
    assert_eq!(recipe.bar_columns(), ["close"]);
    let used = recipe.used_features().unwrap();
    assert_eq!(used.names().collect::<Vec<_>>(), ["bet", "w", "label.tb.scale"]);
    let all = recipe.all_features().unwrap();
    assert_eq!(all.names().collect::<Vec<_>>(), ["ret", "bet", "w", "unused"]);
    let inputs = recipe.without_labels();
    assert_eq!(inputs.stored_columns(), ["close"]);
    // Keys of features apply to hidden ones.
    read("[data]\nfeature_history = \"series\"\n[dataset]\nwhere = \"close > open\"\n");
}

#[test]
fn features_count_from_the_session_of_the_dataset() {
    let feature = "[data]\nchannels = [\"close\", \"to\"]\n[features]\nto = \"minutes_to_close()\"\n\
                   [scaling]\nto = \"none\"\n";
    let error = Recipe::from_toml(feature, "test").unwrap_err().to_string();
    assert!(error.contains("features.to") && error.contains("set dataset.session"), "{error}");
    let recipe = read(&format!("{feature}[dataset]\nsession = \"00:00-02:00\"\n"));
    let column = |name: &str| Column::new(name, vec![2.0; 5]);
    let prices = PRICE_COLUMNS.iter().map(|name| column(name)).collect();
    let hours = (0..5).map(|hour| hour * 3_600_000_000_000).collect();
    let series = Series::new("A", hours, prices).unwrap();
    let market = Market::new(&[series], &[], MaxGap::None).unwrap();
    let features = recipe.used_features().unwrap();
    let columns = features.evaluate(&market, &Attributes::default()).unwrap();
    let values: Vec<Option<f64>> =
        columns[0].values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect();
    assert_eq!(values, [Some(120.0), Some(60.0), None, None, None]);
}

fn label_kind() -> impl Strategy<Value = LabelKind> {
    let scale = prop_oneof![
        (1e-6_f64..10.0).prop_map(ScaleSetting::Fixed),
        Just(ScaleSetting::Expression("std(close, 5) / close".into())),
    ];
    let touch = prop_oneof![Just(Touch::HighLow), Just(Touch::Close)];
    let vertical = prop_oneof![Just(Vertical::Zero), Just(Vertical::Sign)];
    let same_bar = prop_oneof![Just(SameBar::StopFirst), Just(SameBar::TargetFirst)];
    let side = prop_oneof![Just(None), Just(Some("primary".to_owned()))];
    let barrier =
        (1..500_usize, 0.0..9.0_f64, 0.0..9.0_f64, scale, touch, vertical, same_bar, side);
    let barrier =
        barrier.prop_map(|(horizon, up, down, scale, touch, vertical, same_bar, side)| {
            BarrierSettings {
                horizon,
                up,
                down,
                scale,
                touch,
                // What does not apply has its default.
                same_bar: if touch == Touch::Close { SameBar::default() } else { same_bar },
                vertical: if side.is_some() { Vertical::default() } else { vertical },
                side,
            }
        });
    let horizons = proptest::collection::btree_set(1..900_usize, 1..4);
    prop_oneof![
        horizons.prop_map(|set| LabelKind::Return { horizons: set.into_iter().collect() }),
        barrier.prop_map(LabelKind::TripleBarrier),
        (2..900_usize).prop_map(|horizon| LabelKind::Volatility { horizon }),
        (1..900_usize).prop_map(|horizon| LabelKind::Excursion { horizon }),
        (3..40_usize, 0..40_usize)
            .prop_map(|(least, more)| LabelKind::Trend { least, most: least + more }),
        (1..900_usize).prop_map(|horizon| LabelKind::Path { horizon }),
        Just(LabelKind::Expression { of: "symbol('B', close) - open".into() }),
    ]
}

fn label() -> impl Strategy<Value = LabelSettings> {
    let edges = proptest::collection::btree_set(-900..900_i32, 1..5);
    let edges =
        edges.prop_map(|set| Classes::Edges(set.iter().map(|e| f64::from(*e) / 7.0).collect()));
    let fit = prop_oneof![Just(Some("all".to_owned())), Just(Some("train".to_owned())), Just(None)];
    let quantiles = (2..100_usize, fit).prop_map(|(count, fit)| Classes::Quantiles { count, fit });
    let classes = proptest::option::of(prop_oneof![edges, quantiles]);
    let across = prop_oneof![Just(Across::Rank), Just(Across::ZScore), Just(Across::Demean)];
    (label_kind(), classes, proptest::option::of(across)).prop_map(|(kind, classes, across)| {
        let is_number = !matches!(
            kind,
            LabelKind::TripleBarrier(_) | LabelKind::Excursion { .. } | LabelKind::Path { .. }
        );
        let classes = classes.filter(|_| is_number);
        LabelSettings { name: "y".into(), kind, classes, across: across.filter(|_| is_number) }
    })
}

fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        (1..9_000_u64).prop_map(Length::Bars),
        (1..100_u32).prop_map(|months| Length::Time(Interval::Months(months))),
        (1..i64::MAX / 2).prop_map(|ns| Length::Time(Interval::Fixed(ns))),
    ]
}

fn folds() -> impl Strategy<Value = FoldSettings> {
    let day = 86_400_000_000_000_i64;
    let train = prop_oneof![
        length().prop_map(Train::Lasts),
        (-50_000..50_000_i64, 0..day).prop_map(move |(d, ns)| Train::Until(d * day + ns)),
    ];
    let walk = (train, any::<bool>(), length(), proptest::option::of(length()));
    let walk = walk.prop_map(|(train, anchored, test, step)| Scheme::WalkForward {
        train,
        anchored,
        test,
        step,
        validation: None,
    });
    let scheme = prop_oneof![
        walk,
        (2..50_u64).prop_map(|folds| Scheme::PurgedKFold { folds }),
        (4..12_u64, 1..4_u64).prop_map(|(groups, tested)| Scheme::Cpcv { groups, tested }),
    ];
    let embargo = prop_oneof![
        (0..9_000_u64).prop_map(Embargo::Bars),
        (0..i64::MAX).prop_map(Embargo::Time),
        (0.0..1.0_f64).prop_map(Embargo::Fraction),
    ];
    let from = prop_oneof![Just(LookbackFrom::History), Just(LookbackFrom::Part)];
    (scheme, embargo, any::<bool>(), from).prop_map(
        |(scheme, embargo, by_horizon, lookback_from)| FoldSettings {
            scheme,
            embargo,
            by_horizon,
            lookback_from,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    /// What is written reads back as equal, whatever the kind of label, fold and weight.
    #[test]
    fn written_recipes_read_back(
        label in label(),
        folds in folds(),
        half_life in 1..i64::MAX,
        actions in any::<bool>(),
    ) {
        let mut recipe = read(if actions { "" } else { "[sampling]\nactions = \"none\"\n" });
        recipe.split = Some(SplitSettings::Folds(folds));
        recipe.weights = Some(WeightSettings {
            kinds: vec![WeightKind::Uniqueness, WeightKind::TimeDecay, WeightKind::Column("w".into())],
            of: None,
            half_life: Some(half_life),
        });
        recipe.dataset.need = Some(vec![label.name.clone()]);
        recipe.dataset.condition = Some("close > open".into());
        recipe.labels = vec![label];
        recipe.validate().unwrap();
        if !actions {
            // The defaults of supervised samples, which are read with labels alone.
            recipe.dataset.samples = Samples::All;
            recipe.dataset.positions = PositionOrder::Sequential;
        }
        round(&recipe);
    }
}
