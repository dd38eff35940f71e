//! Labels, folds and weights of recipes: the bars that samples may stand on, and what is fitted.

use std::ops::Range;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_labels::{MISSING_CLASS, Values};
use barloom_plan::{Plan, PlanError, Planner};
use barloom_recipe::Recipe;
use barloom_splits::{Part, Role};

const MINUTE: i64 = 60_000_000_000;

/// The time, the open, high, low and close, and a further number of a bar.
type Bar = (i64, f64, f64, f64, f64, f64);

/// A walk without a pattern, and columns x and w of it.
fn series(symbol: &str, bars: usize, every: i64, seed: u64) -> Series {
    let mut state = seed;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
    };
    let mut price = 100.0;
    let mut rows = Vec::new();
    for bar in 0..bars as i64 {
        let open = price;
        price *= 1.0 + 0.02 * random();
        let (low, high) = (open.min(price) * 0.999, open.max(price) * 1.001);
        // Two hours are missing after every 90 bars.
        rows.push((every * (bar + bar / 90 * 120) * MINUTE, open, high, low, price, random()));
    }
    let column = |name: &str, of: fn(&Bar) -> f64| Column::new(name, rows.iter().map(of).collect());
    let columns = vec![
        column("open", |row| row.1),
        column("high", |row| row.2),
        column("low", |row| row.3),
        column("close", |row| row.4),
        column("x", |row| row.5),
        column("w", |row| row.5 + 0.5),
        column("dataset.where", |row| f64::from(u8::from(row.5 > 0.0))),
    ];
    Series::new(symbol, rows.iter().map(|row| row.0).collect(), columns).unwrap()
}

fn market_of(series: &[Series]) -> Market {
    let inputs = ["x", "w", "dataset.where"].map(str::to_owned);
    Market::with_inputs(series, &["close".to_owned()], &inputs, MaxGap::Limit(20 * MINUTE)).unwrap()
}

fn market() -> Market {
    market_of(&[series("A", 700, 1, 1), series("B", 300, 3, 2)])
}

fn recipe(text: &str, market: &Market) -> Recipe {
    let scaling =
        if text.contains("[scaling") { "" } else { "[scaling]\nsnapshot = { x = \"none\" }\n" };
    let text = format!(
        "[data]\nchannels = [\"close\"]\nsnapshot = [\"x\"]\n[sampling]\nactions = \"none\"\n{scaling}{text}"
    );
    Recipe::from_toml(&text, "test.toml").unwrap().resolve(market).unwrap()
}

fn plans(recipe: &Recipe, market: &Market) -> Vec<Plan> {
    let planner = Planner::new(recipe, market).unwrap();
    planner.plans(&planner.parts()).unwrap()
}

fn positions(plan: &Plan) -> Vec<usize> {
    let ranges = plan.draws.positions.ranges();
    ranges.iter().flat_map(|range| range.start..range.end).collect()
}

/// The column of labels of this name.
fn label<'a>(plan: &'a Plan, name: &str) -> &'a Values {
    let place = plan.program.labels.iter().position(|field| field.name == name).unwrap();
    &plan.draws.labels[place]
}

#[test]
fn conditions_that_leave_no_bar_are_told() {
    // Bars from midnight on, for less than an hour.
    let market = market_of(&[series("A", 50, 1, 1)]);
    for (text, key) in [
        ("session = \"12:00-13:00\"\nwhere = \"x > 9\"", "dataset.where and dataset.session"),
        ("session = \"09:30-16:00 America/New_York\"", "dataset.session"),
    ] {
        let label = "[[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 2\n";
        let recipe = recipe(&format!("[dataset]\nlookback = 3\n{text}\n{label}"), &market);
        let message = match Planner::new(&recipe, &market).and_then(|planner| planner.plan(None)) {
            Err(error) => error.to_string(),
            Ok(plan) => panic!("{} samples", plan.samples),
        };
        assert!(message.starts_with(key), "{message}");
    }
}

