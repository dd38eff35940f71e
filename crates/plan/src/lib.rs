//! A recipe resolved against a market: the input of a backend, and the warnings for people.
//!
//! A [`Planner`] resolves the settings of all parts into one [`Program`](barloom_backend::Program).
//! It resolves each part into a [`Plan`]: the program, the part's
//! [`Draws`](barloom_backend::Draws), its number of samples, and warnings. A backend takes the
//! program and the draws. They are plain data, so a backend depends neither on TOML nor on dates.
//!
//! ```no_run
//! use std::sync::Arc;
//! use barloom_backend::Backend;
//! use barloom_plan::Planner;
//! # fn build(cpu: &dyn Backend, market: Arc<barloom_bars::Market>) -> Result<(), Box<dyn std::error::Error>> {
//! let recipe = barloom_recipe::Recipe::default().resolve(&market)?;
//! let planner = Planner::new(&recipe, &market)?;
//! let prepared = cpu.load(Arc::clone(&market), Arc::clone(planner.program()))?;
//! for part in recipe.parts(&market)? {
//!     let plan = planner.plan(Some(&part))?;
//!     let session = Arc::clone(&prepared).session(plan.draws)?;
//!     let mut block = session.allocate(4_096)?;
//!     session.fill(0, 4_096, &mut block)?;
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod best;
mod classes;
mod error;
mod fit;
mod folds;
mod labelled;
mod plan;
mod planner;
mod weights;

pub use error::{PlanError, Unfitted};
pub use plan::Plan;
pub use planner::Planner;
