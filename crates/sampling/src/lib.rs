//! Counter-based draws: sample i's state and action, from a seed and i alone.
//!
//! [`Sampler::draw`] owes nothing to the samples drawn before it: sample i has a generator of its
//! own, a [`Xoshiro256PlusPlus`](rand_xoshiro::Xoshiro256PlusPlus) seeded from the recipe's seed,
//! the part and i, and takes exactly ten numbers from it, one a field. So samples can be drawn in
//! any order, on any number of threads, and one of them alone. The price is seeding a generator
//! for each sample, four rounds of SplitMix64. It knows no bars: a position is a rank in
//! `0..positions`, and what it stands for is someone else's business.
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
mod lanes;
mod real;
mod sampler;
mod settings;
mod stream;

pub use bounds::FieldBounds;
pub use directions::Directions;
pub use draws::DrawsMut;
pub use error::SamplingError;
pub use real::Real;
pub use sampler::{Draw, PositionOrder, Sampler};
pub use settings::SamplingSettings;
pub use stream::MAX_SAMPLES;
