//! Draws against `golden/draws.csv`, which `golden/draws.py` makes without this crate.

use std::process::Command;

use barloom_sampling::{
    ActionSource, Directions, Draw, PositionOrder, Real, Sampler, SamplingSettings,
};

const GOLDEN: &str = include_str!("golden/draws.csv");

/// The settings that draws.py calls "odd": constants, choices with weights, empty ranges.
fn odd() -> SamplingSettings {
    SamplingSettings {
        actions: ActionSource::Random,
        equity: Real::Choice(vec![1e4, 1e4, 2.5e4, 1e6]),
        balance_offset: Real::Constant(-123.25),
        position: Directions(vec![1]),
        sl_dist: Real::Constant(0.02),
        tp_dist: Real::Choice(vec![0.01, 0.03, 0.07]),
        act_dir: Directions(vec![1, 1, -1]),
        act_dollar: Real::Range { lo: 100.0, hi: 100.0 },
        act_sl: Real::Choice(vec![0.005]),
        act_tp: Real::Range { lo: 1e-9, hi: 3.0 },
    }
}

/// A draw as text that differs when a bit does.
fn text(d: &Draw) -> Vec<String> {
    let real = |x: f64| format!("{:016x}", x.to_bits());
    vec![
        d.rank.to_string(),
        real(d.equity),
        real(d.balance),
        d.position.to_string(),
        real(d.sl_dist),
        real(d.tp_dist),
        d.direction.to_string(),
        real(d.dollars),
        real(d.stop),
        real(d.target),
    ]
}

#[test]
fn every_field_is_that_of_the_independent_script() {
    let mut lines = GOLDEN.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut seen = 0;
    for line in lines {
        let cell: Vec<&str> = line.split(',').collect();
        let settings = match cell[0] {
            "default" => SamplingSettings::default(),
            "odd" => odd(),
            other => panic!("no settings {other}"),
        };
        let seed = cell[1].parse().unwrap();
        let part = (cell[2] != "none").then(|| cell[2].parse().unwrap());
        let order = match cell[4] {
            "random" => PositionOrder::Random,
            "sequential" => PositionOrder::Sequential,
            other => panic!("no order {other}"),
        };
        let (k, positions) = (cell[3].parse().unwrap(), cell[5].parse().unwrap());
        let sampler = Sampler::new(&settings, seed, part, k, order, positions).unwrap();
        let got = text(&sampler.draw(cell[6].parse().unwrap()));
        for (field, got) in got.iter().enumerate() {
            let (name, cell) = (header[7 + field], cell[7 + field]);
            let want = match name {
                "rank" | "position" | "act_dir" => cell.to_owned(),
                _ => format!("{:016x}", cell.parse::<f64>().unwrap().to_bits()),
            };
            assert_eq!(*got, want, "{name} of {line}");
        }
        seen += 1;
    }
    assert_eq!(seen, 3 * 3 * 2 * 45 + 3 * 9 * 2);
}

#[test]
#[ignore = "needs python3: run with --ignored, as .ci/run does"]
fn the_script_still_gives_the_golden() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/draws.py");
    let output = Command::new("python3").arg(script).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.lines().eq(GOLDEN.lines()), "draws.py no longer gives draws.csv");
}
