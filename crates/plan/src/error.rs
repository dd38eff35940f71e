use barloom_labels::LabelsError;
use barloom_recipe::RecipeError;
use barloom_rewards::RewardsError;
use barloom_sampling::SamplingError;
use barloom_scaling::FitError;
use barloom_splits::SplitsError;
use barloom_windows::WindowsError;

/// Why a recipe gives no samples of a market.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The recipe is wrong, or does not fit the market.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// There is no position to sample from.
    #[error("{}", of_windows(.0))]
    Windows(#[from] WindowsError),
    /// The weights of symbols cannot be had from the market.
    #[error("{}", of_windows(.0))]
    SymbolWeights(WindowsError),
    /// Every position with each of its actions is more than can be numbered.
    #[error(
        "dataset.actions_per_state: {actions_per_state} actions at each of {positions} positions \
         make 2^62 samples or more; lower it"
    )]
    TooManySamples {
        /// The positions.
        positions: u64,
        /// Actions at each.
        actions_per_state: u64,
    },
    /// The samples end within the listed actions of a state.
    #[error(
        "dataset.samples: {samples} samples are no whole number of states, each of which has \
         {actions} listed actions; write {}",
        whole_groups(*samples, *actions)
    )]
    PartialGroup {
        /// Number of samples of all parts.
        samples: u64,
        /// Actions of a state.
        actions: u64,
    },
    /// A part's share of the samples rounds to none.
    #[error(
        "split.part {part}: it would get 0 of {samples} samples; raise dataset.samples, make the \
         part larger, or leave it out"
    )]
    NoSamples {
        /// The part.
        part: String,
        /// Number of samples of all parts.
        samples: String,
    },
    /// The market lacks a channel of the recipe, or a column of its snapshot.
    #[error("{key}: the bars have no column {channel}; they have {available}")]
    MissingChannel {
        /// The key of the recipe.
        key: &'static str,
        /// The channel.
        channel: String,
        /// The columns that there are, separated by commas.
        available: String,
    },
    /// A channel holds a value that its scaler can't take.
    #[error(
        "scaling.{channel}: {scaler} cannot scale the value {value} of symbol {symbol}, bar \
         {bar}; choose another scaler"
    )]
    UnusableValue {
        /// The channel.
        channel: String,
        /// Its scaler.
        scaler: String,
        /// The value.
        value: f64,
        /// The symbol.
        symbol: String,
        /// The bar within its series, from 0.
        bar: usize,
    },
    /// A scaler cannot be fitted.
    #[error("{0}")]
    Fit(Box<Unfitted>),
    /// A label cannot be computed.
    #[error("label.{label}.{error}")]
    Label {
        /// The name of the label.
        label: String,
        /// The fault.
        error: LabelsError,
    },
    /// The market lacks a column that a setting names.
    #[error("{key}: the bars have no column {column}")]
    MissingColumn {
        /// The key of the recipe.
        key: &'static str,
        /// The column.
        column: String,
    },
    /// A column of weights holds a value that is no weight.
    #[error(
        "weights.kind: column {column} is {value} at symbol {symbol}, bar {bar}; expected numbers of at least 0"
    )]
    Weight {
        /// The column.
        column: String,
        /// The value.
        value: f64,
        /// The symbol.
        symbol: String,
        /// The bar within its series, from 0.
        bar: usize,
    },
    /// All weights of a part are 0.
    #[error("weights: the weight of every sample is 0{}; use other kinds", of_part(part.as_deref()))]
    NoWeights {
        /// The part; none without a split.
        part: Option<String>,
    },
    /// The conditions of decisions leave no bar.
    #[error("{}", no_decisions(*by_where, *by_session))]
    NoDecisions {
        /// True if the recipe has `where`.
        by_where: bool,
        /// True if the recipe has `session`.
        by_session: bool,
    },
    /// No bar is left to train on.
    #[error(
        "split: {part} has no sample: {purged} labelled bars are purged, as their labels meet bars that are tested on, and {embargoed} lie in the embargo; use shorter labels, a shorter split.embargo, longer parts, or more bars"
    )]
    EmptyRole {
        /// The part.
        part: String,
        /// Labelled bars that were purged.
        purged: u64,
        /// Labelled bars that the embargo left out.
        embargoed: u64,
    },
    /// A dataset lacks the scaler that its recipe asks for.
    #[error("{key}: the dataset has no fitted scaler for it, or one of other settings")]
    NoStoredScaler {
        /// The key of the recipe.
        key: String,
    },
}

impl PlanError {
    /// True if the bars have room for samples, and each of these lacks an input.
    #[must_use]
    pub fn lacks_inputs(&self) -> bool {
        matches!(self, Self::Windows(WindowsError::AllMissing { .. }))
    }
}

