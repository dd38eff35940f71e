//! The origins of bars, by runs: rows of a file mostly follow each other.

/// The origin of a bar: a file, and a line or row of it from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, an index of [`Bars::files`](crate::Bars::files).
    pub file: u32,
    /// Its line or row, from 1.
    pub row: u32,
}

/// The origins of bars, in the order of the bars.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    runs: Vec<Run>,
    len: usize,
}

/// Bars whose rows in a file are equally far apart.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first of them among all bars.
    start: usize,
    /// Its origin.
    first: Origin,
    /// From one row to the next; a lone bar has any.
    step: i64,
}

impl Run {
    fn at(&self, bar: usize) -> Origin {
        // Never outside: rows are those that were put in.
        Origin { file: self.first.file, row: u32::try_from(self.row(bar)).unwrap_or(u32::MAX) }
    }

    /// The row of a bar, of the next one too.
    fn row(&self, bar: usize) -> i64 {
        i64::from(self.first.row) + self.step * (bar - self.start) as i64
    }
}

impl Origins {
    /// So many rows of a file that follow each other, the first with that number.
    pub(crate) fn following(first: Origin, len: usize) -> Self {
        let runs = if len > 0 { vec![Run { start: 0, first, step: 1 }] } else { Vec::new() };
        Self { runs, len }
    }

    /// The memory that they take.
    pub(crate) fn bytes(&self) -> usize {
        std::mem::size_of_val(&self.runs[..])
    }

    /// The origin of a bar.
    ///
    /// # Panics
    /// There is no such bar.
    #[must_use]
    pub fn get(&self, bar: usize) -> Origin {
        assert!(bar < self.len, "bar {bar} of {}", self.len);
        self.runs[self.runs.partition_point(|run| run.start <= bar) - 1].at(bar)
    }

    pub(crate) fn push(&mut self, origin: Origin) {
        let bar = self.len;
        self.len += 1;
        if let Some(run) = self.runs.last_mut()
            && run.first.file == origin.file
        {
            if run.start + 1 == bar {
                run.step = i64::from(origin.row) - i64::from(run.first.row);
                return;
            }
            if run.row(bar) == i64::from(origin.row) {
                return;
            }
        }
        self.runs.push(Run { start: bar, first: origin, step: 1 });
    }

    /// Puts others after these.
    pub(crate) fn append(&mut self, others: &Self) {
        let before = self.len;
        let joins = |last: &Run, next: &Run| {
            last.step == next.step
                && last.first.file == next.first.file
                && last.row(before) == i64::from(next.first.row)
        };
        for (at, run) in others.runs.iter().enumerate() {
            let joined = at == 0 && self.runs.last().is_some_and(|last| joins(last, run));
            if !joined {
                self.runs.push(Run { start: before + run.start, ..*run });
            }
        }
        self.len += others.len;
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Origin> {
        self.spans().flat_map(|(run, end)| (run.start..end).map(move |bar| run.at(bar)))
    }

    /// Bars that come from one file one after the other: the first of them, and the file. A file
    /// may follow itself.
    pub fn files(&self) -> impl Iterator<Item = (usize, u32)> {
        self.runs.iter().map(|run| (run.start, run.first.file))
    }

    /// The bars at which a file begins that is not that of the bar before: that bar, the file
    /// before, and its own.
    pub fn seams(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        let pairs = self.runs.windows(2).map(|pair| (pair[0].first.file, pair[1]));
        pairs
            .filter(|(before, run)| *before != run.first.file)
            .map(|(before, run)| (run.start, before, run.first.file))
    }

    /// The origins of these bars, in their order.
    pub(crate) fn take(&self, bars: impl IntoIterator<Item = usize>) -> Self {
        bars.into_iter().map(|bar| self.get(bar)).collect()
    }

    /// The last first.
    pub(crate) fn reverse(&mut self) {
        let mut runs: Vec<Run> = self
            .spans()
            .map(|(run, end)| Run {
                start: self.len - end,
                first: run.at(end - 1),
                step: -run.step,
            })
            .collect();
        runs.reverse();
        self.runs = runs;
    }

    /// The same rows of another file.
    pub(crate) fn of_file(mut self, file: u32) -> Self {
        self.runs.iter_mut().for_each(|run| run.first.file = file);
        self
    }

    /// The same, each so many rows further down.
    pub(crate) fn moved(mut self, rows: u32) -> Self {
        for run in &mut self.runs {
            run.first.row = run.first.row.saturating_add(rows);
        }
        self
    }

    /// Runs, and the bar after the last of each.
    fn spans(&self) -> impl Iterator<Item = (Run, usize)> {
        let ends = self.runs.iter().skip(1).map(|run| run.start).chain([self.len]);
        self.runs.iter().copied().zip(ends)
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        let mut all = Self::default();
        origins.into_iter().for_each(|origin| all.push(origin));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(u32, u32)]) -> Vec<Origin> {
        rows.iter().map(|(file, row)| Origin { file: *file, row: *row }).collect()
    }

    #[test]
    fn runs_hold_what_was_put_in() {
        let lists = [
            vec![],
            of(&[(0, 7)]),
            of(&[(0, 1), (0, 2), (0, 3), (0, 5), (0, 6), (1, 7), (1, 1), (0, 2)]),
            of(&[(0, 9), (0, 8), (0, 7), (0, 7), (0, 7), (2, 7), (2, 11), (2, 15), (2, 16)]),
            of(&[(3, u32::MAX), (3, 0), (3, u32::MAX), (0, 1)]),
        ];
        for list in &lists {
            let runs: Origins = list.iter().copied().collect();
            assert_eq!(runs.iter().collect::<Vec<_>>(), *list);
            assert_eq!((0..list.len()).map(|bar| runs.get(bar)).collect::<Vec<_>>(), *list);
            let mut turned = runs.clone();
            turned.reverse();
            assert!(turned.iter().eq(list.iter().rev().copied()));
            let seams: Vec<usize> =
                (1..list.len()).filter(|bar| list[bar - 1].file != list[*bar].file).collect();
            assert_eq!(runs.seams().map(|(bar, ..)| bar).collect::<Vec<_>>(), seams);
            for other in &lists {
                let mut both = runs.clone();
                both.append(&other.iter().copied().collect());
                assert!(both.iter().eq(list.iter().chain(other).copied()), "{list:?} {other:?}");
                assert_eq!(both.len, list.len() + other.len());
            }
        }
    }

    #[test]
    fn rows_that_follow_each_other_take_no_room() {
        let mut all = Origins::following(Origin { file: 0, row: 2 }, 1_000);
        all.append(&Origins::following(Origin { file: 0, row: 1_002 }, 500));
        all.append(&(0..500).map(|i| Origin { file: 1, row: 3 * i }).collect());
        assert_eq!((all.runs.len(), all.len), (2, 2_000));
        assert_eq!(all.get(1_400), Origin { file: 0, row: 1_402 });
        assert_eq!(all.of_file(5).get(1_999), Origin { file: 5, row: 1_497 });
    }
}
