//! All parts of a split over one market: what is prepared once, and what each part adds.

use std::sync::Arc;

use anyhow::{Result, ensure};
use barloom_backend::{Backend, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_plan::Planner;
use barloom_splits::{LookbackFrom, PartEnd, PartSpec, Split};

use super::Options;
use crate::clock::{repeat, time};
use crate::job::{Ready, bytes_per_row};
use crate::measurement::{Measurement, peak_rss_bytes};

/// Samples of a part that are made at once.
const BLOCK_ROWS: usize = 4_096;

/// Seconds to prepare are those of plans, the loaded market and a sample of each part, which is
/// when tables are computed. Then a block of each part is filled in turn.
pub(super) fn run(options: &Options) -> Result<Measurement> {
    let Ready { mut recipe, market } = options.job.ready("parquet")?;
    let count = options.parts.max(1);
    recipe.split = Some(split(count).into());
    let recipe = recipe.resolve(&market)?;
    let before = peak_rss_bytes();
    let (prepare_s, sessions) = time(|| {
        let parts: Vec<_> = recipe.parts(&market)?.into_iter().map(Some).collect();
        let planner = Planner::new(&recipe, &market)?;
        let program = Arc::clone(planner.program());
        let prepared = CpuBackend::default().load(Arc::clone(&market), program)?;
        let mut sessions: Vec<Arc<dyn Session>> = Vec::new();
        for plan in planner.plans(&parts)? {
            let session = Arc::clone(&prepared).session(plan.draws)?;
            session.fill(0, 1, &mut session.allocate(1)?)?;
            sessions.push(session);
        }
        Ok(sessions)
    })?;
    ensure!(sessions.len() == count, "{} parts", sessions.len());
    let prepared = peak_rss_bytes();
    let mut block = sessions[0].allocate(BLOCK_ROWS)?;
    let mut pass =
        || Ok(sessions.iter().try_for_each(|session| session.fill(0, BLOCK_ROWS, &mut block))?);
    let (cold_s, ()) = time(&mut pass)?;
    let warm_s = repeat(options.job.repetitions, &mut pass)?;
    let samples = (count * BLOCK_ROWS) as u64;
    let told = [
        ("parts", count.into()),
        ("bars", market.len().into()),
        ("peak_before_bytes", before.into()),
        ("peak_prepared_bytes", prepared.into()),
    ];
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s,
        samples,
        bytes: samples * bytes_per_row(sessions[0].program().block_shape()),
        extra: told.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Measurement::default()
    })
}

/// So many parts, each as long as any other.
fn split(count: usize) -> Split {
    let part = |number: usize| PartSpec {
        name: format!("p{number:02}"),
        end: PartEnd::Fraction(1.0 / count as f64),
    };
    Split { embargo: 0, lookback_from: LookbackFrom::Part, parts: (0..count).map(part).collect() }
}
