//! The column of the volume, or of the size of a trade.

use super::{Bar, Columns, SLACK, bars};
use crate::roles::Roles;

/// The share of rows in which a rule must hold that some rows may break.
const MOST: f64 = 0.9;
/// Rows, or steps, that a rule needs which few of them could fulfil by chance.
const FEW: usize = 10;

impl Columns<'_> {
    fn is_constant(&self, at: usize) -> bool {
        let mut values = self.column(at).iter().filter(|x| !x.is_nan());
        values.next().is_none_or(|first| values.all(|x| x == first))
    }

    fn is_whole(&self, at: usize) -> bool {
        self.column(at).iter().all(|x| x.is_nan() || x.fract() == 0.0)
    }

    /// Tells whether a rule holds in nearly all of the rows that it is about, which are two or
    /// more.
    fn mostly(&self, rule: impl Fn(usize) -> Option<bool>) -> bool {
        let told: Vec<bool> = (0..self.rows()).filter_map(rule).collect();
        let held = told.iter().filter(|held| **held).count();
        told.len() >= 2 && held as f64 >= MOST * told.len() as f64
    }

    /// Tells whether a column lies within the range of the bar.
    fn is_inside(&self, at: usize, bar: Bar) -> bool {
        let [_, high, low, _] = bar.map(|at| self.column(at));
        let x = self.column(at);
        let slack = |row: usize| SLACK * high[row];
        self.mostly(|row| {
            (high[row] - low[row] > slack(row))
                .then(|| x[row] <= high[row] + slack(row) && x[row] >= low[row] - slack(row))
        })
    }

    /// The changes of a column from step to step, as ratios' logarithms.
    fn moves(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let change = |(a, b): &(usize, usize)| libm::log(value(*b) / value(*a)).abs();
        let mut moves: Vec<f64> =
            self.steps.iter().map(change).filter(|change| change.is_finite()).collect();
        moves.sort_unstable_by(f64::total_cmp);
        moves
    }

    /// Tells whether a column holds prices: they lie within the bar, or keep their ratio to the
    /// close as adjusted ones do, or are as large as the close and change as little.
    pub(super) fn is_price(&self, at: usize, bar: Bar) -> bool {
        if self.column(at).is_empty() {
            return false;
        }
        self.is_inside(at, bar) || self.is_adjusted(at, bar) || self.is_smooth(at, bar)
    }

    /// Tells whether a column is the close times a factor that seldom changes.
    pub(super) fn is_adjusted(&self, at: usize, bar: Bar) -> bool {
        let (x, close) = (self.column(at), self.column(bar[3]));
        let ratio = |a: f64, b: f64| libm::log(a / b).abs();
        let (mut kept, mut steps) = (0, 0);
        for (a, b) in &self.steps {
            let of_factor = ratio(x[*b] / close[*b], x[*a] / close[*a]);
            if ratio(close[*b], close[*a]) > 1e-3 && of_factor.is_finite() {
                steps += 1;
                kept += usize::from(of_factor < 1e-4);
            }
        }
        kept >= 2 && 2 * kept >= steps
    }

    fn is_smooth(&self, at: usize, bar: Bar) -> bool {
        let (x, close) = (self.column(at), self.column(bar[3]));
        let (of_x, of_close) = (self.moves(|row| x[row]), self.moves(|row| close[row]));
        let is_large = |row: usize| Some((0.2..5.0).contains(&(x[row] / close[row])));
        of_x.len() >= FEW
            && !of_close.is_empty()
            && of_x[of_x.len() / 2] <= 2.0 * of_close[of_close.len() / 2]
            && self.mostly(is_large)
            && !self.is_constant(at)
    }

    /// Tells whether a column is another one times a price of the bar.
    pub(super) fn is_turnover(&self, at: usize, of: usize, bar: Bar) -> bool {
        let [_, high, low, _] = bar.map(|at| self.column(at));
        let (x, of) = (self.column(at), self.column(of));
        self.mostly(|row| {
            let price = x[row] / of[row];
            (of[row] > 0.0)
                .then(|| price >= low[row] * (1.0 - 1e-3) && price <= high[row] * (1.0 + 1e-3))
        })
    }

    /// Tells whether a column is another one times or by a price, in any unit.
    fn is_product(&self, at: usize, of: usize, bar: Bar) -> bool {
        let close = self.column(bar[3]);
        let (x, of) = (self.column(at), self.column(of));
        [1.0_f64, -1.0].iter().any(|power| {
            let factor = |row: usize| x[row] / of[row] / libm::pow(close[row], *power);
            let mut factors: Vec<f64> =
                (0..self.rows()).map(factor).filter(|f| f.is_finite()).collect();
            factors.sort_unstable_by(f64::total_cmp);
            let Some(usual) = factors.get(factors.len() / 2).copied() else { return false };
            self.mostly(|row| (of[row] > 0.0).then(|| (0.8..1.25).contains(&(factor(row) / usual))))
        })
    }

    /// Tells whether of two columns the first is the volume: the other is the first times a price,
    /// counts trades, or says next to nothing.
    pub(super) fn is_volume_beside(&self, at: usize, other: usize, bar: Bar) -> bool {
        let says_nothing = self.nonzero(other) < 0.5 && self.nonzero(at) > MOST;
        let is_counted = self.is_whole(other) && !self.is_whole(at);
        says_nothing
            || self.is_turnover(other, at, bar)
            || (is_counted && !self.is_product(at, other, bar))
            || (self.is_constant(other) && !self.is_constant(at))
    }

    /// The share of rows that are not zero.
    fn nonzero(&self, at: usize) -> f64 {
        let values = self.column(at);
        values.iter().filter(|x| x.abs() > 0.0).count() as f64 / values.len().max(1) as f64
    }

    /// Columns that may be a volume: numbers that are neither negative nor prices nor times.
    pub(super) fn volumes(&self, among: &[usize], bar: Bar) -> Vec<usize> {
        let numeric = self.numeric();
        let may_be = |at: &usize| {
            numeric.contains(at)
                && self.column(*at).iter().all(|x| x.is_nan() || *x >= 0.0)
                && !self.is_price(*at, bar)
                && !self.is_time(*at)
        };
        among.iter().copied().filter(may_be).collect()
    }

    /// Tells whether a column holds the last ms or us of the steps that begin at the times of the
    /// rows, as Binance writes them.
    fn end_steps(&self, at: usize) -> bool {
        const LAST: [i64; 2] = [999_000_000, 999_999_000];
        let is_end = |(end, begin): (&i64, &i64)| {
            let lasts = end.saturating_sub(*begin);
            lasts > 0 && LAST.contains(&(lasts % 1_000_000_000))
        };
        self.times_of(at)
            .zip(self.times.as_ref())
            .is_some_and(|(ends, begins)| ends.iter().zip(begins).all(is_end))
    }

    fn is_time(&self, at: usize) -> bool {
        self.rows() > 2 && self.times_of(at).is_some_and(|times| self.sample.is_monotone(&times))
    }
}

