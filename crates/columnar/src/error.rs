use arrow::error::ArrowError;
#[cfg(feature = "parquet")]
use parquet::errors::ParquetError;

/// A reason why a file cannot be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// The file declares impossible sizes.
    #[error("{0}")]
    Damaged(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(std::io::Error),
    /// Arrow's reader refuses it.
    #[error(transparent)]
    Arrow(ArrowError),
    /// Parquet's reader refuses it.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Parquet(ParquetError),
}

impl ColumnarError {
    pub(crate) fn damaged(problem: impl Into<String>) -> Self {
        Self::Damaged(problem.into())
    }

    /// The error of a file that unpacks to more bytes than the limit.
    #[must_use]
    pub fn too_large(limit: u64) -> Self {
        Self::Damaged(format!(
            "it decompresses to more than {limit} bytes: it is damaged, or must be split"
        ))
    }
}

impl From<ArrowError> for ColumnarError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Io(error),
            error => Self::Arrow(error),
        }
    }
}

#[cfg(feature = "parquet")]
impl From<ParquetError> for ColumnarError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(error) => match error.downcast() {
                Ok(error) => Self::Io(*error),
                Err(error) => Self::Parquet(ParquetError::External(error)),
            },
            error => Self::Parquet(error),
        }
    }
}
