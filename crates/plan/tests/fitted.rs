//! Scalers that are fitted: to which rows, and what is refused.

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_plan::Planner;
use barloom_recipe::Recipe;
use barloom_scaling::{FitKind, Fitted, FittedScalers, Per};

const MINUTE: i64 = 60_000_000_000;

/// Two symbols of so many bars, with a column x of these values, missing where they are NaN, and a
/// gap after the tenth bar.
fn market(symbols: &[(&str, Vec<f64>)]) -> Market {
    let series: Vec<Series> = symbols
        .iter()
        .map(|(symbol, x)| {
            let ts = (0..x.len()).map(|bar| bar as i64 * MINUTE + i64::from(bar > 9) * 60 * MINUTE);
            let prices = ["open", "high", "low", "close"];
            let mut columns: Vec<Column> =
                prices.iter().map(|name| Column::new(*name, vec![8.0; x.len()])).collect();
            columns.push(Column::new("x", x.clone()));
            Series::new(*symbol, ts.collect(), columns).unwrap()
        })
        .collect();
    Market::with_inputs(&series, &[], &["x".to_owned()], MaxGap::Limit(5 * MINUTE)).unwrap()
}

fn values(bars: usize, seed: usize) -> Vec<f64> {
    let value = |bar: usize| match (bar * 31 + seed) % 37 {
        5 => f64::NAN,
        other => other as f64 / 4.0 - 2.0,
    };
    (0..bars).map(value).collect()
}

fn recipe(scaler: &str) -> Recipe {
    let text = format!(
        "[data]\nchannels = [\"close\", \"x\"]\nsnapshot = [\"x\"]\n\
         [dataset]\nlookback = 3\nforward = 2\nsamples = 100\n[scaling]\nx = {scaler}\n\
         [[split.part]]\nname = \"train\"\nfraction = 0.6\n[[split.part]]\nname = \"test\"\nfraction = 0.4\n"
    );
    Recipe::from_toml(&text, "test.toml").unwrap()
}

fn fitted(scaler: &str, market: &Market) -> FittedScalers {
    let recipe = recipe(scaler).resolve(market).unwrap();
    let planner = Planner::new(&recipe, market).unwrap();
    let again = planner.program().fitted();
    assert_eq!(again.channels["x"], again.snapshot["x"]);
    // What was fitted serves, and nothing is fitted again.
    let other = self::market(&[("A", values(60, 9)), ("B", values(40, 3))]);
    let stored = Planner::with_scalers(&recipe, &other, [(0, &again)]).unwrap();
    assert_eq!(stored.program().fitted(), again);
    again
}

#[test]
fn parameters_are_of_the_train_rows_alone() {
    let (a, b) = (values(60, 0), values(40, 11));
    let plain = market(&[("A", a.clone()), ("B", b.clone())]);
    let parts = recipe("\"none\"").parts(&plain).unwrap();
    let train = |series: usize| parts[0].label_rows(&plain, series);
    assert!(train(0).end < 60 && train(1).end < 100);
    let change = |values: &[f64], start: usize, rows: std::ops::Range<usize>| -> Vec<f64> {
        let changed = |(bar, x): (usize, &f64)| match rows.contains(&(start + bar)) {
            true => *x,
            false => 1e6 - x,
        };
        values.iter().enumerate().map(changed).collect()
    };
    let other = market(&[("A", change(&a, 0, train(0))), ("B", change(&b, 60, train(1)))]);
    for kind in FitKind::ALL {
        for per in ["market", "symbol"] {
            let scaler = format!("{{ kind = {:?}, per = {per:?} }}", kind.name());
            let (one, two) = (fitted(&scaler, &plain), fitted(&scaler, &other));
            assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
            let all = scaler.replace(" }", ", fit = \"all\" }");
            assert_ne!(fitted(&all, &plain).channels, fitted(&all, &other).channels, "{all}");
            // The values in arena order, symbol by symbol where each has its own.
            let x = plain.column("x").unwrap();
            let of = |series: usize| -> Vec<f64> {
                x[train(series)].iter().copied().filter(|x| !x.is_nan()).collect()
            };
            let expected: Vec<Fitted> = match per {
                "market" => vec![Fitted::fit(kind, &[of(0), of(1)].concat()).unwrap()],
                _ => vec![Fitted::fit(kind, &of(0)).unwrap(), Fitted::fit(kind, &of(1)).unwrap()],
            };
            let scaler = &one.channels["x"];
            assert_eq!(scaler.parameters, expected);
            assert_eq!(scaler.per, if per == "market" { Per::Market } else { Per::Symbol });
            assert_eq!((scaler.fit.as_str(), scaler.clip), ("train", None));
        }
    }
}

#[test]
fn what_cannot_be_fitted_is_told() {
    let told = |scaler: &str, market: &Market| {
        Planner::new(&recipe(scaler), market).unwrap_err().to_string()
    };
    let constant = market(&[("A", values(60, 0)), ("B", vec![0.1; 40])]);
    let text = told("{ kind = \"standard\", per = \"symbol\" }", &constant);
    assert_eq!(
        text,
        "scaling.x: no standard scaler fits column x of symbol B in part train: its standard \
         deviation is 0; the column is constant there, or nearly: leave it out, or use another \
         kind or \"none\""
    );
    let empty = market(&[("A", vec![f64::NAN; 60]), ("B", vec![f64::NAN; 40])]);
    let text = told("{ kind = \"range\", fit = \"all\" }", &empty);
    assert!(
        text.starts_with("scaling.x: no range scaler fits column x: there is no value"),
        "{text}"
    );
    let missing = market(&[("A", values(60, 0))]);
    let mut recipe = recipe("{ kind = \"range\" }");
    recipe.data.snapshot = vec!["y".into()];
    recipe.scaling.snapshot.insert("y".into(), recipe.channel_scaler("x"));
    let text = Planner::new(&recipe, &missing).unwrap_err().to_string();
    assert_eq!(
        text,
        "data.snapshot: the bars have no column y; they have open, high, low, close, x"
    );
}

#[test]
fn stored_scalers_are_those_of_the_recipe() {
    let market = market(&[("A", values(60, 0)), ("B", values(40, 11))]);
    let known = fitted("{ kind = \"standard\", per = \"symbol\" }", &market);
    for other in ["{ kind = \"standard\" }", "{ kind = \"robust\", per = \"symbol\" }"] {
        let refused = Planner::with_scalers(&recipe(other), &market, [(0, &known)]).unwrap_err();
        assert!(refused.to_string().contains("scaling.x: the dataset has no fitted scaler"));
    }
    let mut damaged = known.clone();
    damaged.channels.get_mut("x").unwrap().parameters.pop();
    let text = recipe("{ kind = \"standard\", per = \"symbol\" }");
    assert!(Planner::with_scalers(&text, &market, [(0, &damaged)]).is_err());
    assert!(Planner::with_scalers(&text, &market, [(0, &FittedScalers::default())]).is_err());
}
