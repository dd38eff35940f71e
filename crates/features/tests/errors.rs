//! Wrong expressions: each error names the feature, the place in its text and the remedy.

mod common;

use barloom_features::{Attributes, Features, Options};
use common::{DAY, HOUR, MARCH, MINUTE, attributes, market, series, three};

/// The error of one expression, at a market of three symbols of quarters of an hour.
fn error(text: &str) -> String {
    let features =
        vec![("it".to_owned(), text.to_owned()), ("ret".to_owned(), "close / open".into())];
    let features = match Features::new(features, Options::default()) {
        Err(error) => return error.to_string(),
        Ok(features) => features,
    };
    let market = market(&three(MARCH, 15 * MINUTE, 50), 15 * MINUTE);
    match features.evaluate(&market, &attributes()) {
        Err(error) => error.to_string(),
        Ok(_) => format!("{text} is right"),
    }
}

#[test]
fn wrong_expressions_are_told_with_place_and_remedy() {
    // Text, column of the fault, and parts of the remedy.
    let table: &[(&str, usize, &[&str])] = &[
        ("mena(close, 20)", 1, &["there is no function `mena`", "did you mean `mean`?"]),
        ("close / shift(close, 1)", 9, &["no function `shift`", "use `lag(x, n)`"]),
        ("sma(close, 20)", 1, &["mean(x, n)"]),
        ("max(high, low)", 11, &["expected a constant"]),
        ("mean(close)", 1, &["`n` is missing in `mean(x, n, min_periods=)`"]),
        ("mean(close, 20, 5, 6)", 20, &["too many arguments for `mean("]),
        ("mean(close, 20, n=5)", 19, &["`n` is given twice"]),
        ("mean(close, window=5)", 20, &["no argument `window`"]),
        ("mean(close, 20, min_period=5)", 28, &["did you mean `min_periods`?"]),
        ("mean(close, 0)", 13, &["n is 0", "from 1 to 1000000"]),
        ("mean(close, 2.5)", 13, &["n is 2.5", "a whole number"]),
        ("mean(close, 1e9)", 13, &["from 1 to 1000000"]),
        ("mean(close, volume)", 13, &["expected a constant"]),
        ("mean(close, 5, min_periods=6)", 28, &["min_periods is 6", "the window has 5 rows"]),
        ("lag(close, -1)", 12, &["n is -1", "would look ahead"]),
        ("quantile(close, 20, 1.5)", 21, &["q is 1.5", "0 to 1"]),
        ("ewm_mean(close)", 1, &["one of span, halflife and alpha"]),
        ("ewm_mean(close, span=5, alpha=0.1)", 1, &["one of span, halflife and alpha"]),
        ("ewm_std(close, alpha=2)", 22, &["alpha is 2", "at most 1"]),
        ("ewm_mean(close, span=0.5)", 22, &["span is 0.5", "1 or more"]),
        ("cusum(close, 0)", 14, &["h is 0", "above 0"]),
        (
            "minutes_since_open()",
            1,
            &["the data has no trading hours", "session='09:30-16:00 America/New_York'"],
        ),
        ("minutes_to_close('9-16 UTC')", 18, &["expected trading hours such as"]),
        ("close < open < high", 14, &["not chained", "a < b and b < c"]),
        ("close[1]", 6, &["lag(x, n)"]),
        ("close if open else high", 7, &["where(condition, a, b)"]),
        ("closee / open", 1, &["no column `closee`", "did you mean `close`?"]),
        ("rets / open", 1, &["no column `rets`", "did you mean `ret`?"]),
        (
            "funding_rate",
            1,
            &["no column `funding_rate`", "The bars have open, high, low, close, volume"],
        ),
        ("mean / 2", 1, &["`mean` is a function", "mean(...)"]),
        ("close / vwap", 9, &["no column `vwap`", "the function is called: `vwap(...)`"]),
        ("1 / 0", 3, &["not finite"]),
        ("'close'", 1, &["the string 'close' is no value"]),
        ("at(1h, close)", 4, &["write a duration as a string: '1h'"]),
        ("at('1 hour', close)", 4, &["no length of bars"]),
        ("at('5m', close)", 4, &["bars of 5m cannot be made", "15m long"]),
        ("at('40m', close)", 4, &["end while those of `A` last", "a multiple of that"]),
        ("at('1d', at('1h', close))", 10, &["`at` inside `at`", "as a feature"]),
        ("at('1h', cs_rank(close))", 10, &["across symbols are not offered inside `at`"]),
        ("at('1h', symbol('B', close))", 10, &["write `symbol('B', at(...))`"]),
        ("symbol('BTC', close)", 8, &["no symbol `BTC`", "They have A, B, C"]),
        ("symbol(B, close)", 8, &["expected a string in quotes"]),
        ("symbol('B', close, max_age='soon')", 28, &["a duration such as '1h'"]),
        (
            "cs_rank(close, by=industry)",
            19,
            &["no attribute `industry`", "columns symbol and industry"],
        ),
        ("cs_rank(close, by=sectr)", 19, &["did you mean `sector`?"]),
        ("day_of_week(tz='New York')", 16, &["no time zone", "America/New_York"]),
        ("cum_sum(close, 'session')", 16, &["no start of a sum", "'segment'"]),
        ("it + 1", 0, &["depends on itself: it -> it"]),
        ("mean(close, 20).upper", 16, &["has one value, no output `upper`"]),
        ("close.upper", 1, &["no column `close.upper`"]),
        ("(close).upper", 8, &["only a call has outputs"]),
        ("close ** ", 10, &["ends"]),
        ("mean(close, 20", 5, &["never closed"]),
    ];
    for (text, column, parts) in table {
        let error = error(text);
        let place = match column {
            0 => "feature `it`: ".to_owned(),
            column => format!("feature `it`, column {column}: "),
        };
        assert!(error.starts_with(&place), "{text}: {error}");
        for part in *parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

#[cfg(feature = "ta")]
#[test]
fn wrong_indicators_are_told_with_place_and_remedy() {
    let table: &[(&str, usize, &[&str])] = &[
        ("rsi(close, 14)", 1, &["no function `rsi`", "TA-Lib's is `ta.rsi`"]),
        ("ta.RSI(close)", 1, &["write `ta.rsi`"]),
        ("ta.rsj(close)", 1, &["no indicator `rsj`", "did you mean `rsi`?"]),
        ("ta.sma(close, 20)", 1, &["is not offered", "mean"]),
        ("ta.rsi(14)", 8, &["timeperiod"]),
        ("ta.rsi()", 1, &["`real` is missing in `ta.rsi(real, timeperiod=14)`"]),
        ("ta.rsi(close, 1)", 1, &["timeperiod is 1", "from 2 to 100000"]),
        ("ta.rsi(close, volume)", 15, &["expected a constant"]),
        ("ta.macd(close)", 1, &["the outputs macd, macdsignal, macdhist", "ta.macd(...).macd"]),
        ("ta.macd(close).hist", 15, &["no output `hist`", "It has macd, macdsignal, macdhist"]),
        ("ta.macd(close).macdhst", 15, &["did you mean `macdhist`?"]),
        ("ta.bbands(close, matype='emma').upperband", 25, &["matype is 'emma'"]),
    ];
    for (text, column, parts) in table {
        let error = error(text);
        if *text == "ta.rsi(14)" {
            // A constant is a column of one value.
            assert!(error.ends_with("is right"), "{error}");
            continue;
        }
        assert!(error.starts_with(&format!("feature `it`, column {column}: ")), "{text}: {error}");
        for part in *parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

fn names(features: &[(&str, &str)]) -> String {
    let features = features.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Features::new(features.collect(), Options::default()).unwrap_err().to_string()
}

#[test]
fn wrong_names_and_circles() {
    assert!(names(&[("a b", "close")]).contains("letters, digits and `_`"));
    assert!(names(&[("1a", "close")]).contains("begins with no digit"));
    assert!(names(&[("pi", "close")]).contains("has a meaning"));
    assert!(names(&[("close", "open")]).contains("that of a column of bars"));
    assert!(names(&[("a", "close"), ("a", "open")]).contains("two features"));
    assert!(names(&[("a", "b + 1"), ("b", "at('1h', a)")]).contains("a -> b"));
    let chain: Vec<(String, String)> =
        (0..400).map(|i| (format!("f{i}"), format!("f{} + 1", i + 1))).collect();
    let error = Features::new(chain, Options::default()).unwrap_err().to_string();
    assert!(error.contains("more than 200 features name each other"), "{error}");
    let many: Vec<(String, String)> = (0..5_000).map(|i| (format!("f{i}"), "1".into())).collect();
    let error = Features::new(many, Options::default()).unwrap_err().to_string();
    assert!(error.contains("5000 features, and 4096 are the most"), "{error}");
}

#[test]
fn bombs_of_names_are_small() {
    // Each names the one before twice: two to the power of 150 without sharing.
    let mut features = vec![("f0".to_owned(), "close".to_owned())];
    features.extend((1..150).map(|i| (format!("f{i}"), format!("f{0} + f{0}", i - 1))));
    let features = Features::new(features, Options::default()).unwrap();
    let market = market(&three(MARCH, HOUR, 20), HOUR);
    let columns = features.evaluate(&market, &Attributes::default()).unwrap();
    assert!(columns[149].values[0] > 1e40);
    // On the rows of many symbols, features are computed again.
    let many = (0..400).map(|i| format!("symbol('{i}', f0)")).collect::<Vec<_>>().join(" + ");
    let mut features: Vec<(String, String)> =
        (1..700).map(|i| (format!("f{i}"), format!("f0 + {i}"))).collect();
    features.push(("f0".into(), "close + open".into()));
    features.push(("all".into(), many));
    assert!(Features::new(features, Options::default()).is_ok());
}

#[test]
fn bars_of_unequal_lengths_have_no_rank_across_symbols() {
    let all = [series("A", &[MARCH, MARCH + MINUTE, MARCH + 2 * MINUTE], 1)];
    let days = series("B", &[MARCH - 2 * DAY, MARCH - DAY, MARCH], 2);
    let market = market(&[all[0].clone(), days], DAY);
    let features = vec![("it".to_owned(), "cs_rank(close)".to_owned())];
    let features = Features::new(features, Options::default()).unwrap();
    let error = features.evaluate(&market, &Attributes::default()).unwrap_err().to_string();
    assert!(
        error.contains("`A` are 1m") && error.contains("`B` 1d") && error.contains("resample"),
        "{error}"
    );
}
