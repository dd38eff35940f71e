//! Recipes.

use std::sync::LazyLock;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_recipe::Recipe;

/// A day of bars, to resolve recipes against.
static MARKET: LazyLock<Market> = LazyLock::new(|| {
    let minute = 60_000_000_000;
    let ts = (0..1_440).map(|bar| 1_704_067_200_000_000_000 + bar * minute).collect();
    let columns = ["open", "high", "low", "close", "volume"];
    let columns = columns.map(|name| Column::new(name, vec![100.0; 1_440])).to_vec();
    let series = Series::new("ACME", ts, columns).expect("the bars are good");
    Market::new(&[series], &["close".to_owned()], MaxGap::Auto).expect("the series is good")
});

/// A recipe: read, written, read again, resolved.
///
/// # Panics
/// A finding.
pub fn recipe(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let recipe = match Recipe::from_toml(text, "fuzz.toml") {
        Ok(recipe) => recipe,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    reads_back(&recipe);
    assert!(recipe.to_json().is_object());
    recipe.reward_settings(&MARKET).expect("a valid recipe has settings");
    let _ = recipe.parts(&MARKET);
    let resolved = recipe.resolve(&MARKET).expect("a valid recipe can be resolved");
    reads_back(&resolved);
    let again = resolved.resolve(&MARKET).expect("a resolved recipe can be resolved");
    assert_eq!(again, resolved, "a resolved recipe does not resolve to itself");
    assert_eq!(again.digest(), resolved.digest());
}

/// The written form of a recipe is the same recipe.
fn reads_back(recipe: &Recipe) {
    let text = recipe.to_toml();
    let again = Recipe::from_toml(&text, "again.toml").expect("what was written reads back");
    assert_eq!(&again, recipe, "a recipe changes when it is written and read");
    assert_eq!(again.digest(), recipe.digest());
    assert_eq!(again.to_toml(), text);
}
