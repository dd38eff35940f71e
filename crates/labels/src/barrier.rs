//! The triple-barrier label (Lopez de Prado 2018, chapter 3).

use std::borrow::Cow;

use barloom_rewards::{Bar, BarrierPrices, ExitReason, HorizonIndex, SameBar, fill};

use crate::LabelsError;
use crate::label::Context;
use crate::rows::{Row, each};
use crate::table::{LabelColumn, MISSING_BARS, MISSING_CLASS, Table, Values};

/// The prices that reach a barrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// Highs and lows: the price is the barrier's, or the open where that lies beyond it, as trades
    /// are filled.
    #[default]
    HighLow,
    /// Closes alone: the price is the close.
    Close,
}

/// The class where no barrier comes within the horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vertical {
    /// 0.
    #[default]
    Zero,
    /// The sign of the return at the horizon.
    Sign,
}

/// The unit of the distances of barriers, as a fraction of the entry price.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// A number.
    Fixed(f64),
    /// The value of a column at t-1. Where it is missing or not above 0, so is the label.
    Column(String),
}

/// A triple-barrier label: the class is 1 where the upper barrier comes first, -1 for the lower
/// one.
///
/// Its columns are `NAME` (int8), `NAME_return` (the log return to the exit), `NAME_bars` (the bars
/// between t and the exit) and `NAME_ambiguous` (1 where one bar reached both barriers, so that
/// the class depends on `same_bar`, else 0).
#[derive(Clone, Debug, PartialEq)]
pub struct TripleBarrier {
    /// The horizon in bars.
    pub horizon: usize,
    /// The distance of the upper barrier in scales; 0 for none.
    pub up: f64,
    /// The distance of the lower barrier in scales; 0 for none.
    pub down: f64,
    /// The unit of distances.
    pub scale: Scale,
    /// The prices that reach a barrier.
    pub touch: Touch,
    /// The barrier that counts if one bar reaches both.
    pub same_bar: SameBar,
    /// The class at the horizon.
    pub vertical: Vertical,
    /// A column of sides at t-1: 1 long, -1 short, 0 none. With sides it is a meta-label: `up` is
    /// the distance of the profit, `down` that of the loss, and the class is 1 where the profit
    /// comes first, else 0. The return is that of the side. Without a bet there is no label.
    pub side: Option<String>,
}

/// The outcome of one bar.
#[derive(Clone, Copy)]
struct Outcome {
    class: i8,
    log_return: f64,
    bars: i32,
    ambiguous: bool,
}

const MISSING: Outcome =
    Outcome { class: MISSING_CLASS, log_return: f64::NAN, bars: MISSING_BARS, ambiguous: false };

