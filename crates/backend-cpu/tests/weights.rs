//! Samples are shared out among symbols as their weights say.

use std::sync::Arc;

use barloom_backend::SampleBlock;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_plan::Plan;
use barloom_recipe::Recipe;

const SAMPLES: usize = 200_000;

/// Minute bars of symbols A, B, ... of so many each.
fn market(lengths: &[usize]) -> Arc<Market> {
    let series = lengths.iter().zip("ABCDEFGH".chars()).map(|(bars, symbol)| {
        let ts = (0..*bars as i64).map(|bar| bar * 60_000_000_000).collect();
        let price = |by: f64| (0..*bars).map(|bar| by + (bar % 7) as f64).collect::<Vec<_>>();
        let columns = [("open", 10.0), ("high", 11.0), ("low", 9.0), ("close", 10.5)]
            .map(|(name, by)| Column::new(name, price(by)));
        Series::new(symbol.to_string(), ts, columns.to_vec()).unwrap()
    });
    let series: Vec<Series> = series.collect();
    Arc::new(Market::new(&series, &["close".into()], MaxGap::None).unwrap())
}

fn plan(market: &Market, dataset: &str) -> Plan {
    let text = format!(
        "data = {{ channels = [\"close\"] }}\n[dataset]\nsamples = {SAMPLES}\nlookback = 3\n\
         forward = 2\n{dataset}"
    );
    let recipe = Recipe::from_toml(&text, "test").unwrap().resolve(market).unwrap();
    Plan::new(&recipe, market, None).unwrap()
}

fn samples(market: &Arc<Market>, plan: &Plan) -> SampleBlock {
    let session = plan.session(&CpuBackend::default(), Arc::clone(market)).unwrap();
    let mut block = session.allocate(SAMPLES).expect("memory");
    session.fill(0, SAMPLES, &mut block).unwrap();
    block
}

/// So many of all samples, each by itself with this chance: within five standard deviations.
fn near(count: usize, chance: f64, what: &str) {
    let (n, count) = (SAMPLES as f64, count as f64);
    let sigma = (n * chance * (1.0 - chance)).sqrt();
    assert!((count - n * chance).abs() <= 5.0 * sigma, "{what}: {count} of {n} for {chance}");
}

#[test]
fn symbols_have_the_shares_of_their_weights() {
    let lengths = [5_000, 40, 700, 12, 90];
    let market = market(&lengths);
    let positions = lengths.map(|bars| (bars - 4) as f64);
    let all: f64 = positions.iter().sum();
    for (weights, shares) in [
        ("\"length\"", positions.map(|p| p / all)),
        ("\"equal\"", [0.2; 5]),
        ("{ A = 1.0, B = 4.0, C = 2.5, D = 0.5, E = 2.0 }", [0.1, 0.4, 0.25, 0.05, 0.2]),
        ("{ B = 0, D = 2, \"*\" = 1 }", [0.2, 0.0, 0.2, 0.4, 0.2]),
    ] {
        let block = samples(&market, &plan(&market, &format!("symbol_weights = {weights}")));
        let mut counts = [[0; 2]; 5];
        for (symbol, bar) in block.symbol.iter().zip(&*block.bar) {
            let symbol = *symbol as usize;
            let bars = lengths[symbol];
            assert!((3..=bars as i64 - 2).contains(bar));
            // Every second position.
            counts[symbol][usize::from(bar % 2 == 0)] += 1;
        }
        for (symbol, share) in shares.into_iter().enumerate() {
            let [odd, even] = counts[symbol];
            near(odd + even, share, &format!("{weights}, symbol {symbol}"));
            // Bars 3 to length - 2, of which as many are odd as even.
            near(odd, share / 2.0, &format!("{weights}, odd bars of symbol {symbol}"));
        }
    }
}

