//! Kinds of labels.

use std::sync::Arc;

use barloom_bars::Market;
use barloom_rewards::{Entry, MarketIndex};

use crate::barrier::TripleBarrier;
use crate::table::{LabelColumn, Table, Values};
use crate::{LabelsError, horizon, trend};

/// The longest horizon in bars.
const MOST_HORIZON: usize = 1_000_000;

/// The longest path in bars, as samples hold each of its values.
const MOST_PATH: usize = 65_536;

/// The definition of a label.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The log return from the entry to the close of the horizon's last bar, a column for each
    /// horizon.
    Return {
        /// Horizons in bars, ascending.
        horizons: Vec<usize>,
    },
    /// The barrier that comes first (Lopez de Prado 2018, chapter 3).
    TripleBarrier(TripleBarrier),
    /// The sample standard deviation (ddof = 1) of log returns over the horizon: from the entry to
    /// the first close, then from close to close.
    Volatility {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The greatest and the least move from the entry, as fractions of it: `max(high) / entry - 1`
    /// and `min(low) / entry - 1` over the horizon.
    Excursion {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The t-value of the slope of the closes over the horizon of `least` to `most` bars that has
    /// the greatest absolute t-value, the shortest of equals (trend scanning, Lopez de Prado 2020,
    /// section 5.4).
    Trend {
        /// The shortest horizon in bars, at least 3.
        least: usize,
        /// The longest horizon in bars.
        most: usize,
    },
    /// Log returns from the entry to each close of the horizon.
    Path {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The value of a column at t-1.
    Feature {
        /// The column.
        column: String,
    },
}

/// A label by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Its name, from which those of its columns are made.
    pub name: String,
    /// Its definition.
    pub kind: Kind,
}

/// The market that labels are computed on.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The bars.
    pub market: &'a Market,
    /// The index of its prices.
    pub index: &'a Arc<MarketIndex>,
    /// The price at which a trade opens.
    pub entry: Entry,
}

impl Context<'_> {
    /// The entry price of a row.
    #[inline(always)]
    pub(crate) fn entry(&self, t: usize) -> f64 {
        match self.entry {
            Entry::NextOpen => self.market.open()[t],
            Entry::NextClose => self.market.close()[t],
        }
    }

    /// The first live row of a trade that is decided at t.
    #[inline(always)]
    pub(crate) fn live(&self, t: usize) -> usize {
        match self.entry {
            Entry::NextOpen => t,
            Entry::NextClose => t + 1,
        }
    }

    /// A column of the market that a setting names.
    pub(crate) fn column(&self, field: &'static str, name: &str) -> Result<&[f64], LabelsError> {
        let missing = || LabelsError::NoColumn { field, column: name.to_owned() };
        self.market.column(name).ok_or_else(missing)
    }
}

impl Label {
    /// Checks what can be checked without a market.
    ///
    /// # Errors
    /// A horizon is too short or too long for its kind; barriers that cannot be.
    pub fn check(&self) -> Result<(), LabelsError> {
        let horizon = |bars: usize, least: usize, most: usize| {
            if (least..=most).contains(&bars) {
                return Ok(());
            }
            let problem = format!("{bars} bars: expected {least} to {most}");
            Err(LabelsError::setting("horizon", problem))
        };
        match &self.kind {
            Kind::Return { horizons } => {
                horizons.iter().try_for_each(|bars| horizon(*bars, 1, MOST_HORIZON))?;
                if horizons.is_empty() || !horizons.is_sorted_by(|a, b| a < b) {
                    let problem = "expected at least one number of bars, in ascending order";
                    return Err(LabelsError::setting("horizon", problem));
                }
                Ok(())
            }
            Kind::TripleBarrier(barrier) => {
                horizon(barrier.horizon, 1, MOST_HORIZON)?;
                barrier.check()
            }
            Kind::Volatility { horizon: bars } => horizon(*bars, 2, MOST_HORIZON),
            Kind::Excursion { horizon: bars } => horizon(*bars, 1, MOST_HORIZON),
            Kind::Path { horizon: bars } => horizon(*bars, 1, MOST_PATH),
            Kind::Trend { least, most } => {
                horizon(*least, 3, MOST_PATH)?;
                if most < least {
                    let problem = format!("[{least}, {most}]: expected the shorter one first");
                    return Err(LabelsError::setting("horizon", problem));
                }
                horizon(*most, 3, MOST_PATH)
            }
            Kind::Feature { .. } => Ok(()),
        }
    }

