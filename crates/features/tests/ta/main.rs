//! Tests of the indicators of TA-Lib.

#![cfg(feature = "ta")]

mod bars;
mod facts;
mod goldens;
mod reach;
mod runs;