/// Equal weights of symbols of equal length give each position the same chance, and so the same
/// samples as without weights.
#[test]
fn equal_weights_of_equal_lengths_are_lengths() {
    let market = market(&[300; 5]);
    let [length, equal] = ["\"length\"", "\"equal\""].map(|weights| {
        let plan = plan(&market, &format!("symbol_weights = {weights}"));
        assert_eq!(plan.draws.positions.ranks(), plan.draws.positions.count());
        samples(&market, &plan)
    });
    length.same_bits(&equal).unwrap();
    let mut counts = vec![0; 5 * 300];
    for (symbol, bar) in equal.symbol.iter().zip(&*equal.bar) {
        counts[*symbol as usize * 300 + usize::try_from(*bar).unwrap()] += 1;
    }
    for (at, count) in counts.into_iter().enumerate() {
        let placed = (3..=298).contains(&(at % 300));
        near(count, if placed { 1.0 / (5.0 * 296.0) } else { 0.0 }, &format!("position {at}"));
    }
}

#[test]
fn actions_of_a_state_stand_where_it_does() {
    let market = market(&[500, 60]);
    let plan = plan(&market, "actions_per_state = 4\nsymbol_weights = \"equal\"");
    let block = samples(&market, &plan);
    for four in block.symbol.chunks_exact(4).zip(block.bar.chunks_exact(4)) {
        assert!(four.0.iter().all(|symbol| *symbol == four.0[0]));
        assert!(four.1.iter().all(|bar| *bar == four.1[0]));
    }
}

#[test]
fn what_does_not_fit_the_market_is_told() {
    let market = market(&[300, 200, 4]);
    let of = |dataset: &str| {
        let text =
            format!("data = {{ channels = [\"close\"] }}\n[dataset]\nlookback = 3\n{dataset}");
        let recipe = Recipe::from_toml(&text, "test").unwrap().resolve(&market).unwrap();
        Plan::new(&recipe, &market, None)
    };
    let error = |weights: &str| of(&format!("symbol_weights = {weights}")).unwrap_err().to_string();
    assert_eq!(
        error("{ A = 1, xyz = 1, \"*\" = 1 }"),
        "dataset.symbol_weights.xyz: the bars have no such symbol"
    );
    assert_eq!(
        error("{ a = 1, \"*\" = 1 }"),
        "dataset.symbol_weights.a: the bars have no such symbol; did you mean A?"
    );
    assert_eq!(
        error("{ B = 1 }"),
        "dataset.symbol_weights: symbol A and 1 more have no weight; add it, or \"*\" = 1.0 for \
         all other symbols"
    );
    assert_eq!(
        error("{ A = 1, C = 1 }"),
        "dataset.symbol_weights: symbol B has no weight; add it, or \"*\" = 1.0 for all other \
         symbols"
    );
    assert!(error("{ A = 1, B = 1e-12, C = 1 }").contains("symbol B would get"));
    assert!(error("{ \"*\" = 0, C = 1 }").starts_with("no position: "), "C is too short");
    // It has a weight and no position: a warning.
    let equal = of("samples = 900\nforward = 2\nsymbol_weights = \"equal\"").unwrap();
    assert_eq!(equal.unplaced, ["C"]);
    assert_eq!(
        equal.warnings(),
        [
            "dataset.symbol_weights: symbol C has a weight and no position for lookback 3 and forward \
          2, so it gets no sample"
        ]
    );
    assert!(of("samples = 900\nforward = 2").unwrap().warnings().is_empty());
    assert!(
        of("samples = 900\nforward = 2\nsymbol_weights = { C = 0, \"*\" = 1 }")
            .unwrap()
            .warnings()
            .is_empty()
    );
}

/// The suite has weights with several ranks and with very many.
#[test]
fn the_suite_has_weights() {
    let cases = barloom_conformance::cases().unwrap();
    let ranks = |case: &barloom_conformance::Case| case.plan.draws.positions.ranks();
    let weighted: Vec<&barloom_conformance::Case> =
        cases.iter().filter(|case| ranks(case) != case.plan.draws.positions.count()).collect();
    let few = weighted.iter().find(|case| case.name.starts_with("two short series")).unwrap();
    assert_eq!((ranks(few), few.plan.draws.positions.count()), (128, 64));
    let parts = weighted.iter().filter(|case| case.plan.part.is_some());
    assert_eq!(parts.filter(|case| case.plan.draws.sampler.actions_per_state() == 3).count(), 2);
    assert!(weighted.iter().any(|case| ranks(case) > 1 << 60));
}