#[test]
fn listed_actions_come_as_whole_states() {
    let market = market();
    let text = |samples: &str| {
        format!(
            "[data]\nchannels = [\"close\"]\n[dataset]\nlookback = 5\nforward = 4\n{samples}\n\
             [sampling]\nactions = \"grid\"\nact_dollar = 100\nact_sl = {{ choice = [0.01, 0.02] }}\n\
             act_tp = 0.05\n[[split.part]]\nname = \"train\"\nfraction = 0.7\n\
             [[split.part]]\nname = \"test\"\nfraction = 0.3\n"
        )
    };
    let of =
        |samples: &str| Recipe::from_toml(&text(samples), "t").unwrap().resolve(&market).unwrap();
    // Hold, and two stops in each direction.
    let counts: Vec<u64> =
        plans(&of("samples = 1_000"), &market).iter().map(|plan| plan.samples).collect();
    assert_eq!(counts, [700, 300]);
    let counts: Vec<u64> =
        plans(&of("samples = 105"), &market).iter().map(|plan| plan.samples).collect();
    assert_eq!(counts, [70, 30], "parts have whole states");
    let all = plans(&of("samples = \"all\"\npositions = \"sequential\""), &market);
    for plan in &all {
        assert_eq!(plan.samples, 5 * plan.draws.positions.count());
        assert_eq!(plan.draws.sampler.actions_per_state(), 5);
    }
    for (samples, advice) in [("1_001", "write 1000 or 1005"), ("3", "write 5")] {
        let recipe = of(&format!("samples = {samples}"));
        let planner = Planner::new(&recipe, &market).unwrap();
        let error = planner.plans(&planner.parts()).unwrap_err();
        assert!(matches!(error, PlanError::PartialGroup { actions: 5, .. }));
        assert!(error.to_string().ends_with(advice), "{error}");
    }
}

const LABELS: &str = "
[[label]]
name = \"fwd\"
kind = \"return\"
horizon = [1, 8]
[[label]]
name = \"tb\"
kind = \"triple_barrier\"
horizon = 12
up = 1.0
down = 1.0
scale = 0.02
";

/// True if the labels of a row are known: the barrier label needs all of its 12 bars, and of the
/// returns the shortest is enough.
fn is_labelled(market: &Market, row: usize) -> bool {
    let segment = market.segments().iter().find(|one| one.start <= row && row < one.end);
    segment.is_some_and(|segment| segment.end - row >= 12)
}

/// The number of bars that the barrier label of a row depends on: those until its exit.
fn bars_of_barrier(plan: &Plan, row: usize) -> usize {
    label(plan, "tb_bars").number(row) as usize + 1
}

#[test]
fn samples_stand_where_their_labels_are_known() {
    let market = market();
    let recipe = recipe(&format!("[dataset]\nlookback = 5\n{LABELS}"), &market);
    let plan = &plans(&recipe, &market)[0];
    let expected: Vec<usize> = market
        .segments()
        .iter()
        .flat_map(|one| (one.start + 5..one.end).filter(|row| is_labelled(&market, *row)))
        .collect();
    assert_eq!(positions(plan), expected);
    assert_eq!(plan.samples, expected.len() as u64, "each labelled bar once");
    let names: Vec<&str> = plan.program.labels.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["fwd_1", "fwd_8", "tb", "tb_return", "tb_bars", "tb_ambiguous"]);
    // Decisions need no label.
    let decisions: Vec<usize> = plan.decisions.iter().cloned().flatten().collect();
    let all: Vec<usize> = market.segments().iter().flat_map(|one| one.start + 5..one.end).collect();
    assert_eq!(decisions, all);
}

#[test]
fn a_long_horizon_takes_no_sample_from_a_short_one() {
    let market = market();
    let short = recipe(
        "[dataset]\nlookback = 5\n[[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 1\n",
        &market,
    );
    let long = recipe(
        "[dataset]\nlookback = 5\n[[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = [1, 16, 64]\n",
        &market,
    );
    let [short, long] = [short, long].map(|recipe| plans(&recipe, &market).remove(0));
    assert_eq!(positions(&short), positions(&long));
    for row in positions(&short) {
        let [a, b] = [&short, &long].map(|plan| label(plan, "fwd_1").number(row).to_bits());
        assert_eq!(a, b);
    }
}

#[test]
fn need_names_the_labels_that_must_be_there() {
    let market = market();
    let needs = |need: &str| {
        let text = format!("[dataset]\nlookback = 5\nneed = {need}\n{LABELS}");
        plans(&recipe(&text, &market), &market).remove(0)
    };
    let fwd = needs("[\"fwd\"]");
    let last = market.segments()[0].end - 1;
    assert!(positions(&fwd).contains(&last) && label(&fwd, "tb").number(last).is_nan());
    assert_eq!(positions(&needs("\"all\"")), positions(&needs("[\"tb\", \"fwd\"]")));
}

#[test]
fn conditions_and_sessions_choose_decision_bars() {
    let market = market();
    let of = |more: &str| {
        let text = format!("[dataset]\nlookback = 5\n{more}\n{LABELS}");
        plans(&recipe(&text, &market), &market).remove(0)
    };
    let (all, events) = (of(""), of("where = \"x > 0\""));
    let x = market.column("x").unwrap();
    let expected: Vec<usize> = positions(&all).into_iter().filter(|row| x[row - 1] > 0.0).collect();
    assert_eq!(positions(&events), expected);
    assert!(events.decisions.iter().cloned().flatten().all(|row| x[row - 1] > 0.0));
    let hours = of("session = \"02:00-04:00 UTC\"");
    let in_hours = |row: &usize| (2..4).contains(&(market.ts()[*row] / (60 * MINUTE) % 24));
    let expected: Vec<usize> = positions(&all).into_iter().filter(in_hours).collect();
    assert!(!expected.is_empty());
    assert_eq!(positions(&hours), expected);
}