/// A scaler that cannot be fitted.
#[derive(Debug, thiserror::Error)]
#[error(
    "{key}: no {kind} scaler fits column {column}{}: {error}; {}",
    of_rows(part.as_deref(), symbol.as_deref()),
    fit_advice(*error)
)]
pub struct Unfitted {
    /// The key of the recipe.
    pub key: String,
    /// The column.
    pub column: String,
    /// The kind of the scaler.
    pub kind: &'static str,
    /// The part whose rows it is fitted to; none for all rows.
    pub part: Option<String>,
    /// The symbol, where each has a scaler of its own.
    pub symbol: Option<String>,
    /// The reason.
    pub error: FitError,
}

/// The part, where there is one.
fn of_part(part: Option<&str>) -> String {
    part.map_or_else(String::new, |part| format!(" in part {part}"))
}

/// The rows that a scaler is fitted to.
fn of_rows(part: Option<&str>, symbol: Option<&str>) -> String {
    let part = of_part(part);
    symbol.map_or_else(String::new, |symbol| format!(" of symbol {symbol}")) + &part
}

fn fit_advice(error: FitError) -> &'static str {
    match error {
        FitError::NoValues => {
            "fit it to a part that has values of the column, or to \"all\", or use per = \"market\""
        }
        FitError::NoSpread(_) => {
            "the column is constant there, or nearly: leave it out, or use another kind or \"none\""
        }
        _ => "use bars without such values, or another scaler",
    }
}

impl From<SamplingError> for PlanError {
    fn from(error: SamplingError) -> Self {
        RecipeError::from(error).into()
    }
}

impl From<SplitsError> for PlanError {
    fn from(error: SplitsError) -> Self {
        RecipeError::from(error).into()
    }
}

impl From<RewardsError> for PlanError {
    fn from(error: RewardsError) -> Self {
        RecipeError::from(error).into()
    }
}

fn no_decisions(by_where: bool, by_session: bool) -> &'static str {
    match (by_where, by_session) {
        (true, true) => {
            "dataset.where and dataset.session leave no bar: none of those in these hours has a \
             condition that is true on the row before; change one of them"
        }
        (true, false) => {
            "dataset.where: the condition is true on no row before a bar; change it, or leave it out"
        }
        _ => {
            "dataset.session: no bar opens within these hours; mind the time zone, and that hours \
             are those of a bar's open"
        }
    }
}

/// The nearest numbers of samples that are whole numbers of states.
fn whole_groups(samples: u64, actions: u64) -> String {
    let below = samples - samples % actions;
    let above = below.saturating_add(actions);
    if below == 0 { above.to_string() } else { format!("{below} or {above}") }
}

/// An error of windows with the paths that recipes have for its fields.
fn of_windows(error: &WindowsError) -> String {
    match error {
        WindowsError::NoBars { .. }
        | WindowsError::Weights { .. }
        | WindowsError::SmallWeight { .. } => format!("dataset.{error}"),
        WindowsError::NoPositions { part, nearest: Some(run), .. } => {
            let more = match part {
                None => "a longer data.max_gap",
                Some(_) if run.reaches_back => "longer parts, a smaller split.embargo",
                Some(_) => "longer parts, split.lookback_from = \"history\"",
            };
            format!("{error}, {more}, or more bars")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use barloom_windows::NearestRun;

    use super::*;

    #[test]
    fn errors_of_windows_have_the_paths_of_recipes() {
        let told = |error: WindowsError| PlanError::from(error).to_string();
        let no_bars = told(WindowsError::NoBars { field: "lookback" });
        assert_eq!(no_bars, "dataset.lookback: expected at least 1 bar, got 0");
        let weights = WindowsError::Weights { series: 2, got: "-1".into() };
        let weights = PlanError::SymbolWeights(weights).to_string();
        assert!(weights.starts_with("dataset.symbol_weights: expected"), "{weights}");
        let nearest = |reaches_back| {
            let (symbol, from_ns, to_ns) = ("A".into(), 0, 1);
            Some(NearestRun { symbol, bars: 9, label_bars: 9, reaches_back, from_ns, to_ns })
        };
        for (part, reaches_back, end) in [
            (None, false, "a longer data.max_gap, or more bars"),
            (Some("test"), true, "longer parts, a smaller split.embargo, or more bars"),
            (Some("test"), false, "split.lookback_from = \"history\", or more bars"),
        ] {
            let (part, nearest) = (part.map(str::to_owned), nearest(reaches_back));
            let text = told(WindowsError::NoPositions { lookback: 5, forward: 5, part, nearest });
            assert!(text.ends_with(end), "{text}");
        }
    }
}
