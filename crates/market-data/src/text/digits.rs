//! The marks within numbers: which of them part decimals, and which thousands.

use barloom_reading::CsvOptions;

use crate::number::Numbers;

/// The marks of decimals and thousands, `None` for the usual ones.
pub(super) type Marks = (Option<char>, Option<char>);

/// The ways in which numbers are written, those with fewer marks first.
const MARKS: [Marks; 8] = [
    (None, None),
    (None, Some(',')),
    (Some(','), None),
    (Some(','), Some('.')),
    (None, Some(' ')),
    (None, Some('\'')),
    (Some(','), Some(' ')),
    (Some(','), Some('\'')),
];

/// The values of one bar stay within this ratio of each other and of the bar before.
const NEAR: f64 = 2.0;
/// Two readings of `1,234` differ by this ratio.
const FAR: f64 = 100.0;

/// The marks that were found in numbers.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// These alone fit all numbers.
    Marks(Marks),
    /// Both fit, and read other numbers.
    Either(Marks, Marks),
    /// None fits all numbers.
    Nothing,
}

fn of_marks((decimal, thousands): Marks) -> Numbers {
    Numbers::of(&CsvOptions { decimal, thousands, ..CsvOptions::default() })
}

/// Tells whether a field is a number in one of the ways.
pub(super) fn is_number(field: &str) -> bool {
    let is_one =
        |marks: &Marks| of_marks(*marks).read(field.as_bytes()).is_some_and(|x| !x.is_nan());
    field.bytes().any(|byte| byte.is_ascii_digit()) && MARKS.iter().any(is_one)
}

/// Finds the marks that fit all fields of all columns. Where two fit that read other numbers,
/// prices decide if they can: those of a bar, and of the next one, are near each other in one
/// reading and far in the other.
pub(super) fn find(columns: &[Vec<&str>], prices: &[Vec<&str>]) -> Found {
    let read = |columns: &[Vec<&str>], marks: Marks| -> Option<Vec<Vec<f64>>> {
        let numbers = of_marks(marks);
        let column = |fields: &Vec<&str>| {
            fields.iter().map(|field| numbers.read(field.as_bytes())).collect::<Option<Vec<f64>>>()
        };
        columns.iter().map(column).collect()
    };
    let same = |a: &[Vec<f64>], b: &[Vec<f64>]| {
        let bits = |columns: &[Vec<f64>]| -> Vec<u64> {
            columns.iter().flatten().map(|x| x.to_bits()).collect()
        };
        bits(a) == bits(b)
    };
    let mut fitting: Vec<(Marks, Vec<Vec<f64>>)> = Vec::new();
    for marks in MARKS {
        if let Some(values) = read(columns, marks)
            && !fitting.iter().any(|(_, others)| same(others, &values))
        {
            fitting.push((marks, values));
        }
    }
    // Numbers that are plain as they stand are plain.
    if let [(marks @ (None, None), _), ..] | [(marks, _)] = fitting[..] {
        return Found::Marks(marks);
    }
    let [(one, _), (other, _), ..] = fitting[..] else { return Found::Nothing };
    let steps = |marks: Marks| read(prices, marks).map_or(f64::NAN, |prices| widest(&prices));
    let (a, b) = (steps(one), steps(other));
    if a < NEAR && b > FAR {
        Found::Marks(one)
    } else if b < NEAR && a > FAR {
        Found::Marks(other)
    } else {
        Found::Either(one, other)
    }
}

/// The largest ratio between prices of a row, and of a column from a row to the next.
fn widest(prices: &[Vec<f64>]) -> f64 {
    let ratio = |a: f64, b: f64| if a > b { a / b } else { b / a };
    let rows = prices.first().map_or(0, Vec::len);
    let within = (0..rows)
        .flat_map(|row| prices.windows(2).map(move |pair| ratio(pair[0][row], pair[1][row])));
    let between = prices.iter().flat_map(|prices| prices.windows(2)).map(|p| ratio(p[0], p[1]));
    within.chain(between).filter(|ratio| ratio.is_finite()).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Found {
        find(&[fields.to_vec()], &[fields.to_vec()])
    }

    #[test]
    fn marks_are_those_that_fit() {
        let decimal = Found::Marks((Some(','), None));
        let thousands = Found::Marks((None, Some(',')));
        for (fields, found) in [
            (&["1.5", "2"][..], Found::Marks((None, None))),
            (&["1,12549", "1,12551"], decimal),
            (&["99,50"], Found::Marks((Some(','), None))),
            (&["0,123"], Found::Marks((Some(','), None))),
            (&["1234,567"], Found::Marks((Some(','), None))),
            (&["1,234,567"], thousands),
            (&["1,234.5"], Found::Marks((None, Some(',')))),
            (&["12,34,567.50"], Found::Marks((None, Some(',')))),
            (&["1.234,5"], Found::Marks((Some(','), Some('.')))),
            (&["1 234,5"], Found::Marks((Some(','), Some(' ')))),
            (&["1'234.5"], Found::Marks((None, Some('\'')))),
            (&["1,12549", "1,234,567"], Found::Nothing),
            (&["1,5", "x"], Found::Nothing),
            (&["1,234"], Found::Either((None, Some(',')), (Some(','), None))),
            // 999 is near 1001, and far from 1.001.
            (&["999", "1,001"], Found::Marks((None, Some(',')))),
            (&["1,234", "1,5"], Found::Marks((Some(','), None))),
        ] {
            assert_eq!(of(fields), found, "{fields:?}");
        }
        // Volumes tell of prices.
        let (price, volume) = (vec!["1,234"], vec!["17,5"]);
        assert_eq!(find(&[price.clone(), volume], &[price]), Found::Marks((Some(','), None)));
    }
}
