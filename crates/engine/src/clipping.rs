//! Warnings of metrics that are clipped often.

use std::sync::Arc;

use barloom_backend::{Numbers, PreparedMarket, Program, Session, Threads};
use barloom_dataset::{BuiltPart, RewardSummary};
use barloom_plan::Plan;
use barloom_rewards::Metric;

use crate::{Error, SampleSet};

/// Share of the trades above which clipping is worth a warning.
const MOST_CLIPPED: f64 = 0.05;

/// Samples that stand for those of a dataset that stores none.
const PROBED: u64 = 1_000;

/// Warnings of metrics that are clipped often in a part that was built or merged, by its summary;
/// none without one.
#[must_use]
pub fn clip_warnings(part: &BuiltPart) -> Vec<String> {
    let Some(summary) = &part.manifest.summary else { return Vec::new() };
    let name = part.manifest.part.as_ref().map(|part| &*part.name);
    let trades = summary.actions.long + summary.actions.short;
    let clip = &part.manifest.recipe["reward"]["clip"].to_string();
    let of_metric =
        |reward: &RewardSummary| warning(name, &reward.metric, clip, reward.clipped, trades);
    summary.rewards.iter().filter_map(of_metric).collect()
}

impl SampleSet {
    /// Warnings of metrics that are clipped often, told from 1,000 samples from all over, for
    /// datasets whose samples are not made when they are built. Without a metric that is clipped
    /// nothing is made.
    ///
    /// # Errors
    /// The backend fails.
    pub fn clip_warnings(&self, prepared: &Arc<dyn PreparedMarket>) -> Result<Vec<String>, Error> {
        if !may_clip(&self.plan.program) {
            return Ok(Vec::new());
        }
        of_session(&*self.session(prepared)?, &self.plan)
    }
}

fn may_clip(program: &Program) -> bool {
    program.reward.clip.is_some() && program.reward.metrics.iter().any(|metric| metric.is_clipped())
}

/// Warnings of the samples of a plan that a session makes, told from 1,000 of them.
pub(crate) fn of_session(session: &dyn Session, plan: &Plan) -> Result<Vec<String>, Error> {
    let reward = &plan.program.reward;
    let Some([lo, hi]) = reward.clip.filter(|_| may_clip(&plan.program)) else {
        return Ok(Vec::new());
    };
    let count = plan.samples.min(PROBED);
    let step = plan.samples / count.max(1);
    let probed: Vec<u64> = (0..count).map(|number| number * step).collect();
    let mut block = session.allocate(probed.len())?;
    session.sample(Numbers::Listed(&probed), Threads::Calling, &mut block)?;
    let count = |values: &mut dyn Iterator<Item = bool>| values.filter(|yes| *yes).count() as u64;
    let trades = count(&mut block.act_dir.iter().map(|direction| *direction != 0));
    let clip = format!("[{lo:?},{hi:?}]");
    let part = plan.part.as_ref().map(|part| part.name.as_str());
    let of_metric = |(number, metric): (usize, &Metric)| {
        let clipped = count(&mut block.clipped[number].iter().map(|clipped| *clipped != 0));
        warning(part, metric.name(), &clip, clipped, trades)
    };
    Ok(reward.metrics.iter().enumerate().filter_map(of_metric).collect())
}

/// The warning, if so many of the trades are worth one.
fn warning(
    part: Option<&str>,
    metric: &str,
    clip: &str,
    clipped: u64,
    trades: u64,
) -> Option<String> {
    let share = clipped as f64 / trades.max(1) as f64;
    let part = part.map_or(String::new(), |name| format!("part {name}: "));
    (share > MOST_CLIPPED).then(|| {
        format!(
            "{part}reward.metric: {:.0}% of the trades have a clipped {metric} (clip = {clip}); \
             use a longer dataset.forward, a wider clip, log_return or pnl_pct",
            100.0 * share
        )
    })
}
