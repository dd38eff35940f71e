//! Statistics are those of empyrical and scipy, on eight series: `goldens/returns.py` computed
//! them.

use std::collections::BTreeMap;

use barloom_backtest::Statistics;

/// A series, and what the libraries say of it.
#[derive(serde::Deserialize)]
struct Golden {
    a_year: f64,
    returns: Vec<f64>,
    statistics: BTreeMap<String, Option<f64>>,
}

#[test]
fn statistics_are_those_of_empyrical_and_scipy() {
    let text = include_str!("goldens/returns.json");
    let goldens: BTreeMap<String, Golden> = serde_json::from_str(text).expect("the goldens");
    assert_eq!(goldens.len(), 8);
    for (name, Golden { a_year, returns, statistics }) in &goldens {
        let got = Statistics::of_returns(returns, *a_year);
        let ours = [
            ("total_return", Some(got.total_return)),
            ("cagr", got.cagr),
            ("volatility", got.volatility),
            ("sharpe", got.sharpe),
            ("sortino", got.sortino),
            ("omega", got.omega),
            ("max_drawdown", Some(got.max_drawdown)),
            ("calmar", got.calmar),
            ("var", got.var),
            ("cvar", got.cvar),
            ("tail", got.tail),
            ("skew", got.skew),
            ("kurtosis", got.kurtosis),
        ];
        assert_eq!(ours.len(), statistics.len());
        for (key, ours) in ours {
            let is_same = match (ours, statistics[key]) {
                (Some(ours), Some(theirs)) => {
                    (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-12)
                }
                (ours, theirs) => ours == theirs,
            };
            assert!(is_same, "{name}: {key}: {ours:?}, expected {:?}", statistics[key]);
        }
    }
}

#[test]
fn a_curve_has_the_statistics_of_its_returns() {
    let (cash, equity) = (100.0, [110.0, 99.0, 0.0, 0.0]);
    let got = Statistics::of(cash, &equity, 252.0);
    let returns = [0.1, -0.1, -1.0, 0.0];
    let expected = Statistics::of_returns(&returns, 252.0);
    assert_eq!((got.periods, got.drawdown_bars), (4, 3));
    assert_eq!((got.total_return, got.max_drawdown), (-1.0, -1.0));
    assert!((got.volatility.unwrap() - expected.volatility.unwrap()).abs() < 1e-12);
    let none = Statistics::of(cash, &[], 252.0);
    assert_eq!((none.periods, none.sharpe, none.cagr), (0, None, None));
}

/// The example of Bailey and Lopez de Prado, "The Sharpe ratio efficient frontier" (2012): the
/// probability rises with n and with positive skewness, falls with fat tails.
#[test]
fn psr_is_the_normal_distribution_of_the_scaled_ratio() {
    let series =
        |n: usize| -> Vec<f64> { (0..n).map(|i| if i % 3 == 0 { 0.02 } else { -0.005 }).collect() };
    let of = |n: usize| Statistics::of_returns(&series(n), 252.0).psr.unwrap();
    assert!(of(30) < of(300) && of(300) < of(3_000) && of(30) > 0.5);
    // Two values, a third of them 0.02: mean 1/300, skewness 1/sqrt(2), kurtosis 1.5.
    let n = 3_000_f64;
    let deviation = libm::sqrt(2.0 / 9.0 * 0.025 * 0.025 * n / (n - 1.0));
    let ratio = (0.01 / 3.0) / deviation;
    let skew = std::f64::consts::FRAC_1_SQRT_2;
    let scaled = ratio * libm::sqrt(n - 1.0)
        / libm::sqrt(1.0 - skew * ratio + (1.5 - 1.0) / 4.0 * ratio * ratio);
    let expected = 0.5 * libm::erfc(-scaled / std::f64::consts::SQRT_2);
    assert!((of(3_000) - expected).abs() < 1e-9);
}
