//! The report: what is measured, in which order, and what is made of it.

pub mod baseline;
pub mod cases;
pub mod charts;
pub mod criterion;
pub mod grid;
pub mod host;
pub mod memory_profile;
pub mod options;
pub mod peers;
pub mod places;
pub mod plot;
pub mod ratios;
pub mod recommendations;
pub mod results;
pub mod runner;
mod steps;
pub mod tables;
pub mod write;
