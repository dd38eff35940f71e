//! The conformance suite refuses a backend that gets any one column wrong.

use std::sync::Arc;

use barloom_backend::{
    Backend, BackendError, Draws, Numbers, PreparedMarket, Program, SampleBlock, Session, Threads,
    WindowLayout,
};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::Market;

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

    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError> {
        Ok(Arc::new(WrongSession(self.0, Arc::clone(&self.1).session(draws)?)))
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
        let mut right = self.1.allocate_shaped(block.shape(), samples.len())?;
        self.1.sample(samples, threads, &mut right)?;
        let mut to = block.begin(samples)?;
        let to = &mut *to;
        macro_rules! copy {
            ($($name:ident),*) => {
                $(to.$name.copy_from_slice(&right.$name);
                if self.0 == stringify!($name) {
                    to.$name.iter_mut().for_each(|v| *v = next(*v));
                })*
            };
        }
        copy!(
            symbol,
            bar,
            ts,
            equity,
            balance,
            position,
            sl_dist,
            tp_dist,
            act_dir,
            act_dollar,
            act_sl,
            act_tp,
            entry_price,
            exit_price,
            pnl,
            held_bars,
            exit_reason
        );
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
    let columns = "symbol bar ts equity balance position sl_dist tp_dist act_dir act_dollar act_sl \
                   act_tp entry_price exit_price pnl held_bars exit_reason clipped";
    for column in columns.split_whitespace() {
        let Err(difference) = barloom_conformance::check(&Wrong(column)) else {
            panic!("{column} is wrong and the suite passes");
        };
        let trade = ["entry_price", "exit_price", "pnl", "held_bars", "exit_reason"];
        let named = if trade.contains(&column) { "trade" } else { column };
        assert!(difference.contains(named), "{column}: {difference}");
    }
    for windows in ["windows", "channels first", "channels last", "shared windows", "lists"] {
        barloom_conformance::check(&Wrong(windows)).expect_err(windows);
    }
    barloom_conformance::check(&Wrong("none")).expect("what is copied unchanged passes");
}
