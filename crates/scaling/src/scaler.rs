//! The channel scalers by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::window::{less, ln, over};

/// Formula for the windows of a channel. `x` is a value in the window, "last" is the window's
/// last bar, the one before the decision. In a recipe by its [name](ChannelScaler::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelScaler {
    /// `f32(x) / f32(last close)`: one IEEE f32 division. Bars whose quotients could be beyond
    /// `f32` are refused.
    LastClose,
    /// `f32(log1p(x)) / max(f32(log1p(last x)), f32(ln 2))`, for volumes.
    #[serde(rename = "log1p_last")]
    Log1pLast,
    /// `f32(x)`.
    None,
    /// `f32(ln x - ln(last close))`, the difference taken in f64.
    LogReturn,
    /// `f32((x - mean) / std)` with the window's mean and population standard deviation in f64;
    /// 0 in a constant window.
    Zscore,
    /// `f32((x - min) / (max - min))` over the window, in f64; 0 in a constant window.
    Minmax,
    /// `f32(x) / (f32(last x) + f32(1e-12))`, in f32. Bars whose quotients could be beyond `f32`
    /// are refused.
    Last,
}

impl ChannelScaler {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LastClose,
        Self::Log1pLast,
        Self::None,
        Self::LogReturn,
        Self::Zscore,
        Self::Minmax,
        Self::Last,
    ];

    /// True if a scaled value depends on its bar alone, and not on a window: it can be in a
    /// snapshot.
    #[must_use]
    pub fn is_of_bar(self) -> bool {
        matches!(self, Self::LastClose | Self::None | Self::LogReturn)
    }

    /// Its name in a recipe: `last_close`, `log1p_last`, `none`, `log_return`, `zscore`, `minmax`,
    /// `last`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LastClose => "last_close",
            Self::Log1pLast => "log1p_last",
            Self::None => "none",
            Self::LogReturn => "log_return",
            Self::Zscore => "zscore",
            Self::Minmax => "minmax",
            Self::Last => "last",
        }
    }
}

impl fmt::Display for ChannelScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns true if a scaler can take this value in a window: it must be finite as `f32`, for
/// [`Log1pLast`](ChannelScaler::Log1pLast) above -1 and for
/// [`LogReturn`](ChannelScaler::LogReturn) above 0.
#[must_use]
pub fn usable(scaler: ChannelScaler, value: f64) -> bool {
    let in_domain = match scaler {
        ChannelScaler::Log1pLast => value > -1.0,
        ChannelScaler::LogReturn => value > 0.0,
        _ => true,
    };
    in_domain && (value as f32).is_finite()
}

/// The value of a bar with this close in a snapshot: what a window of one bar holds. A scaler that
/// [needs a window](ChannelScaler::is_of_bar) leaves it unscaled.
#[must_use]
pub fn of_bar(scaler: ChannelScaler, x: f64, close: f64) -> f32 {
    match scaler {
        ChannelScaler::LastClose => over(x as f32, close as f32),
        ChannelScaler::LogReturn => less(ln(x), ln(close)),
        _ => x as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_recipes() {
        for scaler in ChannelScaler::ALL {
            let json = serde_json::to_string(&scaler).unwrap();
            assert_eq!(json, format!("\"{scaler}\""));
            assert_eq!(serde_json::from_str::<ChannelScaler>(&json).unwrap(), scaler);
        }
    }

    #[test]
    fn a_snapshot_is_a_window_of_one_bar() {
        let values = ChannelScaler::ALL.map(|scaler| of_bar(scaler, 12.0, 8.0));
        assert_eq!(values, [1.5, 12.0, 12.0, libm::log(1.5) as f32, 12.0, 12.0, 12.0]);
        let of_bar: Vec<&str> =
            ChannelScaler::ALL.iter().filter(|one| one.is_of_bar()).map(|one| one.name()).collect();
        assert_eq!(of_bar, ["last_close", "none", "log_return"]);
    }

    #[test]
    fn what_each_can_take() {
        for scaler in ChannelScaler::ALL {
            assert!(usable(scaler, 1.0));
            assert!(!usable(scaler, f64::NAN) && !usable(scaler, 1e39), "{scaler}");
        }
        assert!(usable(ChannelScaler::Log1pLast, 0.0) && !usable(ChannelScaler::Log1pLast, -1.0));
        assert!(!usable(ChannelScaler::LogReturn, 0.0) && usable(ChannelScaler::Zscore, -5.0));
    }
}
