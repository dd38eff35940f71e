//! A recipe and bars whose datasets are built on a store, and the files of a store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_dataset::{Build, PartBuild};
use barloom_files::{Folder, Memory, Storage};
use barloom_plan::Planner;
use barloom_recipe::Recipe;

pub(crate) const FORMATS: [&str; 4] = ["parquet", "arrow", "npy", "virtual"];

/// A path that no disk has.
pub(crate) const OUT: &str = "/barloom-store/d";

/// The files of a store.
pub(crate) type Files = BTreeMap<PathBuf, Arc<[u8]>>;

/// A recipe and bars.
pub(crate) struct Case {
    pub(crate) market: Arc<Market>,
    pub(crate) recipe: Recipe,
}

impl Case {
    pub(crate) fn new(format: &str, more: &str) -> Self {
        let names = ["open", "high", "low", "close", "volume"];
        let price = |bar: i64| 10.0 + (bar * 37 % 101) as f64 / 50.0;
        let series = |symbol: &str, shift: i64| {
            let times = (0..200).map(|bar| 1_704_067_200_000_000_000 + bar * 60_000_000_000);
            let values = |name: &str| -> Vec<f64> {
                let move_by = match name {
                    "high" => 0.5,
                    "low" => -0.5,
                    _ => 0.0,
                };
                (0..200).map(|bar| price(bar + shift) + move_by).collect()
            };
            let columns = names.map(|name| Column::new(name, values(name))).to_vec();
            Series::new(symbol, times.collect(), columns).unwrap()
        };
        let all = [series("A", 0), series("B", 5)];
        let channels = names.map(str::to_owned);
        let market = Arc::new(Market::new(&all, &channels, MaxGap::Auto).unwrap());
        let text = format!(
            "[data]\nchannels = [\"close\", \"volume\"]\n[dataset]\nsamples = 9000\nlookback = 2\n\
             forward = 2\n[output]\nformat = {format:?}\nshard_rows = 4096\n{more}"
        );
        let recipe = Recipe::from_toml(&text, "test").unwrap().resolve(&market).unwrap();
        Self { market, recipe }
    }

    pub(crate) fn build(&self, out: impl Into<Folder>) -> Build<'_> {
        let planner = Planner::new(&self.recipe, &self.market).unwrap();
        let plans = planner.plans(&planner.parts()).unwrap().into_iter();
        let parts = plans.map(|plan| {
            let session = plan.session(&CpuBackend::default(), Arc::clone(&self.market)).unwrap();
            PartBuild { plan, session }
        });
        Build { threads: 1, ..Build::new(out, &self.recipe, &self.market, parts.collect()) }
    }

    /// The files that a build makes on a store.
    pub(crate) fn built(&self) -> Files {
        let store = Memory::default();
        self.build(on(&store, OUT)).run().unwrap();
        store.files()
    }
}

/// A folder of a store.
pub(crate) fn on(store: &(impl Storage + Clone + 'static), path: &str) -> Folder {
    Folder::new(Arc::new(store.clone()), path)
}

/// Asserts that two stores hold the same files, and says which one differs.
#[track_caller]
pub(crate) fn assert_same(found: &Files, expected: &Files, context: &str) {
    assert!(found.keys().eq(expected.keys()), "{context}: {:?}", found.keys());
    let other = expected.keys().find(|path| found[*path] != expected[*path]);
    assert_eq!(other, None, "{context}");
}
