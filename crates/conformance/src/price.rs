//! The verb `price`: trades and rewards of actions that a caller chose.

use barloom_backend::{
    BackendError, Decisions, PreparedMarket, PricedBlock, SampleBlock, Session, Threads,
};
use barloom_sampling::Draw;

use crate::{Case, naive};

/// Decisions as columns.
#[derive(Default)]
struct Chosen {
    row: Vec<usize>,
    direction: Vec<i8>,
    dollars: Vec<f64>,
    stop: Vec<f64>,
    target: Vec<f64>,
    equity: Vec<f64>,
}

impl Chosen {
    /// A decision at every row that has a horizon, in an order of no meaning.
    fn everywhere(case: &Case) -> Self {
        let forward = case.plan.program.forward;
        let segments = case.market.segments().iter();
        let all: Vec<usize> =
            segments.flat_map(|one| one.start..(one.end + 1).saturating_sub(forward)).collect();
        let mut state = 5_u64;
        let mut below = |count: u64| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state >> 33) % count
        };
        const DISTANCES: [f64; 6] = [0.000_1, 0.004, 0.02, 0.25, 0.5, f64::INFINITY];
        let mut chosen = Self::default();
        for k in 0..all.len() {
            chosen.row.push(all[k * 7_919 % all.len()]);
            chosen.direction.push(below(5).min(2) as i8 - 1);
            chosen.dollars.push(below(1_000) as f64 * 37.5);
            // A reward in units of the stop needs one.
            chosen.stop.push(DISTANCES[below(5) as usize]);
            chosen.target.push(DISTANCES[below(6) as usize]);
            chosen.equity.push(1e4 + below(1_000) as f64);
        }
        chosen
    }

    /// The actions of samples, at their rows.
    fn of_samples(case: &Case, block: &SampleBlock) -> Self {
        let start = |row: usize| case.market.series()[block.symbol[row] as usize].start;
        Self {
            row: (0..block.rows()).map(|row| start(row) + block.bar[row] as usize).collect(),
            direction: block.act_dir.to_vec(),
            dollars: block.act_dollar.to_vec(),
            stop: block.act_sl.to_vec(),
            target: block.act_tp.to_vec(),
            equity: block.equity.to_vec(),
        }
    }

    fn columns(&self) -> Decisions<'_> {
        Decisions {
            row: &self.row,
            direction: &self.direction,
            dollars: &self.dollars,
            stop: &self.stop,
            target: &self.target,
            equity: &self.equity,
        }
    }
}

/// Holds a loaded market to the plain scalar version, and to the rewards of its samples.
pub(crate) fn check(
    prepared: &dyn PreparedMarket,
    session: &dyn Session,
    case: &Case,
) -> Result<(), String> {
    let text = |e: BackendError| format!("priced: {e}");
    let chosen = Chosen::everywhere(case);
    let decisions = chosen.columns();
    let mut block = prepared.allocate_priced(decisions.len()).map_err(text)?;
    let (mut first, rows) = (0, decisions.len());
    for (number, size) in [rows, 0, 1, 2, 7, 255, 256, 257].into_iter().enumerate() {
        let piece = match size == rows {
            true => decisions,
            false => decisions.rows(first.min(rows), rows.min(first + size)),
        };
        let threads = if number % 2 == 0 { Threads::All } else { Threads::Calling };
        prepared.price(piece, threads, &mut block).map_err(text)?;
        compare(&block, case, piece).map_err(|e| format!("priced: {e}"))?;
        first += if size == rows { 0 } else { size };
    }
    if case.plan.program.priced {
        check_samples(prepared, session, case)?;
    }
    check_refusals(prepared, case, decisions)
}

