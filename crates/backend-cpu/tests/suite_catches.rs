//! The conformance suite refuses a backend that gets any one column wrong.

use std::sync::Arc;

use barloom_backend::{
    Backend, BackendError, Decisions, Draws, Numbers, PreparedMarket, PricedBlock, Program,
    SampleBlock, Session, Threads, WindowBlock, WindowLayout,
};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::Market;
use barloom_schema::{COLUMNS, Role};

/// The CPU backend, but for one column.
struct Wrong(&'static str);

struct WrongMarket(&'static str, Arc<dyn PreparedMarket>);

struct WrongSession(&'static str, Arc<dyn Session>);

impl Backend for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        Ok(Arc::new(WrongMarket(self.0, CpuBackend::default().load(market, program)?)))
    }
}

impl PreparedMarket for WrongMarket {
    fn market(&self) -> &Arc<Market> {
        self.1.market()
    }

    fn program(&self) -> &Arc<Program> {
        self.1.program()
    }

    fn with_program(
        self: Arc<Self>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        Ok(Arc::new(WrongMarket(self.0, Arc::clone(&self.1).with_program(program)?)))
    }

    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError> {
        Ok(Arc::new(WrongSession(self.0, Arc::clone(&self.1).session(draws)?)))
    }

    fn observe(
        &self,
        rows: &[usize],
        threads: Threads,
        block: &mut WindowBlock,
    ) -> Result<(), BackendError> {
        self.1.observe(rows, threads, block)?;
        if self.0 == "observed snapshot" {
            flip_last(block.begin(rows.len())?.snapshot);
            return Ok(());
        }
        let spoilt = match (self.0, block.shape().layout) {
            ("observed", WindowLayout::PerChannel)
            | ("observed channels first", WindowLayout::ChannelsFirst)
            | ("observed channels last", WindowLayout::ChannelsLast) => rows.len() > 64,
            _ => false,
        };
        if spoilt && let Some(last) = last_of(&mut block.begin(rows.len())?.columns) {
            *last = f32::from_bits(last.to_bits() ^ 1);
        }
        Ok(())
    }

    fn price(
        &self,
        decisions: Decisions<'_>,
        threads: Threads,
        block: &mut PricedBlock,
    ) -> Result<(), BackendError> {
        self.1.price(decisions, threads, block)?;
        let mut to = block.begin(decisions.len())?;
        macro_rules! spoil {
            ($($name:ident),*) => {
                $(if self.0 == concat!("priced ", stringify!($name)) {
                    to.$name.iter_mut().for_each(|v| *v = next(*v));
                })*
            };
        }
        spoil!(entry_price, exit_price, pnl, held_bars, exit_reason, mfe, mae);
        match self.0 {
            "priced rewards" => {
                if let Some(last) = last_of(&mut to.rewards) {
                    *last = next(*last);
                }
            }
            "priced clipped" => to.clipped.iter_mut().for_each(|column| column.fill(0)),
            _ => {}
        }
        Ok(())
    }
}

impl Session for WrongSession {
    fn program(&self) -> &Program {
        self.1.program()
    }

    fn draws(&self) -> &Draws {
        self.1.draws()
    }

    fn sample(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        self.draws().check_block(self.program(), samples, block)?;
        let mut right = self.1.allocate_shaped(block.shape(), samples.len())?;
        self.1.sample(samples, threads, &mut right)?;
        let mut to = block.begin(samples)?;
        let to = &mut *to;
        macro_rules! copy {
            ($($name:ident: $type:ty),*) => {
                $(to.$name.copy_from_slice(&right.$name);
                if self.0 == stringify!($name) {
                    to.$name.iter_mut().for_each(|v| *v = next(*v));
                })*
            };
        }
        barloom_schema::columns!(plain copy);
        let windows = to.windows.iter_mut().zip(&right.windows);
        windows.for_each(|(to, from)| to.copy_from_slice(from));
        let shape = right.shape();
        let spoilt = match self.0 {
            "windows" => shape.layout == WindowLayout::PerChannel,
            "channels first" => shape.layout == WindowLayout::ChannelsFirst,
            "channels last" => shape.layout == WindowLayout::ChannelsLast,
            "shared windows" => shape.rows_per_window > 1,
            "lists" => matches!(samples, Numbers::Listed(_)) && samples.len() > 64,
            _ => false,
        };
        if let (true, Some(last)) = (spoilt, to.windows.last_mut().and_then(|w| w.last_mut())) {
            *last = f32::from_bits(last.to_bits() ^ 1);
        }
        to.snapshot.copy_from_slice(&right.snapshot);
        if self.0 == "snapshot" {
            flip_last(to.snapshot);
        }
        for (to, from) in to.labels.iter_mut().zip(&right.labels) {
            to.bytes_mut().copy_from_slice(from.values().bytes());
            if self.0 == from.name()
                && let Some(last) = to.bytes_mut().last_mut()
            {
                *last ^= 1;
            }
        }
        let rewards = to.rewards.iter_mut().zip(&right.rewards);
        rewards.for_each(|(to, from)| to.copy_from_slice(from));
        for (to, from) in to.clipped.iter_mut().zip(&right.clipped) {
            to.copy_from_slice(from);
            if self.0 == "clipped" {
                to.fill(0);
            }
        }
        Ok(())
    }
}

/// Changes the last value, if there is one.
fn flip_last(values: &mut [f32]) {
    if let Some(last) = values.last_mut() {
        *last = f32::from_bits(last.to_bits() ^ 1);
    }
}

/// The last value of the last column, if there is one.
fn last_of<'a, T>(columns: &'a mut [&mut [T]]) -> Option<&'a mut T> {
    columns.last_mut().and_then(|column| column.last_mut())
}

