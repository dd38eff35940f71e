//! Columns of times, and the instants that they name.

use std::collections::BTreeMap;

use barloom_bars::Local;
use barloom_memory::vec_with_capacity;
use barloom_reading::OnDuplicate;

use crate::roles::{normalise, says_utc};
use crate::table::NO_TIME;
use crate::time::{Written, day_first, of_slashed, zone};
use crate::{MarketDataError, ReadOptions};

/// The format of all times of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Instant,
    Epoch(&'static str),
    Local,
}

/// Times as written. Those that are of one kind, as they mostly are, take eight bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// ns, missing ones as [`NO_TIME`].
    alike: Vec<i64>,
    kind: Option<Kind>,
    /// All of them, once there were two kinds.
    mixed: Option<Vec<Written>>,
}

impl From<Vec<Written>> for Times {
    fn from(written: Vec<Written>) -> Self {
        Self { mixed: Some(written), ..Self::default() }
    }
}

impl Times {
    pub(crate) fn len(&self) -> usize {
        self.mixed.as_ref().map_or(self.alike.len(), Vec::len)
    }

    /// The memory that they take.
    pub(crate) fn bytes(&self) -> usize {
        let mixed = self.mixed.as_deref().map_or(0, std::mem::size_of_val);
        std::mem::size_of_val(&self.alike[..]) + mixed
    }

    /// No times yet, and room for so many.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { alike: vec_with_capacity(rows), ..Self::default() }
    }

    pub(crate) fn push(&mut self, written: Written) {
        if let Some(mixed) = &mut self.mixed {
            return mixed.push(written);
        }
        let (ns, kind) = match written {
            Written::Missing => (NO_TIME, self.kind),
            Written::Instant(ns) => (ns, Some(Kind::Instant)),
            Written::Epoch(ns, unit) => (ns, Some(Kind::Epoch(unit))),
            Written::Local(ns) => (ns, Some(Kind::Local)),
            Written::Slashed(..) | Written::SlashedInstant(..) => return self.mix().push(written),
        };
        if self.kind.is_some() && kind != self.kind {
            return self.mix().push(written);
        }
        self.kind = kind;
        self.alike.push(ns);
    }

    /// Begins anew with numbers of a unit, whose ns are to be put there.
    pub(crate) fn epochs(&mut self, unit: &'static str) -> &mut Vec<i64> {
        self.clear();
        self.kind = Some(Kind::Epoch(unit));
        &mut self.alike
    }

    /// Lets all of them go.
    pub(crate) fn clear(&mut self) {
        self.alike.clear();
        (self.kind, self.mixed) = (None, None);
    }

    /// Puts others after these.
    pub(crate) fn append(&mut self, others: &Self) {
        let alike = self.mixed.is_none()
            && others.mixed.is_none()
            && (self.kind == others.kind || self.kind.is_none() || others.kind.is_none());
        if alike {
            self.kind = self.kind.or(others.kind);
            self.alike.extend_from_slice(&others.alike);
        } else {
            self.mix().extend((0..others.len()).map(|row| others.get(row)));
        }
    }

    /// A time as written.
    fn get(&self, row: usize) -> Written {
        if let Some(mixed) = &self.mixed {
            return mixed[row];
        }
        match (self.alike[row], self.kind) {
            (NO_TIME, _) | (_, None) => Written::Missing,
            (ns, Some(Kind::Instant)) => Written::Instant(ns),
            (ns, Some(Kind::Epoch(unit))) => Written::Epoch(ns, unit),
            (ns, Some(Kind::Local)) => Written::Local(ns),
        }
    }

    /// All of them one by one.
    fn mix(&mut self) -> &mut Vec<Written> {
        if self.mixed.is_none() {
            let written = (0..self.alike.len()).map(|row| self.get(row)).collect();
            self.alike = Vec::new();
            self.mixed = Some(written);
        }
        self.mixed.get_or_insert_default()
    }
}

type UnitJumps = Vec<(usize, &'static str, &'static str)>;

