//! Parts of a market: those of a chronological split, and the roles of folds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use barloom_bars::Market;

use crate::{Fold, Role, Roles, SplitsError};

/// The folder of the samples in a dataset's folder, which no part may be called.
const SAMPLES: &str = "samples";

/// Rows in which the lookback of a part's samples may lie. Labels always lie in the part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookbackFrom {
    /// In the part, as the labels do.
    Part,
    /// In the segment: inputs may reach back into earlier parts, labels never overlap.
    #[default]
    History,
}

/// The end of a part, as a fraction or a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartEnd {
    /// The part holds this share of the pooled bars' times.
    Fraction(f64),
    /// The part ends before this time, ns since 1970 UTC.
    Until(i64),
}

/// A part as it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PartSpec {
    /// Its name, also the name of its folder.
    pub name: String,
    /// Its end; it starts where the one before it ends.
    pub end: PartEnd,
}

/// A chronological split: parts in time order, with boundaries common to all symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The parts in time order.
    pub parts: Vec<PartSpec>,
    /// Bars of each series that are left out before each later part.
    pub embargo: u64,
    /// Rows in which lookbacks may lie.
    pub lookback_from: LookbackFrom,
}

/// A part of a given market: bars on which samples may stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The number of the random stream that draws its samples: its place in the split from 0, or
    /// three a fold.
    pub index: u32,
    /// Its name, also the path of its folder: `train`, or `fold-00-train`.
    pub name: String,
    /// First time, ns since 1970 UTC.
    pub start_ns: i64,
    /// The end of its times, exclusive.
    pub end_ns: i64,
    /// Its share of the samples: the fraction as given, or with dates its share of the bars; 1 for
    /// roles of folds.
    pub share: f64,
    /// The bars between these times that samples may stand on.
    pub rule: PartRule,
}

/// The rule by which a part takes bars.
#[derive(Clone, Debug, PartialEq)]
pub enum PartRule {
    /// All bars whose label bars lie between the part's times, less the embargo.
    Chronological {
        /// Bars left out at its end, in each series: 0 for the last part.
        embargo: u64,
        /// Rows in which lookbacks may lie.
        lookback_from: LookbackFrom,
    },
    /// The bars of a role of a fold.
    Role(FoldRole),
}

/// A role of a fold on a given market.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldRole {
    /// The number of the fold, from 0.
    pub fold: u32,
    /// The number of folds.
    pub folds: u32,
    /// The role.
    pub role: Role,
    /// The times of its bars, `[start, end)` in ns since 1970 UTC, ascending and apart.
    pub times: Vec<Range<i64>>,
    /// The groups that the fold tests, each with its times: see [`Fold::groups`].
    pub groups: Vec<(usize, Range<i64>)>,
    /// The arena rows on which samples may stand, ascending and disjoint, each range of one series.
    pub rows: Arc<[Range<usize>]>,
    /// Labelled bars of these times that were left out as their labels meet bars of a role that
    /// must not see them.
    pub purged: u64,
    /// Labelled bars of these times that were left out by the embargo alone.
    pub embargoed: u64,
}

impl FoldRole {
    /// The arena rows between the times of the role, labelled or not, ascending and disjoint.
    #[must_use]
    pub fn bars(&self, market: &Market) -> Vec<Range<usize>> {
        rows_between(market, &self.times)
    }
}

/// The arena rows of all series whose opens lie between times, ascending and disjoint.
fn rows_between(market: &Market, times: &[Range<i64>]) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    for span in market.series() {
        let ts = &market.ts()[span.start..span.end];
        let row = |time: i64| span.start + ts.partition_point(|t| *t < time);
        let of_times = times.iter().map(|one| row(one.start)..row(one.end));
        rows.extend(of_times.filter(|range| !range.is_empty()));
    }
    rows
}

