//! The CPU backend passes the suite that every backend passes.

use std::sync::Arc;

use barloom_backend_cpu::{CpuBackend, Instructions};

#[test]
fn cpu_conforms_with_every_instruction_set() {
    assert_eq!(Instructions::available().last(), Some(&Instructions::PORTABLE));
    for instructions in Instructions::available() {
        let backend = CpuBackend::default().instructions(instructions);
        for (stores, backend) in [("", backend), (", streamed", backend.stream_from(0))] {
            if let Err(difference) = barloom_conformance::check(&backend) {
                panic!("{}{stores}: {difference}", instructions.name());
            }
        }
    }
}

/// Changing any bar at or after t changes no bit of the window of t.
#[test]
fn windows_are_causal() {
    for case in barloom_conformance::cases().expect("the suite is right") {
        let session = case.session(&CpuBackend::default()).expect("a session");
        let draws = &case.plan.draws;
        let rows = case.plan.samples.min(40) as usize;
        let mut before = session.allocate(rows).expect("memory");
        session.fill(0, rows, &mut before).expect("samples");
        for row in 0..rows {
            let position = draws.positions.locate(draws.sampler.draw(row as u64).rank);
            let changed = Arc::new(barloom_conformance::change_from(&case.market, position.row));
            let session = case.plan.session(&CpuBackend::default(), changed).expect("a session");
            let mut after = session.allocate(1).expect("memory");
            session.fill(row as u64, 1, &mut after).expect("a sample");
            for channel in 0..case.plan.program.channels.len() {
                let bits = |w: &[f32]| w.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(
                    bits(before.window(channel, row)),
                    bits(after.window(channel, 0)),
                    "{}: sample {row}, channel {channel}",
                    case.name
                );
            }
        }
    }
}

/// Labels of a part before never reach into the next, lookbacks only with `history`.
#[test]
fn parts_do_not_overlap() {
    let mut parts = 0;
    for case in barloom_conformance::cases().expect("the suite is right") {
        let plan = &case.plan;
        let Some(part) = &plan.part else { continue };
        parts += 1;
        let ts = case.market.ts();
        for rank in 0..plan.draws.positions.count() {
            let row = plan.draws.positions.locate(rank).row;
            assert!(ts[row] >= part.start_ns && ts[row + plan.program.forward - 1] < part.end_ns);
        }
    }
    assert!(parts >= 4, "the suite has splits");
}