/// The kind of rows, which says what the order of their times means.
#[derive(Clone, Copy)]
pub(crate) enum Order<'a> {
    /// Bars of the symbols with these codes, or of one: no two of a symbol have one time.
    Bars(Option<&'a [u32]>),
    /// Trades of symbols: several may have one time, and one may be a little late.
    Trades(Option<&'a [u32]>),
    /// Neither: of two instants the earlier one is meant.
    None,
}

/// Times as instants, and what there is to say of them.
#[derive(Debug, Default)]
pub(crate) struct Instants {
    /// ns since 1970 UTC, or [`NO_TIME`].
    pub(crate) ts: Vec<i64>,
    /// The unit of the first epoch number.
    pub(crate) time_unit: Option<&'static str>,
    /// Rows at which epoch numbers change their unit.
    pub(crate) unit_jumps: UnitJumps,
    /// True if times without a zone were taken for UTC.
    pub(crate) naive: bool,
    /// Notes on local times that name no instant, or two.
    pub(crate) notes: Vec<String>,
}

/// The instants of times as written.
///
/// Local times that occur twice, because clocks go back, are distinguished by the order of the rows
/// of a symbol; those that do not exist, where clocks are put forward, are the first instant after
/// them.
pub(crate) fn instants(
    file: &str,
    column: &str,
    times: Times,
    options: &ReadOptions,
    order: Order<'_>,
    place: impl Fn(usize) -> String,
) -> Result<Instants, MarketDataError> {
    let says_utc = says_utc(column);
    let zone = if says_utc { zone("UTC")? } else { zone(&options.timezone)? };
    let mut found = Instants::default();
    check_epochs(file, column, &times)?;
    if times.mixed.is_none() {
        let done = match times.kind {
            None | Some(Kind::Instant) => true,
            Some(Kind::Epoch(unit)) => {
                found.time_unit = Some(unit);
                true
            }
            Some(Kind::Local) => {
                found.naive = zone.is_utc() && !says_utc;
                zone.is_utc()
            }
        };
        if done {
            found.ts = times.alike;
            return Ok(found);
        }
    }
    let mut times = times;
    let written = &*times.mix();
    let day_first = match options.csv.day_first {
        Some(day_first) => day_first,
        None => day_first(written)
            .map_err(|e| MarketDataError::file(file, format!("column {column}: {e}")))?,
    };
    let mut unit = None;
    let (mut twice, mut skipped) = (Vec::new(), Vec::new());
    found.ts.reserve(written.len());
    for (row, time) in written.iter().enumerate() {
        let mut local = |ns: i64| {
            if zone.is_utc() {
                found.naive = !says_utc;
                return Some(ns);
            }
            Some(match zone.at(ns)? {
                Local::Once(instant) => instant,
                Local::Twice(first, second) => {
                    twice.push(Twice { row, local: ns, first, second });
                    first
                }
                Local::Skipped(next) => {
                    skipped.push((row, ns, next));
                    next
                }
            })
        };
        let instant = match *time {
            Written::Missing => Some(NO_TIME),
            Written::Instant(ns) => Some(ns),
            Written::Epoch(ns, now) => {
                found.time_unit.get_or_insert(now);
                if let Some(before) = unit.replace(now)
                    && before != now
                {
                    found.unit_jumps.push((row, before, now));
                }
                Some(ns)
            }
            Written::Local(ns) => local(ns),
            Written::Slashed(a, b, year, ns) => {
                of_slashed(a, b, year, ns, day_first).and_then(local)
            }
            Written::SlashedInstant(a, b, year, ns) => of_slashed(a, b, year, ns, day_first),
        };
        let Some(instant) = instant else {
            return Err(MarketDataError::Cell {
                file: file.to_owned(),
                place: place(row),
                column: column.to_owned(),
                got: time.shown(),
                expected: "a date that exists, in the years 1678 to 2261".to_owned(),
            });
        };
        found.ts.push(instant);
    }
    tell_apart(&mut found.ts, &twice, order);
    if let (Order::Bars(codes), Some(row)) = (order, skipped.first().map(|(row, ..)| *row))
        // Else they are repeated times, which is an error that lists them.
        && options.on_duplicate != OnDuplicate::Error
        && stand_twice(&found.ts, &skipped, codes)
    {
        let problem = format!(
            "{}: {} does not exist in {}, where clocks were put forward, and the next time that exists \
             has another bar. The bars are in another zone: set timezone to it",
            place(row),
            written[row].shown(),
            options.timezone
        );
        return Err(MarketDataError::file(file, problem));
    }
    let zone = &options.timezone;
    let local_times = |count: usize, one: &str, many: &str| match count {
        1 => format!("{file}: 1 local time {one} in {zone}"),
        count => format!("{file}: {count} local times {many} in {zone}"),
    };
    let first = |row: usize, local: i64| {
        format!("first: {}, {}", place(row), Written::Local(local).shown())
    };
    if let Some(Twice { row, local, .. }) = twice.first() {
        found.notes.push(format!(
            "{}, as clocks were put back; the order of rows tells which is meant ({})",
            local_times(twice.len(), "occurs twice", "occur twice"),
            first(*row, *local)
        ));
    }
    if let Some((row, local, next)) = skipped.first() {
        found.notes.push(format!(
            "{}, as clocks were put forward; moved to the next time that exists ({}, read as {} UTC)",
            local_times(skipped.len(), "does not exist", "do not exist"),
            first(*row, *local),
            Written::Local(*next).shown()
        ));
    }
    Ok(found)
}

/// Checks that numbers are counted from 1970 and are no dates without separators.
fn check_epochs(file: &str, column: &str, times: &Times) -> Result<(), MarketDataError> {
    let error = |problem: String| Err(MarketDataError::file(file, problem));
    let present = || (0..times.len()).map(|row| times.get(row)).filter(|t| *t != Written::Missing);
    let Some(Written::Epoch(_, unit)) = present().next() else { return Ok(()) };
    let all = |is: &dyn Fn(i64) -> bool| {
        present().all(|time| matches!(time, Written::Epoch(ns, of) if of == unit && is(ns)))
    };
    let is_ticks = |ns: i64| (500_000_000_000_000_000..700_000_000_000_000_000).contains(&ns);
    if unit == "ns" && normalise(column) == "ticks" && all(&is_ticks) {
        return error(format!(
            "column {column} counts steps of 100 ns from the year 1, as .NET does. Convert it to dates: \
             pd.to_datetime((ticks - 621355968000000000) * 100)"
        ));
    }
    if unit == "s" && all(&is_hour_in_digits) {
        return error(format!(
            "column {column} holds dates in digits with an hour, as 2024013109 or 2401310930, which as \
             numbers would be times from 2033 on. Say how they are written: csv.time_format \
             = \"%Y%m%d%H\" or \"%y%m%d%H%M\", or give times as 202401310900"
        ));
    }
    Ok(())
}

/// Tells whether a number of seconds, in ns, is `yyyymmddHH` or `yymmddHHMM` of a year up to 2099.
fn is_hour_in_digits(ns: i64) -> bool {
    let number = ns / 1_000_000_000;
    let is = |number: i64, of: i64, range: std::ops::RangeInclusive<i64>| {
        range.contains(&(number / of % 100))
    };
    let of_hour = (1_990_010_100..2_100_000_000).contains(&number)
        && is(number, 10_000, 1..=12)
        && is(number, 100, 1..=31)
        && is(number, 1, 0..=23);
    let of_minute = (2_000_000_000..10_000_000_000).contains(&number)
        && is(number, 1_000_000, 1..=12)
        && is(number, 10_000, 1..=31)
        && is(number, 100, 0..=23)
        && is(number, 1, 0..=59);
    of_hour || of_minute
}

/// Tells whether rows that were moved to the next time that exists stand beside another row of the
/// same symbol at that time.
fn stand_twice(ts: &[i64], moved: &[(usize, i64, i64)], codes: Option<&[u32]>) -> bool {
    let code = |row: usize| codes.map_or(0, |codes| codes[row]);
    let mut instants: BTreeMap<(i64, u32), usize> =
        moved.iter().map(|(row, _, next)| ((*next, code(*row)), 0)).collect();
    for (row, ts) in ts.iter().enumerate() {
        if let Some(count) = instants.get_mut(&(*ts, code(row))) {
            *count += 1;
        }
    }
    instants.values().any(|count| *count > 1)
}

/// A row with a local time that names two instants.
struct Twice {
    row: usize,
    local: i64,
    first: i64,
    second: i64,
}

impl Twice {
    /// Tells whether another time is of the same hour that clocks showed twice.
    fn is_with(&self, other: &Self) -> bool {
        let between = self.second - self.first;
        let apart = self.first.abs_diff(other.first);
        between == other.second - other.first && apart < between.unsigned_abs()
    }
}

/// Takes the second instant for those of such rows that come after the first ones.
fn tell_apart(ts: &mut [i64], twice: &[Twice], order: Order<'_>) {
    let (codes, of_trades) = match order {
        Order::Bars(codes) => (codes, false),
        Order::Trades(codes) => (codes, true),
        Order::None => return,
    };
    let code = |row: usize| codes.map_or(0, |codes| codes[row]);
    if twice.is_empty() {
        return;
    }
    let falls = descending(ts, codes);
    let shortest = shortest_steps(ts, codes);
    // Of each symbol its last such row, and whether that is the second.
    let mut last: BTreeMap<u32, (&Twice, bool)> = BTreeMap::new();
    for now in twice {
        let symbol = code(now.row);
        let falls = falls.get(&symbol).copied().unwrap_or_default();
        let before = last.get(&symbol).filter(|(before, _)| before.is_with(now));
        // Beyond the hour there is nothing to compare with: it begins with its first rows, or, read
        // from the newest on, with its second ones.
        let second = match before {
            None => falls,
            Some((_, second)) if *second != falls => *second,
            Some((before, second)) => {
                let step = if falls { before.local - now.local } else { now.local - before.local };
                // Trades may be late, but not by half of the hour.
                let between = now.second - now.first;
                // A row with the time of the one before is a copy of it, unless bars are as long as
                // the clocks were put back.
                let are_long = shortest.get(&symbol).is_some_and(|step| *step >= between);
                let turns = match of_trades {
                    true => -step > between / 2,
                    false => step < 0 || step == 0 && are_long,
                };
                *second != turns
            }
        };
        if second {
            ts[now.row] = now.second;
        }
        last.insert(symbol, (now, second));
    }
}

/// The symbols, by their codes, of which more times fall than rise from row to row.
fn descending(ts: &[i64], codes: Option<&[u32]>) -> BTreeMap<u32, bool> {
    let mut last: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (row, now) in ts.iter().enumerate().filter(|(_, ts)| **ts != NO_TIME) {
        let code = codes.map_or(0, |codes| codes[row]);
        let (before, rises) = last.entry(code).or_insert((*now, 0));
        *rises += i64::from(*now > *before) - i64::from(*now < *before);
        *before = *now;
    }
    last.into_iter().map(|(code, (_, rises))| (code, rises < 0)).collect()
}

/// The shortest step between different times of rows that follow each other, by symbol.
fn shortest_steps(ts: &[i64], codes: Option<&[u32]>) -> BTreeMap<u32, i64> {
    let mut last: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (row, now) in ts.iter().enumerate().filter(|(_, ts)| **ts != NO_TIME) {
        let code = codes.map_or(0, |codes| codes[row]);
        let (before, shortest) = last.entry(code).or_insert((*now, i64::MAX));
        let step = i64::try_from(now.abs_diff(*before)).unwrap_or(i64::MAX);
        if step > 0 {
            *shortest = step.min(*shortest);
        }
        *before = *now;
    }
    last.into_iter().map(|(code, (_, shortest))| (code, shortest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::of_text;

    /// The hours UTC of times in New York on 2024-11-03, on which clocks show 01:00 to 02:00 twice.
    fn hours(times: &[&str], order: Order<'_>) -> Vec<String> {
        let written: Vec<Written> =
            times.iter().map(|time| of_text(&format!("2024-11-03 {time}")).unwrap()).collect();
        let options = ReadOptions { timezone: "America/New_York".into(), ..ReadOptions::default() };
        let row = |row: usize| format!("row {}", row + 1);
        let found = instants("x", "ts", written.into(), &options, order, row).unwrap();
        let shown = |ts: &i64| Written::Instant(*ts).shown()[11..16].to_owned();
        found.ts.iter().map(shown).collect()
    }

    #[test]
    fn the_order_of_rows_tells_hours_apart() {
        let bars = Order::Bars(None);
        let hourly = ["00:00", "01:00", "01:00", "02:00"];
        assert_eq!(hours(&hourly, bars), ["04:00", "05:00", "06:00", "07:00"]);
        let newest_first = ["02:00", "01:00", "01:00", "00:00"];
        assert_eq!(hours(&newest_first, bars), ["07:00", "06:00", "05:00", "04:00"]);
        let halves = ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"];
        let told = ["04:30", "05:00", "05:30", "06:00", "06:30", "07:00"];
        assert_eq!(hours(&halves, bars), told);
        let mut turned = halves;
        turned.reverse();
        assert!(hours(&turned, bars).iter().eq(told.iter().rev()));
        assert_eq!(hours(&["00:30", "01:45", "01:15"], bars), ["04:30", "05:45", "06:15"]);
        assert_eq!(hours(&["01:00", "01:00", "01:00"], bars), ["05:00", "06:00", "06:00"]);
        assert_eq!(hours(&["01:30", "01:30"], Order::None), ["05:30", "05:30"]);
    }

    #[test]
    fn each_symbol_has_its_own_order() {
        let times = ["00:00", "00:00", "01:00", "01:00", "01:00", "01:00", "02:00", "02:00"];
        let codes = [0, 1, 0, 1, 0, 1, 0, 1];
        let expected = ["04:00", "04:00", "05:00", "05:00", "06:00", "06:00", "07:00", "07:00"];
        assert_eq!(hours(&times, Order::Bars(Some(&codes))), expected);
        // One after the other, the second newest first.
        let times = ["00:00", "01:00", "01:00", "02:00", "01:00", "01:00", "00:00"];
        let codes = [0, 0, 0, 0, 1, 1, 1];
        let expected = ["04:00", "05:00", "06:00", "07:00", "06:00", "05:00", "04:00"];
        assert_eq!(hours(&times, Order::Bars(Some(&codes))), expected);
    }

    #[test]
    fn trades_may_have_one_time_and_be_late() {
        let times = ["01:10", "01:10", "01:09", "01:59", "01:00", "01:00", "01:30", "02:00"];
        let expected = ["05:10", "05:10", "05:09", "05:59", "06:00", "06:00", "06:30", "07:00"];
        assert_eq!(hours(&times, Order::Trades(None)), expected);
    }
}