impl Part {
    /// The roles of a fold that have times, as parts. `count` is the number of folds: it gives the
    /// digits of their names.
    #[must_use]
    pub fn of_fold(fold: &Fold, roles: &Roles, count: usize) -> Vec<Self> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let part = |role: Role| {
            let times = fold.times(role);
            let (first, last) = (times.first()?, times.last()?);
            let rule = PartRule::Role(FoldRole {
                fold: fold.index,
                folds: count,
                role,
                times: times.to_vec(),
                groups: fold.groups.iter().copied().zip(fold.group_times.clone()).collect(),
                rows: roles.rows(role).into(),
                purged: roles.purged(role),
                embargoed: roles.embargoed(role),
            });
            Some(Self {
                index: fold.stream(role),
                name: Self::name_of_fold(fold.index, role, count),
                start_ns: first.start,
                end_ns: last.end,
                share: 1.0,
                rule,
            })
        };
        Role::ALL.into_iter().filter_map(part).collect()
    }

    /// The name of a role of one of so many folds: `fold-00-train`.
    #[must_use]
    pub fn name_of_fold(fold: u32, role: Role, folds: u32) -> String {
        let digits = folds.saturating_sub(1).to_string().len().max(2);
        format!("fold-{fold:0digits$}-{}", role.name())
    }

    /// The role of a fold that it is; none for a part of a chronological split.
    #[must_use]
    pub fn role(&self) -> Option<&FoldRole> {
        match &self.rule {
            PartRule::Role(role) => Some(role),
            PartRule::Chronological { .. } => None,
        }
    }

    /// The arena rows of a series in which labels of a part's samples may lie: between its times,
    /// the embargo taken off. Labels of a role of a fold may lie anywhere in the series.
    ///
    /// # Panics
    /// `series` is not an index into [`Market::series`].
    #[must_use]
    pub fn label_rows(&self, market: &Market, series: usize) -> Range<usize> {
        let span = &market.series()[series];
        let PartRule::Chronological { embargo, .. } = self.rule else {
            return span.start..span.end;
        };
        let ts = &market.ts()[span.start..span.end];
        let start = ts.partition_point(|t| *t < self.start_ns);
        let end = ts.partition_point(|t| *t < self.end_ns);
        // An embargo is counted back from the boundary, and there is one only where bars follow.
        let embargo = if end < ts.len() { usize::try_from(embargo).unwrap_or(end) } else { 0 };
        span.start + start..span.start + end.saturating_sub(embargo).max(start)
    }

    /// True if the inputs of its samples may reach back before the part.
    #[must_use]
    pub fn reaches_back(&self) -> bool {
        let part = LookbackFrom::Part;
        !matches!(self.rule, PartRule::Chronological { lookback_from, .. } if lookback_from == part)
    }
}

impl Split {
    /// The parts as time intervals of this market.
    ///
    /// With fractions, a boundary is the time of the pooled bar at `floor(fraction * bars)`,
    /// fractions summed in order; the last part of a split whose fractions make 1 has no end.
    ///
    /// # Errors
    /// No parts, a name twice, even in another case, or not usable as a folder, fractions mixed
    /// with dates, fractions that are not in (0, 1] or exceed 1 in sum, dates that do not ascend.
    pub fn resolve(&self, market: &Market) -> Result<Vec<Part>, SplitsError> {
        self.check()?;
        let mut times = market.ts().to_vec();
        times.sort_unstable();
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut start_ns = i64::MIN;
        let mut before = 0;
        let mut sum = 0.0;
        for (index, spec) in self.parts.iter().enumerate() {
            let end_ns = match spec.end {
                PartEnd::Until(ns) => ns,
                PartEnd::Fraction(fraction) => {
                    sum += fraction;
                    // Sums such as 0.7 + 0.2 + 0.1 miss 1 by a rounding.
                    let at = ((sum + 1e-12) * times.len() as f64) as usize;
                    times.get(at).copied().unwrap_or(i64::MAX)
                }
            };
            let upto = times.partition_point(|t| *t < end_ns);
            let share = match spec.end {
                PartEnd::Fraction(fraction) => fraction,
                PartEnd::Until(_) => (upto - before) as f64 / times.len() as f64,
            };
            let last = index + 1 == self.parts.len();
            parts.push(Part {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                name: spec.name.clone(),
                start_ns,
                end_ns,
                share,
                rule: PartRule::Chronological {
                    embargo: if last { 0 } else { self.embargo },
                    lookback_from: self.lookback_from,
                },
            });
            (start_ns, before) = (end_ns, upto);
        }
        Ok(parts)
    }

