//! Counter-based draws: the state and action of sample i depend only on a seed and i.
//!
//! [`Sampler::draw`] does not depend on earlier samples. Sample i has its own generator, a
//! [`Xoshiro256PlusPlus`](rand_xoshiro::Xoshiro256PlusPlus) seeded from the recipe's seed, the part
//! and i. It takes exactly ten numbers from it, one per field. So samples can be drawn in any
//! order, on any number of threads, or alone. The price is seeding a generator for each sample:
//! four rounds of SplitMix64. This crate knows no bars. A position is a rank in `0..positions`, and
//! other crates give it a meaning.
//!
//! ```
//! use barloom_sampling::{PositionOrder, Sampler, SamplingSettings};
//!
//! let settings = SamplingSettings::default();
//! let sampler = Sampler::new(&settings, 42, None, 1, PositionOrder::Random, 40_705)?;
//! let draw = sampler.draw(1_000_000_000_000); // no need to draw the trillion before it
//! assert!(draw.rank < 40_705);
//! assert!((1e4..1e5).contains(&draw.equity));
//! assert_eq!(draw, sampler.draw(1_000_000_000_000));
//! # Ok::<(), barloom_sampling::SamplingError>(())
//! ```
#![forbid(unsafe_code)]

mod bounds;
mod directions;
mod draws;
mod error;
mod grid;
mod lanes;
mod real;
mod sampler;
mod settings;
mod stream;

pub use bounds::FieldBounds;
pub use directions::Directions;
pub use draws::DrawsMut;
pub use error::SamplingError;
pub use grid::{GridAction, MAX_ACTIONS};
pub use real::Real;
pub use sampler::{Draw, PositionOrder, Sampler};
pub use settings::{ActionSource, SamplingSettings};
pub use stream::MAX_SAMPLES;