/// The time that a sample on a row depends on, from its open to the close of its last bar.
fn span(market: &Market, plan: &Plan, row: usize) -> Range<i64> {
    let series = market.series().iter().find(|one| one.start <= row && row < one.end).unwrap();
    let every = if series.symbol == "A" { 1 } else { 3 };
    let bars = bars_of_barrier(plan, row).max(8);
    market.ts()[row]..market.ts()[row + bars - 1] + every * MINUTE
}

#[test]
fn no_train_sample_shares_a_label_bar_with_a_test_sample() {
    let market = market();
    for split in [
        "kind = \"purged_kfold\"\nfolds = 4\nembargo = 7",
        "kind = \"cpcv\"\nfolds = 5\ntest_folds = 2",
        "kind = \"walk_forward\"\ntrain = 300\ntest = 90\nvalidation = 40\nembargo = \"5m\"",
    ] {
        let recipe =
            recipe(&format!("[dataset]\nlookback = 5\n[split]\n{split}\n{LABELS}"), &market);
        let plans = plans(&recipe, &market);
        let role = |plan: &Plan| plan.part.as_ref().and_then(Part::role).unwrap().clone();
        let mut pairs = 0;
        for train in plans.iter().filter(|plan| role(plan).role != Role::Test) {
            let of_train = role(train);
            assert!(train.samples > 0);
            let later = plans.iter().filter(|plan| {
                let other = role(plan);
                other.fold == of_train.fold && other.role > of_train.role
            });
            for test in later {
                let tested: Vec<Range<i64>> =
                    positions(test).into_iter().map(|row| span(&market, test, row)).collect();
                for row in positions(train) {
                    let life = span(&market, train, row);
                    let meets = |one: &Range<i64>| one.start < life.end && life.start < one.end;
                    assert!(!tested.iter().any(meets), "{split}: row {row}");
                    pairs += tested.len();
                }
            }
        }
        assert!(pairs > 10_000, "{split}: {pairs}");
    }
}

#[test]
fn each_bar_of_a_short_test_has_a_decision() {
    let market = market_of(&[series("A", 80, 1, 5)]);
    // The last test has 8 bars, fewer than any label has.
    let text = format!(
        "[dataset]\nlookback = 5\n[split]\nkind = \"walk_forward\"\ntrain = 40\ntest = 8\n{LABELS}"
    );
    let plans = plans(&recipe(&text, &market), &market);
    let last = plans.last().unwrap();
    assert_eq!(last.part.as_ref().unwrap().role().unwrap().role, Role::Test);
    assert_eq!((last.samples, positions(last).len()), (0, 0));
    assert_eq!(last.decisions.iter().map(Range::len).sum::<usize>(), 8);
}

#[test]
fn what_is_fitted_knows_nothing_of_tests() {
    let text = "[dataset]\nlookback = 5\n[scaling]\nclose = \"last_close\"\n[scaling.snapshot]\nx = { kind = \"robust\", fit = \"train\" }\n\
                [split]\nkind = \"purged_kfold\"\nfolds = 4\nembargo = 3\n\
                [[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 6\nclasses = { quantiles = 3, fit = \"train\" }\n";
    let market = market_of(&[series("A", 400, 1, 1)]);
    let recipe = recipe(text, &market);
    let plain = plans(&recipe, &market);
    for fold in 0..4 {
        let of_fold = |plans: &[Plan], role: Role| {
            let is_it = |plan: &&Plan| {
                let found = plan.part.as_ref().and_then(Part::role).unwrap();
                (found.fold, found.role) == (fold, role)
            };
            plans.iter().find(is_it).unwrap().clone()
        };
        let test = of_fold(&plain, Role::Test);
        // Every value of a test bar moves.
        let tested = test.part.as_ref().unwrap().role().unwrap().bars(&market);
        let moved = series("A", 400, 1, 1);
        let columns = moved.columns().iter().map(|column| {
            let mut values = column.values.to_vec();
            tested.iter().cloned().flatten().for_each(|row| values[row] *= 1.5);
            Column::new(&*column.name, values)
        });
        let moved = Series::new("A", moved.ts().to_vec(), columns.collect()).unwrap();
        let moved = plans_of(&recipe, &market_of(&[moved]));
        let [before, after] = [&plain, &moved].map(|plans| of_fold(plans, Role::Train));
        assert_eq!(before.program.fitted(), after.program.fitted(), "fold {fold}");
        assert_eq!(before.program.fitted().classes["fwd_6_class"].len(), 2);
        let rows = positions(&before);
        assert_eq!(rows, positions(&after));
        // About a third of the train samples in each class: labelled bars without a window count too.
        let classes = label(&before, "fwd_6_class");
        for class in [0.0, 1.0, 2.0] {
            let count = rows.iter().filter(|row| classes.number(**row) == class).count();
            assert!(count.abs_diff(rows.len() / 3) <= 8, "{count} of {}", rows.len());
        }
    }
    // Each fold has its own edges.
    let edges: Vec<_> = plain.iter().map(|plan| plan.program.fitted().classes).collect();
    assert_ne!(edges[0], edges[2]);
}