impl TripleBarrier {
    pub(crate) fn check(&self) -> Result<(), LabelsError> {
        for (field, distance) in [("up", self.up), ("down", self.down)] {
            if !(distance >= 0.0 && distance.is_finite()) {
                let problem =
                    format!("{distance}: expected a number of at least 0; 0 for no barrier");
                return Err(LabelsError::setting(field, problem));
            }
        }
        match self.scale {
            Scale::Fixed(scale) if !(scale > 0.0 && scale.is_finite()) => {
                let problem =
                    format!("{scale}: expected a fraction of the price above 0, such as 0.01");
                Err(LabelsError::setting("scale", problem))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn table(&self, name: &str, context: &Context<'_>) -> Result<Table, LabelsError> {
        let scales = match &self.scale {
            Scale::Fixed(_) => None,
            Scale::Column(column) => Some(context.column("scale", column)?),
        };
        let sides = match &self.side {
            None => None,
            Some(column) => Some(sides(context, column)?),
        };
        let close = context.market.close();
        let index: Cow<'_, HorizonIndex> = match self.touch {
            Touch::HighLow => Cow::Borrowed(context.index.horizon()),
            Touch::Close => Cow::Owned(HorizonIndex::new(close, close)),
        };
        let outcomes = each(context.market, MISSING, |row| {
            let before = |column: &[f64]| {
                if row.t > row.start { column[row.t - 1] } else { f64::NAN }
            };
            let scale = match (&self.scale, scales) {
                (Scale::Fixed(scale), _) => *scale,
                (_, scales) => scales.map_or(f64::NAN, before),
            };
            let side = sides.map_or(1.0, before);
            self.outcome(context, &index, row, scale, side)
        });
        let life = outcomes.iter().map(|one| u32::try_from(one.bars + 1).unwrap_or(0)).collect();
        let of = |end: &str, values: Values, unit: &'static str, doc: &str| LabelColumn {
            name: format!("{name}{end}"),
            values,
            unit,
            doc: doc.to_owned(),
        };
        let class_doc = match (&self.side, self.vertical) {
            (Some(_), _) => {
                "1 where the side's profit comes first, else 0; -128 where it is missing"
            }
            (None, Vertical::Zero) => {
                "1 or -1 for the barrier that comes first, 0 for none; -128 where it is missing"
            }
            (None, Vertical::Sign) => {
                "1 or -1 for the barrier that comes first or, without one, the sign of the return; \
                 -128 where it is missing"
            }
        };
        let classes: Vec<i8> = outcomes.iter().map(|one| one.class).collect();
        let returns: Vec<f64> = outcomes.iter().map(|one| one.log_return).collect();
        let bars: Vec<i32> = outcomes.iter().map(|one| one.bars).collect();
        let ambiguous: Vec<u8> = outcomes.iter().map(|one| one.ambiguous.into()).collect();
        let columns = vec![
            of("", Values::I8(classes.into()), "", class_doc),
            of("_return", Values::F64(returns.into()), "log return", "log return to the exit"),
            of("_bars", Values::I32(bars.into()), "bars", "exit bar - t; -1 where it is missing"),
            of(
                "_ambiguous",
                Values::U8(ambiguous.into()),
                "",
                "1 where one bar reached both barriers, so that the class depends on same_bar",
            ),
        ];
        Ok(Table { columns, life })
    }

    fn outcome(
        &self,
        context: &Context<'_>,
        index: &HorizonIndex,
        row: Row,
        scale: f64,
        side: f64,
    ) -> Outcome {
        let Row { t, end, .. } = row;
        let has_bet = side == 1.0 || side == -1.0;
        if end - t < self.horizon || !(scale > 0.0 && scale.is_finite()) || !has_bet {
            return MISSING;
        }
        let market = context.market;
        let entry = context.entry(t);
        let distance = |scales: f64| if scales > 0.0 { scales * scale } else { f64::INFINITY };
        let direction = if side > 0.0 { 1 } else { -1 };
        let barriers = BarrierPrices::new(entry, direction, distance(self.down), distance(self.up));
        let last = t + self.horizon - 1;
        let touched = index.first_touch(context.live(t), barriers.down, barriers.up);
        let (exit, price, reason, ambiguous) = match touched.filter(|row| *row <= last) {
            None => (last, market.close()[last], ExitReason::Horizon, false),
            Some(row) if self.touch == Touch::Close => {
                let price = market.close()[row];
                let (stopped, _) = barriers.reached(price, price);
                let reason = if stopped { ExitReason::Stop } else { ExitReason::Target };
                (row, price, reason, false)
            }
            Some(row) => {
                let bar = Bar {
                    open: market.open()[row],
                    low: market.low()[row],
                    high: market.high()[row],
                };
                let (price, reason) = fill(bar, &barriers, self.same_bar);
                let opens = barriers.reached(bar.open, bar.open);
                let both = barriers.reached(bar.low, bar.high) == (true, true);
                (row, price, reason, both && opens == (false, false))
            }
        };
        let log_return = side * libm::log(price / entry);
        let class = match (reason, &self.side) {
            (ExitReason::Target, _) => 1,
            (_, Some(_)) => 0,
            (ExitReason::Stop, None) => -1,
            (_, None) if self.vertical == Vertical::Zero => 0,
            (_, None) => i8::from(price > entry) - i8::from(price < entry),
        };
        let bars = i32::try_from(exit - t).unwrap_or(i32::MAX - 1);
        Outcome { class, log_return, bars, ambiguous }
    }
}

/// The column of sides, each of which is a side or missing.
fn sides<'a>(context: &'a Context<'_>, column: &str) -> Result<&'a [f64], LabelsError> {
    let sides = context.column("side", column)?;
    let known = |side: f64| side.is_nan() || side == 0.0 || side == 1.0 || side == -1.0;
    if let Some(row) = sides.iter().position(|side| !known(*side)) {
        let side = sides[row];
        let problem =
            format!("{column} is {side} in row {row}: expected 1 (long), -1 (short) or 0 (none)");
        return Err(LabelsError::setting("side", problem));
    }
    Ok(sides)
}
