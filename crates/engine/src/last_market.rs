//! A loaded market shared by datasets that have the same bars.

use std::sync::{Arc, Mutex, PoisonError};

use barloom_backend::{Backend, BackendError, PreparedMarket, Program};
use barloom_bars::Market;

/// A backend that loads a market once where the next one is equal: the parts of a split dataset
/// each hold a copy of its bars.
pub(crate) struct LastMarket {
    backend: Box<dyn Backend>,
    last: Mutex<Option<Arc<dyn PreparedMarket>>>,
}

impl LastMarket {
    pub(crate) fn new(backend: Box<dyn Backend>) -> Self {
        Self { backend, last: Mutex::new(None) }
    }
}

impl Backend for LastMarket {
    fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = &*last
            && **prepared.program() == *program
            && equal(prepared.market(), &market)
        {
            return Ok(Arc::clone(prepared));
        }
        // There may be no room for two.
        *last = None;
        let prepared = self.backend.load(market, program)?;
        *last = Some(Arc::clone(&prepared));
        Ok(prepared)
    }
}

/// Tells whether two markets hold the same bits.
fn equal(a: &Market, b: &Market) -> bool {
    a.series() == b.series()
        && a.segments() == b.segments()
        && a.ts() == b.ts()
        && a.columns().len() == b.columns().len()
        && a.columns().iter().zip(b.columns()).all(|(a, b)| {
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
            a.name == b.name
                && a.values.len() == b.values.len()
                && a.values.iter().zip(&*b.values).all(same)
        })
}

#[cfg(test)]
mod tests {
    use barloom_backend_cpu::CpuBackend;
    use barloom_bars::{Column, MaxGap, Series};
    use barloom_plan::Plan;
    use barloom_recipe::Recipe;

    use super::*;

    /// A market of 200 bars, whose last close is another one.
    fn market(last: f64) -> Arc<Market> {
        let price = |by: f64| (0..200).map(|i| 100.0 + f64::from(i % 7) + by).collect::<Vec<_>>();
        let mut close = price(0.0);
        close[199] = last;
        let columns = vec![
            Column::new("open", price(0.0)),
            Column::new("high", price(9.0)),
            Column::new("low", price(-9.0)),
            Column::new("close", close),
            Column::new("volume", vec![1.0; 200]),
        ];
        let ts = (0..200).map(|i| i * 60_000_000_000).collect();
        let series = Series::new("A", ts, columns).unwrap();
        Arc::new(Market::new(&[series], &["volume".into()], MaxGap::Auto).unwrap())
    }

    #[test]
    fn an_equal_market_is_loaded_once() {
        let backend = LastMarket::new(Box::new(CpuBackend::default()));
        let program = |market: &Market, more: &str| {
            let recipe = Recipe::from_toml(more, "test").unwrap().resolve(market).unwrap();
            Plan::new(&recipe, market, None).unwrap().program
        };
        let load = |last: f64, more: &str| {
            let market = market(last);
            let program = program(&market, more);
            backend.load(market, program).unwrap()
        };
        let first = load(100.0, "");
        assert!(Arc::ptr_eq(&first, &load(100.0, "")));
        assert!(!Arc::ptr_eq(&first, &load(100.5, "")), "other bars");
        assert!(!Arc::ptr_eq(&first, &load(100.0, "")), "the one before last is gone");
        let last = load(100.0, "");
        assert!(Arc::ptr_eq(&last, &load(100.0, "")));
        assert!(!Arc::ptr_eq(&last, &load(100.0, "reward = { fee_bps = 1.0 }")), "other costs");
    }
}