fn plans_of(recipe: &Recipe, market: &Market) -> Vec<Plan> {
    plans(recipe, market)
}

#[test]
fn weights_are_of_all_labelled_bars_of_a_role() {
    let market = market();
    let text = format!(
        "[dataset]\nlookback = 5\n[split]\nkind = \"purged_kfold\"\nfolds = 3\n\
         [weights]\nkind = [\"uniqueness\", \"column:w\"]\nof = \"tb\"\n{LABELS}"
    );
    let plans = plans(&recipe(&text, &market), &market);
    let w = market.column("w").unwrap();
    for plan in &plans {
        let rows = positions(plan);
        // Labels that live on each bar.
        let mut living = vec![0_u32; market.len()];
        let bars = |row: usize| row..row + bars_of_barrier(plan, row);
        rows.iter().for_each(|row| living[bars(*row)].iter_mut().for_each(|count| *count += 1));
        let Values::F32(weights) = label(plan, "weight") else { panic!("weights are f32") };
        for row in rows {
            let unique: f64 = living[bars(row)].iter().map(|c| 1.0 / f64::from(*c)).sum();
            let expected = unique / bars(row).len() as f64 * w[row];
            assert!((f64::from(weights[row]) - expected).abs() < 1e-6, "row {row}");
        }
    }
}

#[test]
fn wrong_weights_and_empty_folds_are_refused() {
    let market = market();
    let refused = |text: &str| {
        let recipe = recipe(text, &market);
        let planner = Planner::new(&recipe, &market);
        planner.and_then(|planner| planner.plans(&planner.parts())).unwrap_err()
    };
    let error =
        refused(&format!("[dataset]\nlookback = 5\n[weights]\nkind = \"column:x\"\n{LABELS}"));
    assert!(matches!(&error, PlanError::Weight { column, .. } if column == "x"), "{error}");
    let text =
        "[dataset]\nlookback = 5\n[split]\nkind = \"purged_kfold\"\nfolds = 2\nembargo = 900\n";
    let error = refused(&format!("{text}{LABELS}"));
    assert!(matches!(error, PlanError::EmptyRole { .. }), "{error}");
    assert!(error.to_string().contains("fold-0"), "{error}");
}

#[test]
fn across_symbols_a_label_lives_as_long_as_the_longest() {
    let market = market();
    let text = "[dataset]\nlookback = 5\n[split]\nkind = \"purged_kfold\"\nfolds = 3\n\
                [[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 4\nacross = \"rank\"\n";
    let plans = plans(&recipe(text, &market), &market);
    let train = positions(&plans[0]);
    let Some(role) = plans[1].part.as_ref().and_then(Part::role) else { panic!("a role") };
    // Symbol B has bars of three minutes, so ranks of A depend on 12 minutes.
    let tested: Vec<i64> = positions(&plans[1]).iter().map(|row| market.ts()[*row]).collect();
    let first = tested.iter().copied().min().unwrap();
    assert_eq!(role.fold, 0);
    for row in train {
        let open = market.ts()[row];
        assert!(
            open + 12 * MINUTE <= first || tested.iter().all(|test| *test + 12 * MINUTE <= open)
        );
    }
    assert!(
        positions(&plans[1]).iter().all(|row| !label(&plans[1], "fwd_4").number(*row).is_nan())
    );
}

#[test]
fn classes_have_a_missing_value() {
    let market = market();
    let text = "[dataset]\nlookback = 5\nneed = [\"next\"]\n\
                [[label]]\nname = \"next\"\nkind = \"return\"\nhorizon = 1\n[[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 4\nclasses = { edges = [0.0] }\n";
    let plan = plans(&recipe(text, &market), &market).remove(0);
    let Values::I8(classes) = label(&plan, "fwd_4_class") else { panic!("classes are int8") };
    let Values::F64(returns) = label(&plan, "fwd_4") else { panic!("returns are f64") };
    for row in positions(&plan) {
        let expected = match returns[row] {
            value if value.is_nan() => MISSING_CLASS,
            value => i8::from(value > 0.0),
        };
        assert_eq!(classes[row], expected);
    }
}
