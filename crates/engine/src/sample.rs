//! The bars that every build of the engine carries, to try things with.

/// The name of [`SAMPLE_BARS`], as that of a file: bars of SPY.
pub const SAMPLE_BARS_NAME: &str = "SPY-1h.parquet";

/// Hourly bars of SPY as a Parquet file: `fixtures/spy_1h.parquet`, whose origin and licence
/// `fixtures/NOTICE` tells.
pub const SAMPLE_BARS: &[u8] = include_bytes!("../../../fixtures/spy_1h.parquet");
