//! Columns of times, and the instants that they name.

use barloom_memory::vec_with_capacity;

use crate::table::NO_TIME;
use crate::time::{Written, day_first, in_zone, of_slashed, zone};
use crate::{MarketDataError, ReadOptions};

/// What a column of times says of all of them.
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

/// Times as instants, and where epoch numbers change their unit.
pub(crate) fn instants(
    file: &str,
    column: &str,
    times: Times,
    options: &ReadOptions,
    place: impl Fn(usize) -> String,
) -> Result<(Vec<i64>, Option<&'static str>, UnitJumps), MarketDataError> {
    let zone = zone(&options.timezone)?;
    let utc = options.timezone == "UTC";
    if times.mixed.is_none() {
        match times.kind {
            None | Some(Kind::Instant) => return Ok((times.alike, None, Vec::new())),
            Some(Kind::Epoch(unit)) => return Ok((times.alike, Some(unit), Vec::new())),
            Some(Kind::Local) if utc => return Ok((times.alike, None, Vec::new())),
            Some(Kind::Local) => {}
        }
    }
    let mut times = times;
    let written = &*times.mix();
    let day_first = match options.csv.day_first {
        Some(day_first) => day_first,
        None => day_first(written)
            .map_err(|e| MarketDataError::file(file, format!("column {column}: {e}")))?,
    };
    let mut ts = Vec::with_capacity(written.len());
    let mut jumps = Vec::new();
    let mut unit = None;
    let mut first_unit = None;
    for (row, time) in written.iter().enumerate() {
        let local = |ns: i64| if utc { Some(ns) } else { in_zone(ns, &zone) };
        let instant = match *time {
            Written::Missing => Some(NO_TIME),
            Written::Instant(ns) => Some(ns),
            Written::Epoch(ns, now) => {
                first_unit.get_or_insert(now);
                if let Some(before) = unit.replace(now)
                    && before != now
                {
                    jumps.push((row, before, now));
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
                expected: format!("a time that exists in {}", options.timezone),
            });
        };
        ts.push(instant);
    }
    Ok((ts, first_unit, jumps))
}
