//! The columns that every sample has, in one table.

use crate::field::{ColumnField, Logical, Role};
use crate::slice::Element;

/// Names of exit reasons, by their code in the column `exit_reason`.
pub const EXIT_REASONS: [&str; 4] = ["none", "stop", "target", "horizon"];

/// Runs a macro over the columns that have one value a sample, rewards apart, in the order of a
/// dataset: `keys` stand before the windows, `drawn` after them, `outcomes` after the rewards.
///
/// Of each: name, Rust type, [`Logical`] type, [`Role`], unit, documentation. `columns!(plain run)`
/// gives a list of `name: type` alone.
///
/// ```
/// macro_rules! names {
///     ($($name:ident: $type:ty),*) => { [$(stringify!($name)),*] };
/// }
/// let names = barloom_schema::columns!(plain names);
/// assert_eq!(names[..3], ["symbol", "bar", "ts"]);
/// ```
#[macro_export]
macro_rules! columns {
    ($run:ident) => {
        $crate::columns! { @to [$run] [] }
    };
    (plain $run:ident) => {
        $crate::columns! { @to [$crate::columns] [@plain $run] }
    };
    (@plain $run:ident $($group:ident { $($name:ident: $type:ty, $logical:ident, $role:ident, $unit:literal, $doc:literal;)* })*) => {
        $run! { $($($name: $type),*),* }
    };
    (@to [$($run:tt)*] [$($before:tt)*]) => {
        $($run)*! {
            $($before)*
            keys {
                symbol: u32, Symbol, Key, "", "place of the symbol in the market's table";
                bar: i64, Number, Key, "bars", "bar t within its series, from 0";
                ts: i64, Time, Key, "ns", "open time of bar t, ns since 1970 UTC";
            }
            drawn {
                equity: f64, Number, State, "dollars", "account equity";
                balance: f64, Number, State, "dollars", "account balance";
                position: i8, Number, State, "", "position held: 1 long, -1 short, 0 flat";
                sl_dist: f64, Number, State, "fraction", "stop distance of the state, of the entry price";
                tp_dist: f64, Number, State, "fraction", "target distance of the state, of the entry price";
                act_dir: i8, Number, Action, "", "direction of the action: 1 long, -1 short, 0 hold";
                act_dollar: f64, Number, Action, "dollars", "notional of the action; 0 where it holds";
                act_sl: f64, Number, Action, "fraction", "stop distance of the action; 0 where it holds";
                act_tp: f64, Number, Action, "fraction", "target distance of the action; 0 where it holds";
            }
            outcomes {
                entry_price: f64, Number, Outcome, "price", "entry price";
                exit_price: f64, Number, Outcome, "price", "exit price; the entry price where the action holds";
                pnl: f64, Number, Outcome, "dollars", "profit or loss after costs";
                held_bars: i32, Number, Outcome, "bars", "exit bar - t";
                exit_reason: u8, ExitReason, Outcome, "", "0 none, 1 stop, 2 target, 3 horizon";
                mfe: f64, Number, Outcome, "fraction", "largest favourable excursion between entry and exit, of the entry price";
                mae: f64, Number, Outcome, "fraction", "largest adverse excursion between entry and exit, of the entry price";
            }
        }
    };
}

/// Runs a macro over the names of the meta fields, in the order of a scaled meta vector. They are
/// columns of `drawn` in [`columns!`].
#[macro_export]
macro_rules! meta {
    ($run:ident) => {
        $run! {
            equity, balance, position, sl_dist, tp_dist, act_dollar, act_sl, act_tp, act_dir
        }
    };
}

macro_rules! count {
    ($($name:ident: $type:ty),*) => { [$(stringify!($name)),*].len() };
}

macro_rules! fields {
    ($($group:ident { $($name:ident: $type:ty, $logical:ident, $role:ident, $unit:literal, $doc:literal;)* })*) => {
        [$($(ColumnField {
            name: stringify!($name),
            dtype: <$type as Element>::DTYPE,
            logical: Logical::$logical,
            role: Role::$role,
            unit: $unit,
            doc: $doc,
        },)*)*]
    };
}

/// The columns of [`columns!`] as data, in its order.
pub const COLUMNS: [ColumnField; columns!(plain count)] = columns!(fields);

macro_rules! names {
    ($($name:ident),*) => { [$(stringify!($name)),*] };
}

/// The meta fields, in the order of a scaled meta vector.
pub const META: [&str; meta!(names).len()] = meta!(names);

/// True if a channel may not have this name: some dataset has a column or a file called so.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    const OTHERS: [&str; 7] =
        ["sample", "windows", "snapshot", "meta", "reward", "weight", "weights"];
    OTHERS.contains(&name)
        || name.starts_with("reward_")
        || COLUMNS.iter().any(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_fields_are_what_is_drawn() {
        let drawn = COLUMNS.iter().filter(|one| matches!(one.role, Role::State | Role::Action));
        let mut drawn: Vec<&str> = drawn.map(|one| one.name).collect();
        let mut meta = META.to_vec();
        drawn.sort_unstable();
        meta.sort_unstable();
        assert_eq!(drawn, meta);
    }

    #[test]
    fn reserved_names() {
        for name in [
            "sample",
            "ts",
            "equity",
            "exit_reason",
            "reward",
            "reward_x",
            "meta",
            "weight",
            "weights",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["close", "volume", "rewards", "equity_2"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