/// Tells why the volume, and what is beside it, is not what it is taken for.
pub(super) fn contradicts(
    columns: &Columns<'_>,
    bar: Bar,
    (volume, close_time): (Option<usize>, Option<usize>),
    others: &[usize],
) -> Option<String> {
    let rest: Vec<usize> = others.iter().copied().filter(|at| Some(*at) != volume).collect();
    if let Some(at) = rest.iter().find(|at| is_unknown_text(columns, **at)) {
        return Some(format!("column {} holds text", at + 1));
    }
    if let Some(at) = another_bar(columns, bar, others) {
        return Some(format!("column {} and others hold prices of something else", at + 1));
    }
    let volume = volume.filter(|at| !columns.is_text(*at))?;
    let at = volume + 1;
    if columns.column(volume).iter().any(|x| *x < 0.0) {
        return Some(format!("column {at} is below 0 and cannot be the volume"));
    }
    // Times that end a step say what the other columns are: a volume may be as smooth as prices.
    let is_price = match close_time {
        Some(close_time) if columns.end_steps(close_time) => columns.is_inside(volume, bar),
        _ => columns.is_price(volume, bar),
    };
    if is_price {
        return Some(format!("column {at} holds prices and cannot be the volume"));
    }
    if columns.is_time(volume) {
        return Some(format!("column {at} holds times and cannot be the volume"));
    }
    if columns.rows() < 2 {
        return None;
    }
    let others = columns.volumes(&rest, bar);
    if others.iter().any(|other| columns.is_turnover(*other, volume, bar)) {
        // What is the volume times a price says that it is the volume.
        return None;
    }
    for other in others {
        let is_likelier =
            (columns.rows() > 2 && columns.is_constant(volume) && !columns.is_constant(other))
                || (columns.nonzero(volume) < 0.5 && columns.nonzero(other) > MOST)
                || (columns.is_whole(volume)
                    && !columns.is_whole(other)
                    && !columns.is_product(other, volume, bar))
                || columns.is_turnover(volume, other, bar);
        if is_likelier {
            return Some(format!(
                "column {} is likelier to be the volume than column {at}",
                other + 1
            ));
        }
    }
    None
}

