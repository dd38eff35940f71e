//! Tests of the indicators of TA-Lib.

#![cfg(feature = "ta")]

mod bars;
mod facts;
mod goldens;
mod own;
mod reach;
mod runs;
