//! The indicators of TA-Lib.
