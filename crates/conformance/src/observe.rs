//! The verb `observe`: windows before rows that a caller chose.

use barloom_backend::{BackendError, PreparedMarket, Threads, WindowBlock, WindowLayout};

use crate::{Case, naive};

/// Holds a loaded market to the plain scalar version, at every row that has a window.
pub(crate) fn check(prepared: &dyn PreparedMarket, case: &Case) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let (market, program) = (&*case.market, &*case.plan.program);
    let lookback = program.lookback;
    // The end of a segment has a window too, though no bar.
    let all = market.segments().iter().flat_map(|one| one.start + lookback..=one.end);
    let (all, without): (Vec<usize>, Vec<usize>) =
        all.partition(|row| naive::inputs_are_there(market, program, *row));
    let rows: Vec<usize> = (0..all.len()).map(|k| all[k * 7_919 % all.len()]).collect();
    let expected: Vec<Vec<Vec<f32>>> =
        rows.iter().map(|row| naive::windows(market, program, *row)).collect();
    let layouts =
        [WindowLayout::PerChannel, WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast];
    for (number, layout) in layouts.into_iter().enumerate() {
        let named = |what: String| format!("observed, {layout:?}: {what}");
        let mut block = prepared.allocate_windows(layout, rows.len()).map_err(text)?;
        prepared.observe(&rows, Threads::All, &mut block).map_err(text).map_err(named)?;
        compare(&block, &rows, &expected).map_err(named)?;
        snapshots(&block, &rows, case).map_err(named)?;
        let mut first = 0;
        for (piece, size) in [0, 1, 2, 7, 255, 256, 257].into_iter().enumerate() {
            let end = rows.len().min(first + size);
            let threads = if (piece + number) % 2 == 0 { Threads::All } else { Threads::Calling };
            let chosen = &rows[first..end];
            prepared.observe(chosen, threads, &mut block).map_err(text).map_err(named)?;
            compare(&block, chosen, &expected[first..end]).map_err(named)?;
            snapshots(&block, chosen, case).map_err(named)?;
            first = end;
        }
        if prepared.observe(&[&rows[..], &rows[..1]].concat(), Threads::All, &mut block).is_ok() {
            return Err(named("a block holds more windows than it has room for".into()));
        }
    }
    check_refusals(prepared, case, rows[0], &without)
}

fn snapshots(block: &WindowBlock, rows: &[usize], case: &Case) -> Result<(), String> {
    let program = &*case.plan.program;
    let columns = program.snapshot.len();
    if block.snapshot().len() != rows.len() * columns {
        return Err(format!("{} values of snapshots", block.snapshot().len()));
    }
    rows.iter().enumerate().try_for_each(|(place, row)| {
        let got = &block.snapshot()[place * columns..(place + 1) * columns];
        naive::is_snapshot(&case.market, program, *row, got).map_err(|e| format!("row {row}: {e}"))
    })
}

fn compare(block: &WindowBlock, rows: &[usize], expected: &[Vec<Vec<f32>>]) -> Result<(), String> {
    if block.rows() != rows.len() {
        return Err(format!("{} windows, expected {}", block.rows(), rows.len()));
    }
    for (place, (row, channels)) in rows.iter().zip(expected).enumerate() {
        for (channel, window) in channels.iter().enumerate() {
            for (k, expected) in window.iter().enumerate() {
                let got = block.value(channel, place, k);
                if got.to_bits() != expected.to_bits() {
                    return Err(format!(
                        "row {row}, channel {channel}, bar {k}: {got:?}, expected {expected:?}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Rows whose window would begin before a segment, cross its end or lie outside the market, and
/// those `without` an input.
fn check_refusals(
    prepared: &dyn PreparedMarket,
    case: &Case,
    right: usize,
    without: &[usize],
) -> Result<(), String> {
    let lookback = case.plan.program.lookback;
    let layout = WindowLayout::PerChannel;
    let mut block = prepared.allocate_windows(layout, 2).map_err(|e| e.to_string())?;
    let segments = case.market.segments();
    // One bar before a segment may be the last of another.
    let early = segments.iter().filter(|_| lookback > 1).map(|one| one.start + lookback - 1);
    for row in early.chain([0, case.market.len() + 1, usize::MAX]) {
        match prepared.observe(&[right, row], Threads::Calling, &mut block) {
            Ok(()) => return Err(format!("it observed row {row}, whose bars are in no segment")),
            Err(error) if error.to_string().contains(&format!("before row {row} ")) => {}
            Err(error) => {
                return Err(format!("the refusal of row {row} does not name it: {error}"));
            }
        }
    }
    for row in without {
        match prepared.observe(&[right, *row], Threads::Calling, &mut block) {
            Err(BackendError::MissingInput { at: 1, .. }) => {}
            other => return Err(format!("row {row} lacks an input: {other:?}")),
        }
    }
    Ok(())
}
