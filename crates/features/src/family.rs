//! Families: one pattern for several features.

use crate::error::FeatureError;
use crate::features::MOST_FEATURES;

/// The features of a family: for each combination of values, `{key}` in the name and in the text
/// replaced by the value of that key. The last key varies fastest.
///
/// ```
/// let windows = vec!["5".to_owned(), "20".to_owned()];
/// let family = barloom_features::family("mom_{n}", "close / lag(close, {n})", &[("n", windows)])?;
/// assert_eq!(family[1], ("mom_20".to_owned(), "close / lag(close, 20)".to_owned()));
/// # Ok::<(), barloom_features::FeatureError>(())
/// ```
///
/// # Errors
/// A key is not in the name, so that several features would have one name; a `{key}` has no values;
/// more than [`MOST_FEATURES`] features.
pub fn family(
    name: &str,
    text: &str,
    values: &[(&str, Vec<String>)],
) -> Result<Vec<(String, String)>, FeatureError> {
    let whole = |problem: String| FeatureError::whole(name, problem);
    for (key, values) in values {
        if values.is_empty() {
            return Err(whole(format!("`{key}` has no value; list one or more")));
        }
        if !name.contains(&format!("{{{key}}}")) {
            let problem = format!("its name lacks {{{key}}}: each value needs a name of its own");
            return Err(whole(problem));
        }
    }
    let count = values.iter().try_fold(1_usize, |n, (_, values)| n.checked_mul(values.len()));
    if count.is_none_or(|count| count > MOST_FEATURES) {
        return Err(whole(format!("it has more than {MOST_FEATURES} members")));
    }
    let mut members = vec![(name.to_owned(), text.to_owned())];
    for (key, values) in values {
        let place = format!("{{{key}}}");
        let with = |(name, text): &(String, String), value: &String| {
            (name.replace(&place, value), text.replace(&place, value))
        };
        members = members
            .iter()
            .flat_map(|member| values.iter().map(move |value| with(member, value)))
            .collect();
    }
    let left = members.iter().find_map(|(name, text)| placeholder(name).or(placeholder(text)));
    match left {
        None => Ok(members),
        Some(key) => {
            Err(whole(format!("`{{{key}}}` has no values; add {key} = [...] beside `of`")))
        }
    }
}

/// The key of the first `{key}` in a text.
fn placeholder(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('{')?;
    rest.split_once('}').map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str, values: &[(&str, &[&str])]) -> Result<Vec<String>, String> {
        let values: Vec<(&str, Vec<String>)> = values
            .iter()
            .map(|(key, values)| (*key, values.iter().map(|value| (*value).to_owned()).collect()))
            .collect();
        let members = family(name, text, &values).map_err(|error| error.to_string())?;
        Ok(members.into_iter().map(|(name, text)| format!("{name}={text}")).collect())
    }

    #[test]
    fn members() {
        let two = of("r_{c}_{n}", "mean({c}, {n})", &[("c", &["high", "low"]), ("n", &["2", "3"])]);
        let expected = [
            "r_high_2=mean(high, 2)",
            "r_high_3=mean(high, 3)",
            "r_low_2=mean(low, 2)",
            "r_low_3=mean(low, 3)",
        ];
        assert_eq!(two.unwrap(), expected);
    }

    #[test]
    fn wrong_families() {
        for (name, text, values, part) in [
            ("r", "mean(close, {n})", &[("n", &["2", "3"][..])][..], "lacks {n}"),
            ("r_{n}", "mean(close, {k})", &[("n", &["2"][..])][..], "`{k}` has no values"),
            ("r_{n}", "mean(close, {n})", &[("n", &[][..])][..], "`n` has no value"),
        ] {
            let error = of(name, text, values).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let many: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let error = family("{a}_{b}", "{a}{b}", &[("a", many.clone()), ("b", many)]).unwrap_err();
        assert!(error.problem.contains("4096"), "{error}");
    }
}
