//! The bits of all functions, by the version of their table.

mod common;

use barloom_features::{FUNCTIONS_VERSION, Options};
use common::{DAY, HOUR, MARCH, MINUTE, attributes, many, market, three};

/// The digest of the values of own functions, and that of the digests of the indicators.
const BITS: (u32, &str, &str) = (1, "595f06c15a7d8488", "d82a6e8a680c30a8");

/// FNV-1a.
fn digest(bytes: impl IntoIterator<Item = u8>) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step))
}

/// A change of bits needs a new version, under which datasets of other versions are not compared.
#[test]
fn the_version_stands_for_these_bits() {
    let mut all = common::all();
    all.retain(|known| !known.text.starts_with("ta."));
    let step = 15 * MINUTE;
    let market = market(&three(MARCH - 10 * DAY + HOUR, step, 1_500), step);
    let columns = many(&all, Options::default()).evaluate(&market, &attributes()).unwrap();
    let mut present = 0;
    let bits = columns.iter().flat_map(|column| column.values.iter()).flat_map(|value| {
        present += u64::from(!value.is_nan());
        let value = if value.is_nan() { f64::NAN } else { *value };
        value.to_bits().to_le_bytes()
    });
    let own = digest(bits.collect::<Vec<_>>());
    let rows = (all.len() * market.len()) as u64;
    assert!(present * 2 > rows, "{present} of {rows} values");
    let ta = digest(include_bytes!("goldens/ta.digests.txt").iter().copied());
    assert_eq!((FUNCTIONS_VERSION, &*own, &*ta), BITS, "raise FUNCTIONS_VERSION");
}
