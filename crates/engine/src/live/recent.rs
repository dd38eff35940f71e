//! The last bars of a symbol, as windows and snapshots hold them.

use barloom_backend::{Program, scale_window};

/// The place of a sample's column among what is known of a bar.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A column of the bar.
    Bar(usize),
    /// A feature.
    Feature(usize),
}

/// The columns of samples.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) channels: Vec<Place>,
    pub(super) snapshot: Vec<Place>,
}

/// The last L bars of a symbol, of one segment.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// The place of the symbol in the market, by which scalers are chosen.
    series: usize,
    close: Vec<f64>,
    /// The values of each channel, fitted if they are to be.
    channels: Vec<Vec<f64>>,
    /// The number of last bars of which all channels are there.
    whole: usize,
    /// The channel that was missing last.
    lacking: usize,
    snapshot: Vec<f32>,
    /// The first column of the snapshot that the last bar lacks.
    no_snapshot: Option<usize>,
}

/// The place of the closes among the columns of a bar.
const CLOSE: usize = 3;

impl Recent {
    pub(super) fn new(series: usize, program: &Program) -> Self {
        Self {
            series,
            close: Vec::new(),
            channels: vec![Vec::new(); program.channels.len()],
            whole: 0,
            lacking: 0,
            snapshot: Vec::new(),
            no_snapshot: None,
        }
    }

    /// Forgets all bars.
    pub(super) fn clear(&mut self) {
        self.close.clear();
        self.channels.iter_mut().for_each(Vec::clear);
        (self.whole, self.no_snapshot) = (0, None);
    }

    /// Takes the next bar of the segment.
    pub(super) fn push(&mut self, program: &Program, held: &Held, bar: &[f64], features: &[f64]) {
        let value = |place: &Place| match *place {
            Place::Bar(place) => bar[place],
            Place::Feature(place) => features[place],
        };
        let keep = program.lookback;
        if self.close.len() >= 2 * keep {
            let old = self.close.len() - keep + 1;
            self.close.drain(..old);
            self.channels.iter_mut().for_each(|channel| drop(channel.drain(..old)));
        }
        let close = bar[CLOSE];
        self.close.push(close);
        let mut lacking = None;
        let channels = program.channels.iter().zip(&held.channels).zip(&mut self.channels);
        for (at, ((channel, place), values)) in channels.enumerate() {
            let x = value(place);
            if !channel.takes(self.series, x) {
                lacking = lacking.or(Some(at));
            }
            values.push(channel.value(self.series, x));
        }
        match lacking {
            None => self.whole += 1,
            Some(at) => (self.whole, self.lacking) = (0, at),
        }
        self.snapshot.clear();
        self.no_snapshot = None;
        for (at, (column, place)) in program.snapshot.iter().zip(&held.snapshot).enumerate() {
            let x = value(place);
            if !column.takes(self.series, x) {
                self.no_snapshot = self.no_snapshot.or(Some(at));
            }
            self.snapshot.push(column.of_bar(self.series, x, close));
        }
    }

    /// The reason why there is no window; none if there is one.
    pub(super) fn lacks(&self, program: &Program) -> Option<String> {
        let lookback = program.lookback;
        let bars = self.close.len().min(lookback);
        if bars < lookback {
            return Some(format!("its segment has {bars} of the {lookback} bars of a window"));
        }
        if self.whole < lookback {
            let name = &program.channels[self.lacking].name;
            return Some(format!("{name} has no value in one of the last {lookback} bars"));
        }
        let at = self.no_snapshot?;
        Some(format!("{} has no value at the last bar", program.snapshot[at].name))
    }

    /// The window, `[C, L]`; there must be one.
    pub(super) fn window(&self, program: &Program, out: &mut [f32]) {
        let tail = |values: &'_ Vec<f64>| values.len() - program.lookback;
        let columns: Vec<&[f64]> =
            self.channels.iter().map(|values| &values[tail(values)..]).collect();
        scale_window(&program.channels, &columns, &self.close[tail(&self.close)..], out);
    }

    /// The snapshot, `[K]`.
    pub(super) fn snapshot(&self) -> &[f32] {
        &self.snapshot
    }
}