/// Tells whether a column holds words, which may be symbols; flags and times are none.
pub(super) fn is_unknown_text(columns: &Columns<'_>, at: usize) -> bool {
    let is_flag =
        |field: &str| ["true", "false"].iter().any(|flag| field.eq_ignore_ascii_case(flag));
    columns.is_text(at)
        && columns.times_of(at).is_none()
        && !columns.sample.fields(at).all(|field| field.is_empty() || is_flag(field))
}

/// A column of another set of prices. The ask beside the bid is none.
fn another_bar(columns: &Columns<'_>, bar: Bar, others: &[usize]) -> Option<usize> {
    let numeric = columns.numeric();
    let empty = others.iter().filter(|at| !columns.is_text(**at) && !numeric.contains(at));
    if empty.clone().count() >= 4 {
        // Another symbol may have its bars further down.
        return empty.copied().next();
    }
    let others: Vec<usize> = others.iter().copied().filter(|at| numeric.contains(at)).collect();
    let is_set = |set: &Bar| {
        let spread = columns.spread(*set);
        columns.broken(*set, 0) == 0 && spread > 0.0 && spread < libm::log(super::WIDEST)
    };
    let is_ask = |set: &Bar| {
        [1, 2].iter().all(|of| {
            let (ask, bid) = (columns.column(set[*of]), columns.column(bar[*of]));
            ask.iter().zip(bid).all(|(ask, bid)| !(*ask < *bid || *ask > 1.05 * bid))
        })
    };
    let mut sets = bars(&others).into_iter().filter(is_set).peekable();
    let first = sets.peek().map(|set| set[0])?;
    if sets.any(|set| is_ask(&set)) { None } else { Some(first) }
}

/// Tells why the columns of Binance's klines are others.
pub(super) fn contradicts_klines(columns: &Columns<'_>, bar: Bar, roles: &Roles) -> Option<String> {
    let at = |role: &str| roles.values.iter().find(|(_, name)| name == role).map(|(at, _)| *at);
    let close_time = at("close_time")?;
    let of = |name: &str| at(name).map(|at| (at, columns.column(at)));
    let (volume_at, volume) = of("volume")?;
    let (quote_at, quote) = of("quote_volume")?;
    let (_, count) = of("count")?;
    let (taker_at, taker) = of("taker_buy_volume")?;
    let (taker_quote_at, taker_quote) = of("taker_buy_quote_volume")?;
    if [volume, quote, count, taker, taker_quote].iter().any(|column| column.is_empty()) {
        return Some("columns 6 to 11 of Binance's klines are numbers".into());
    }
    // Few rows may be wrong, which `check` tells.
    let few = |wrong: usize| wrong * 100 <= columns.rows();
    let is_later =
        columns.times_of(close_time).zip(columns.times.as_ref()).is_none_or(|(end, begin)| {
            few(end.iter().zip(begin).filter(|(end, begin)| end <= begin).count())
        });
    let is_part = |part: &[f64], of: &[f64]| {
        few(part.iter().zip(of).filter(|(part, of)| **part > **of * (1.0 + 1e-6)).count())
    };
    let is_no_count = |(count, volume): &(&f64, &f64)| {
        count.fract() != 0.0 && !count.is_nan() || **count <= 0.0 && **volume > 0.0
    };
    let counts = few(count.iter().zip(volume).filter(is_no_count).count());
    let quotes = columns.is_turnover(quote_at, volume_at, bar);
    let fits = is_later
        && is_part(taker, volume)
        && is_part(taker_quote, quote)
        && counts
        && (!quotes
            || !taker.iter().any(|x| *x > 0.0) && !taker_quote.iter().any(|x| *x > 0.0)
            || columns.is_turnover(taker_quote_at, taker_at, bar));
    (!fits).then(|| "columns 6 to 12 are not those of Binance's klines".into())
}

/// Tells why price and size are not what they are taken for.
pub(super) fn contradicts_trades(columns: &Columns<'_>, roles: &Roles) -> Option<String> {
    let [(price, _), (size, _)] = &roles.values[..] else { return None };
    let moves = |at: usize| -> Option<f64> {
        let values = columns.column(at);
        let moves = columns.moves(|row| *values.get(row).unwrap_or(&f64::NAN));
        (moves.len() >= FEW).then(|| moves[moves.len() / 2])
    };
    let (of_price, of_size) = (moves(*price)?, moves(*size)?);
    let is_wild = of_price > 0.05 && of_size < of_price;
    let is_flat = columns.is_constant(*price) && !columns.is_constant(*size) && of_size < 0.01;
    (is_wild || is_flat).then(|| {
        format!("column {} changes like sizes, column {} like prices", price + 1, size + 1)
    })
}