    /// Checks what can be checked without a market.
    ///
    /// # Errors
    /// As [`Split::resolve`].
    pub fn check(&self) -> Result<(), SplitsError> {
        let error = |field: String, problem: String| Err(SplitsError::Part { field, problem });
        if self.parts.is_empty() {
            return error("part".into(), "a split needs at least one [[split.part]]".into());
        }
        let mut sum = 0.0;
        let mut until = i64::MIN;
        // The first part of each name, in one case.
        let mut first = BTreeMap::new();
        for (index, part) in self.parts.iter().enumerate() {
            let key = format!("part[{index}]");
            let folder = part.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if part.name.is_empty() || !folder {
                return error(
                    format!("{key}.name"),
                    format!(
                        "{:?} is not a valid folder name; use letters, digits, - and _",
                        part.name
                    ),
                );
            }
            if part.name.eq_ignore_ascii_case(SAMPLES) {
                let problem = format!(
                    "{:?} is the folder of a dataset's samples; use another name",
                    part.name
                );
                return error(format!("{key}.name"), problem);
            }
            // Some file systems take names that differ only in case for one.
            let before = *first.entry(part.name.to_ascii_lowercase()).or_insert(index);
            if before < index {
                let before = &self.parts[before].name;
                let problem = if *before == part.name {
                    format!("{:?} is used for two parts; use another name", part.name)
                } else {
                    format!(
                        "{:?} differs only in case from {before:?}, and some file systems treat \
                         them as the same folder; rename one",
                        part.name
                    )
                };
                return error(format!("{key}.name"), problem);
            }
            match part.end {
                PartEnd::Fraction(f) => {
                    sum += f;
                    if !(f > 0.0 && f <= 1.0) || sum > 1.0 + 1e-9 {
                        return error(
                            format!("{key}.fraction"),
                            format!(
                                "{f} (the sum so far is {sum}): fractions must be above 0 and \
                                 their sum at most 1"
                            ),
                        );
                    }
                }
                PartEnd::Until(ns) => {
                    if ns <= until {
                        return error(
                            format!("{key}.until"),
                            "the dates of parts must ascend".into(),
                        );
                    }
                    until = ns;
                }
            }
        }
        let fractions = self.parts.iter().filter(|p| matches!(p.end, PartEnd::Fraction(_))).count();
        if fractions != 0 && fractions != self.parts.len() {
            return error(
                "part".into(),
                "some parts have a fraction and some a date; give all the same".into(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use barloom_bars::{Column, MaxGap, PRICE_COLUMNS, Series};

    use super::*;

    fn market(lengths: &[usize]) -> Market {
        let series = lengths.iter().enumerate().map(|(i, n)| {
            let columns = PRICE_COLUMNS.iter().map(|c| Column::new(*c, vec![1.0; *n])).collect();
            Series::new(format!("S{i}"), (0..*n as i64).collect(), columns).unwrap()
        });
        Market::new(&series.collect::<Vec<_>>(), &[], MaxGap::None).unwrap()
    }

    fn split(ends: &[PartEnd], embargo: u64) -> Split {
        let part = |(i, end): (usize, &PartEnd)| PartSpec { name: format!("p{i}"), end: *end };
        Split {
            parts: ends.iter().enumerate().map(part).collect(),
            embargo,
            lookback_from: LookbackFrom::Part,
        }
    }

    #[test]
    fn fractions_cut_pooled_times_for_all_symbols_alike() {
        let market = market(&[100, 50]);
        let fractions = [PartEnd::Fraction(0.7), PartEnd::Fraction(0.2), PartEnd::Fraction(0.1)];
        let parts = split(&fractions, 3).resolve(&market).unwrap();
        // 150 pooled times: 0,0,1,1,..,49,49,50,51,..,99; number 105 is 55, number 135 is 85.
        assert_eq!(parts[0].label_rows(&market, 0), 0..52);
        assert_eq!(parts[1].label_rows(&market, 0), 55..82);
        assert_eq!(parts[2].label_rows(&market, 0), 85..100);
        assert_eq!(parts[0].label_rows(&market, 1), 100..150, "nothing follows: no embargo");
        assert!(parts[1].label_rows(&market, 1).is_empty());
    }

    #[test]
    fn dates_cut_by_time() {
        let market = market(&[100]);
        let parts = split(&[PartEnd::Until(80), PartEnd::Until(90)], 0).resolve(&market).unwrap();
        assert_eq!(parts[0].label_rows(&market, 0), 0..80);
        assert_eq!(parts[1].label_rows(&market, 0), 80..90);
        assert_eq!((parts[0].share, parts[1].share), (0.8, 0.1));
    }

    #[test]
    fn refuses_names_that_are_one_folder() {
        for (other, says) in [("p0", "two parts"), ("P0", "case")] {
            let mut split = split(&[PartEnd::Until(7), PartEnd::Until(8)], 0);
            split.parts[1].name = other.into();
            let error = split.check().unwrap_err().to_string();
            assert!(error.contains("part[1].name") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_no_split() {
        for ends in [
            vec![],
            vec![PartEnd::Fraction(0.0)],
            vec![PartEnd::Fraction(0.8), PartEnd::Fraction(0.3)],
            vec![PartEnd::Fraction(f64::NAN)],
            vec![PartEnd::Fraction(0.5), PartEnd::Until(7)],
            vec![PartEnd::Until(7), PartEnd::Until(7)],
        ] {
            assert!(split(&ends, 0).check().is_err(), "{ends:?}");
        }
    }
}
