//! `frel-v1` against `golden/frel.json`, which `golden/frel.py` makes from the formulas written
//! out plainly, over closes of the SPY fixture.

use barloom_rewards::{Action, Metric, Pricer, Prices, RewardSettings};
use serde_json::Value;

const METRICS: [Metric; 4] = [Metric::Car, Metric::Sharpe, Metric::Sortino, Metric::Calmar];

fn close_to(got: f64, want: f64) -> bool {
    (got - want).abs() <= 1e-9 * want.abs()
}

#[test]
fn frel_v1_is_the_formulas_written_out() {
    let golden: Value = serde_json::from_str(include_str!("golden/frel.json")).unwrap();
    let mut seen = 0;
    for case in golden["cases"].as_array().unwrap() {
        let number = |key: &str| case[key].as_f64().unwrap();
        let slice = &golden["slices"][number("slice") as usize]["close"];
        let close: Vec<f64> =
            slice.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        // frel-v1 reads closes alone.
        let prices = Prices::new(&close[..], &close[..], &close[..], &close[..]);

        let mut settings = RewardSettings::frel_v1(number("forward") as usize);
        settings.metrics = METRICS.to_vec();
        let pricer = Pricer::of(prices, settings).unwrap();
        let action = Action {
            direction: case["direction"].as_i64().unwrap() as i8,
            dollars: number("dollars"),
            stop: 0.01,
            target: 0.01,
        };
        let row = number("offset") as usize;
        let trade = pricer.trade(row, &action);
        let u = number("u");
        assert!(close_to(trade.unit_return, u), "u: {:e} for {case}", trade.unit_return);
        for metric in METRICS {
            let reward = pricer.reward(row, &action, 25_000.0, &trade, metric);
            let want = number(metric.name());
            assert!(
                close_to(reward.value, want),
                "{}: {:e} for {case}",
                metric.name(),
                reward.value
            );
            assert!(!reward.clipped, "frel-v1 clips nothing");
        }
        seen += 1;
    }
    assert_eq!(seen, 9 * 21);
}