    /// The label of every bar of a market: O(bars), and for volatility and trend O(bars * horizon).
    ///
    /// # Errors
    /// As [`check`](Self::check); the market lacks a column.
    pub fn table(&self, context: &Context<'_>) -> Result<Table, LabelsError> {
        self.check()?;
        let name = &self.name;
        let of = |end: &str, values: Values, unit: &'static str, doc: String| LabelColumn {
            name: format!("{name}{end}"),
            values,
            unit,
            doc,
        };
        let one = |values: Vec<f64>, bars: usize, unit: &'static str, doc: String| {
            let life = lives(&values, bars);
            Table { columns: vec![of("", Values::F64(values.into()), unit, doc)], life }
        };
        Ok(match &self.kind {
            Kind::Return { horizons } => {
                let returns = horizons.iter().map(|bars| horizon::returns(context, *bars));
                let returns: Vec<Vec<f64>> = returns.collect();
                // The longest horizon that has a value.
                let life = (0..context.market.len()).map(|row| {
                    let known = horizons.iter().zip(&returns).rev();
                    let mut known = known.filter(|(_, values)| !values[row].is_nan());
                    known.next().map_or(0, |(bars, _)| as_life(*bars))
                });
                let life = life.collect();
                let columns = horizons.iter().zip(returns).map(|(bars, values)| {
                    let doc =
                        format!("log return from the entry to the close of bar t + {bars} - 1");
                    of(&format!("_{bars}"), Values::F64(values.into()), "log return", doc)
                });
                Table { columns: columns.collect(), life }
            }
            Kind::TripleBarrier(barrier) => barrier.table(name, context)?,
            Kind::Volatility { horizon: bars } => {
                let doc = format!("standard deviation of log returns over {bars} bars from t on");
                one(horizon::volatility(context, *bars), *bars, "log return", doc)
            }
            Kind::Excursion { horizon: bars } => {
                let [up, down] = horizon::excursions(context, *bars);
                let life = lives(&up, *bars);
                let columns = [("_up", "greatest", up), ("_down", "least", down)];
                let columns = columns.map(|(end, which, values)| {
                    let doc = format!("{which} move from the entry over {bars} bars from t on");
                    of(end, Values::F64(values.into()), "fraction", doc)
                });
                Table { columns: columns.into(), life }
            }
            Kind::Trend { least, most } => {
                let doc = format!(
                    "t-value of the slope over the horizon of {least} to {most} bars with the \
                     strongest trend"
                );
                one(trend::t_values(context, *least, *most), *most, "", doc)
            }
            Kind::Path { horizon: bars } => {
                let [close, entry] = horizon::logarithms(context, *bars);
                let life = lives(&entry, *bars);
                let values =
                    Values::Path { close: close.into(), entry: entry.into(), horizon: *bars };
                let doc = format!("log returns from the entry to each close of {bars} bars");
                Table { columns: vec![of("", values, "log return", doc)], life }
            }
            Kind::Feature { column } => {
                let values = context.column("of", column)?;
                let before = crate::rows::each(context.market, f64::NAN, |row| {
                    if row.t > row.start { values[row.t - 1] } else { f64::NAN }
                });
                one(before, 1, "", format!("{column} of the bar before t"))
            }
        })
    }
}

fn as_life(bars: usize) -> u32 {
    u32::try_from(bars).unwrap_or(u32::MAX)
}

/// Lives of so many bars where there is a value.
fn lives(values: &[f64], bars: usize) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { 0 } else { as_life(bars) }).collect()
}
