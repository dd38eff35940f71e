//! The verb `sample`: samples by their numbers, however they are asked for.

use barloom_backend::{BackendError, Numbers, SampleBlock, Session, Threads, WindowLayout};
use barloom_sampling::MAX_SAMPLES;

use crate::{Case, naive};

/// Holds a session to the plain scalar version.
pub(crate) fn check(session: &dyn Session, case: &Case) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let samples = usize::try_from(case.plan.samples).map_err(|e| e.to_string())?;
    let mut whole = session.allocate(samples).map_err(text)?;
    session.fill(0, samples, &mut whole).map_err(text)?;
    naive::compare(&case.market, &case.plan, &whole)?;

    // Pieces of odd sizes, in a block that held other samples before.
    let mut piece = session.allocate(samples).map_err(text)?;
    session.fill(0, samples, &mut piece).map_err(text)?;
    let mut first = 0;
    for size in [0, 1, 2, 7, 255, 256, 257, samples] {
        let rows = size.min(samples - first);
        if size % 2 == 0 {
            session.fill(first as u64, rows, &mut piece).map_err(text)?;
        } else {
            session.fill_alone(first as u64, rows, &mut piece).map_err(text)?;
        }
        for row in 0..rows {
            piece.same_row(row, &whole, first + row).map_err(|e| format!("in pieces: {e}"))?;
        }
        first += rows;
    }
    if session.fill(MAX_SAMPLES, 1, &mut piece).is_ok() {
        return Err("it made a sample past the last one".into());
    }
    session.fill(MAX_SAMPLES - 1, 1, &mut piece).map_err(text)?;
    naive::compare(&case.market, &case.plan, &piece)?;
    check_lists(session, &whole)
}

/// Samples by their numbers, in any order, with windows in every layout, alone and shared.
fn check_lists(session: &dyn Session, whole: &SampleBlock) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let (program, samples) = (session.program(), whole.rows() as u64);
    let actions = session.actions_per_state();
    let layouts =
        [WindowLayout::PerChannel, WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast];
    for layout in layouts {
        for rows_per_window in [1, actions as usize] {
            let shape = program.block_shape().layout(layout).rows_per_window(rows_per_window);
            let named = |e: String| format!("{layout:?}, {rows_per_window} rows a window: {e}");
            let group = rows_per_window as u64;
            let most = samples as usize + rows_per_window;
            let mut block = session.allocate_shaped(shape, most).map_err(text)?;
            for groups in [0, 1, 3, 64, 65, samples / group] {
                // Whole groups from all over, some of them several times.
                let first = |j: u64| j * 7_919 % (samples / group) * group;
                let list: Vec<u64> = (0..groups).flat_map(|j| first(j)..first(j) + group).collect();
                let mut numbers = vec![Numbers::Listed(&list)];
                numbers.push(Numbers::Range { first: group, rows: list.len() / 2 });
                for (numbers, threads) in numbers
                    .into_iter()
                    .flat_map(|numbers| [(numbers, Threads::All), (numbers, Threads::Calling)])
                {
                    if numbers.is_empty() && groups > 0 {
                        continue;
                    }
                    session.sample(numbers, threads, &mut block).map_err(text).map_err(named)?;
                    if block.samples() != numbers {
                        return Err(named(format!("{:?}, not {numbers:?}", block.samples())));
                    }
                    for row in 0..numbers.len() {
                        let at = numbers.get(row) as usize;
                        block.same_row(row, whole, at).map_err(named)?;
                    }
                }
            }
            let past = [0, MAX_SAMPLES];
            if session.gather(&past, &mut block).is_ok() {
                return Err(named("it gathered a sample past the last one".into()));
            }
            if rows_per_window > 1 && session.gather(&[0, group], &mut block).is_ok() {
                return Err(named("two states share a window".into()));
            }
        }
    }
    Ok(())
}