fn compare(block: &PricedBlock, case: &Case, decisions: Decisions<'_>) -> Result<(), String> {
    if block.rows() != decisions.len() {
        return Err(format!("{} rows, expected {}", block.rows(), decisions.len()));
    }
    for (i, at) in decisions.row.iter().enumerate() {
        let draw = Draw {
            rank: 0,
            equity: decisions.equity[i],
            balance: 0.0,
            position: 0,
            sl_dist: 0.0,
            tp_dist: 0.0,
            direction: decisions.direction[i],
            dollars: decisions.dollars[i],
            stop: decisions.stop[i],
            target: decisions.target[i],
        };
        let got = naive::Priced {
            entry_price: block.entry_price()[i],
            exit_price: block.exit_price()[i],
            pnl: block.pnl()[i],
            held_bars: block.held_bars()[i],
            exit_reason: block.exit_reason()[i],
            mfe: block.mfe()[i],
            mae: block.mae()[i],
        };
        let reward = |metric: usize| (block.rewards()[metric][i], block.clipped()[metric][i]);
        naive::is_priced(&case.market, &case.plan.program, *at, &draw, &got, &reward)
            .map_err(|e| format!("row {at}: {e}"))?;
    }
    Ok(())
}

/// The actions of samples, priced, are the samples' trades and rewards, bit for bit.
fn check_samples(
    prepared: &dyn PreparedMarket,
    session: &dyn Session,
    case: &Case,
) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let samples = usize::try_from(case.plan.samples).map_err(|e| e.to_string())?.min(600);
    let mut drawn = session.allocate(samples).map_err(text)?;
    session.fill(0, samples, &mut drawn).map_err(text)?;
    let chosen = Chosen::of_samples(case, &drawn);
    let mut priced = prepared.allocate_priced(samples).map_err(text)?;
    prepared.price(chosen.columns(), Threads::All, &mut priced).map_err(text)?;
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let doubles = [
        ("entry_price", priced.entry_price(), &drawn.entry_price[..]),
        ("exit_price", priced.exit_price(), &drawn.exit_price[..]),
        ("pnl", priced.pnl(), &drawn.pnl[..]),
        ("mfe", priced.mfe(), &drawn.mfe[..]),
        ("mae", priced.mae(), &drawn.mae[..]),
    ];
    let rewards = priced.rewards().iter().zip(&drawn.rewards);
    let rewards = rewards.map(|(priced, drawn)| ("reward", &priced[..], &drawn[..]));
    for (name, priced, drawn) in doubles.into_iter().chain(rewards) {
        if bits(priced) != bits(drawn) {
            return Err(format!("{name} of samples' actions is not that of the samples"));
        }
    }
    let mut clipped = priced.clipped().iter().zip(&drawn.clipped);
    let same = clipped.all(|(priced, drawn)| priced[..] == drawn[..])
        && priced.held_bars() == &drawn.held_bars[..]
        && priced.exit_reason() == &drawn.exit_reason[..];
    if !same {
        return Err("held_bars, exit_reason or clipped is not that of the samples".into());
    }
    Ok(())
}

/// Decisions without a horizon, and columns that are none.
fn check_refusals(
    prepared: &dyn PreparedMarket,
    case: &Case,
    decisions: Decisions<'_>,
) -> Result<(), String> {
    let forward = case.plan.program.forward;
    let mut block = prepared.allocate_priced(2).map_err(|e| e.to_string())?;
    let two = decisions.rows(0, 2);
    // One bar after a segment may be the first of another.
    let segments = case.market.segments().iter().filter(|_| forward > 1);
    let late = segments.map(|one| (one.end + 1).saturating_sub(forward));
    for row in late.chain([case.market.len(), usize::MAX]) {
        let rows = [two.row[0], row];
        match prepared.price(Decisions { row: &rows, ..two }, Threads::Calling, &mut block) {
            Ok(()) => return Err(format!("it priced row {row}, which has no horizon")),
            Err(error) if error.to_string().contains(&format!("from row {row} on")) => {}
            Err(error) => {
                return Err(format!("the refusal of row {row} does not name it: {error}"));
            }
        }
    }
    let wrong = [
        Decisions { direction: &[1, 2], ..two },
        Decisions { dollars: &[1.0, f64::NAN], ..two },
        Decisions { stop: &[1.0], ..two },
        decisions,
    ];
    for (number, wrong) in wrong.into_iter().enumerate() {
        if prepared.price(wrong, Threads::All, &mut block).is_ok() {
            return Err(format!("it priced decisions that are none, number {number}"));
        }
    }
    Ok(())
}
