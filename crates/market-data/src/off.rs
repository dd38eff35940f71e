//! Readers that this build leaves out. A file of such a format is an error that names the Cargo
//! feature.

use crate::MarketDataError;

/// The error of a file whose format this build does not have.
pub(crate) fn off(file: &str, format: &'static str, feature: &'static str) -> MarketDataError {
    MarketDataError::LeftOut { file: file.to_owned(), format, feature }
}

/// Delimited text.
#[cfg(not(feature = "csv"))]
pub(crate) mod text {
    use std::fs::File;
    use std::io::Read;

    use super::off;
    use crate::bounds::{Bounds, Stop};
    use crate::table::Table;
    use crate::{MarketDataError, ReadOptions};

    fn none(file: &str) -> MarketDataError {
        off(file, "delimited text", "csv")
    }

    pub(crate) fn read(
        file: &str,
        _: &[u8],
        _: &ReadOptions,
        _: Bounds,
    ) -> Result<Vec<Table>, MarketDataError> {
        Err(none(file))
    }

    pub(crate) fn read_file(
        file: &str,
        _: &File,
        _: &ReadOptions,
    ) -> Option<Result<Vec<Table>, MarketDataError>> {
        Some(Err(none(file)))
    }

    pub(crate) fn check_begin(file: &str, _: &File) -> Result<(), MarketDataError> {
        Err(none(file))
    }

    pub(crate) fn read_stream(
        file: &str,
        _: &[u8],
        _: &mut dyn Read,
        _: &ReadOptions,
        _: usize,
    ) -> Result<Vec<Table>, Stop> {
        Err(Stop::Whole(none(file)))
    }
}

/// JSON.
#[cfg(not(feature = "json"))]
pub(crate) mod json {
    use crate::bounds::Bounds;
    use crate::table::Table;
    use crate::{MarketDataError, ReadOptions};

    pub(crate) fn read(
        file: &str,
        _: &[u8],
        _: &ReadOptions,
        _: Bounds,
    ) -> Result<Vec<Table>, MarketDataError> {
        Err(super::off(file, "JSON", "json"))
    }
}

/// DBN.
#[cfg(not(feature = "dbn"))]
pub(crate) mod databento {
    use std::io::Read;

    use crate::table::Emit;
    use crate::{MarketDataError, ReadOptions};

    pub(crate) fn read(
        file: &str,
        _: impl Read,
        _: &ReadOptions,
        _: Emit<'_>,
    ) -> Result<(), MarketDataError> {
        Err(super::off(file, "DBN", "dbn"))
    }
}