/// The value with its lowest bit flipped.
fn next<T: Flip>(value: T) -> T {
    value.flip()
}

trait Flip {
    fn flip(self) -> Self;
}

macro_rules! flip {
    ($($type:ty),*) => { $(impl Flip for $type { fn flip(self) -> Self { self ^ 1 } })* };
}
flip!(u8, i8, u32, i32, i64);

impl Flip for f64 {
    fn flip(self) -> Self {
        Self::from_bits(self.to_bits() ^ 1)
    }
}

#[test]
fn one_wrong_column_is_caught() {
    let is_trade = |name: &str| {
        COLUMNS.iter().any(|column| column.name == name && column.role == Role::Outcome)
    };
    for column in COLUMNS.iter().map(|column| column.name).chain(["clipped"]) {
        let Err(difference) = barloom_conformance::check(&Wrong(column)) else {
            panic!("{column} is wrong and the suite passes");
        };
        let named = if is_trade(column) { "trade" } else { column };
        assert!(difference.contains(named), "{column}: {difference}");
    }
    for label in ["tb", "tb_return", "tb_bars", "tb_ambiguous", "path", "weight"] {
        let difference = barloom_conformance::check(&Wrong(label)).expect_err(label);
        assert!(difference.contains(&format!("{label} ")), "{label}: {difference}");
    }
    for windows in ["windows", "channels first", "channels last", "shared windows", "lists"] {
        barloom_conformance::check(&Wrong(windows)).expect_err(windows);
    }
    for observed in ["observed", "observed channels first", "observed channels last"] {
        let difference = barloom_conformance::check(&Wrong(observed)).expect_err(observed);
        assert!(difference.contains("observed"), "{observed}: {difference}");
    }
    for snapshot in ["snapshot", "observed snapshot"] {
        let difference = barloom_conformance::check(&Wrong(snapshot)).expect_err(snapshot);
        assert!(difference.contains(snapshot.split(' ').next_back().unwrap()), "{difference}");
    }
    let priced = "entry_price exit_price pnl held_bars exit_reason mfe mae rewards clipped";
    for column in priced.split(' ') {
        let wrong = format!("priced {column}");
        let difference =
            barloom_conformance::check(&Wrong(wrong.clone().leak())).expect_err(&wrong);
        assert!(difference.contains("priced"), "{wrong}: {difference}");
    }
    barloom_conformance::check(&Wrong("none")).expect("what is copied unchanged passes");
}
