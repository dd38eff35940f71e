//! Bars and records that are refused change nothing.

use barloom_engine::{Error, ErrorKind, Live, LiveError, LiveOptions};
use barloom_recipe::Recipe;

use crate::kit::{MINUTE, START, bars, before, dataset, loaded, recipe, series};
use crate::{ALONE, TOGETHER, three};

const BAR: [(&str, f64); 6] =
    [("open", 5.0), ("high", 6.0), ("low", 4.0), ("close", 5.5), ("volume", 1.0), ("x", 0.5)];

/// The bar with another value.
fn with(name: &'static str, value: f64) -> Vec<(&'static str, f64)> {
    BAR.iter().map(|(known, x)| (*known, if *known == name { value } else { *x })).collect()
}

/// Features of other symbols, none of which needs attributes.
pub(crate) fn together() -> Recipe {
    recipe(&TOGETHER.replace(", by=sector", ""))
}

#[test]
fn a_refused_bar_changes_nothing() {
    let (recipe, series) = (recipe(ALONE), three(300));
    let set = dataset(&recipe, &series, START + 400 * MINUTE);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    let next = START + 500 * MINUTE;
    live.push("A", next, &BAR).unwrap();
    let (before, state) = (format!("{live:?}"), live.state());
    let late = next + MINUTE;
    for (symbol, ts, values, told) in [
        ("A", next, BAR.to_vec(), "comes after one at"),
        ("A", START, BAR.to_vec(), "push bars in time order"),
        ("D", late, BAR.to_vec(), "no symbol \"D\"; it has A, B, C"),
        ("A", late, BAR[..5].to_vec(), "the bar has no x; pass open, high, low, close, volume, x"),
        ("A", late, BAR[1..].to_vec(), "the bar has no open"),
        ("A", late, with("high", 4.5), "2024-03-06 08:21:00"),
        ("A", late, with("low", 7.0), "high is below low"),
        ("A", late, with("close", f64::NAN), "a price is missing"),
        ("A", late, with("low", -1.0), "zero or negative"),
        ("A", late, with("volume", -1.0), "volume is negative"),
    ] {
        let error = live.push(symbol, ts, &values).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(format!("{live:?}"), before, "{told}");
    }
    assert_eq!(live.state(), state);
    assert_eq!(Error::from(live.ready("D").unwrap_err()).kind(), ErrorKind::Usage);
    let error = live.push_join("funding", late, None, &[("rate", 1.0)]).unwrap_err();
    assert!(error.to_string().contains("they use no join"), "{error}");
    // A missing volume is a bar in no segment, as it is a channel.
    live.push("A", late, &with("volume", f64::NAN)).unwrap();
    assert!(!live.ready("A").unwrap());
    let error = live.window("A").unwrap_err();
    let told = "A is not ready: its segment has 0 of the 7 bars of a window";
    assert_eq!(error.to_string(), told);
}

#[test]
fn a_table_with_a_refused_bar_is_refused_whole() {
    let (recipe, all) = (recipe(ALONE), three(600));
    let set = dataset(&recipe, &all, START + 400 * MINUTE);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    let unchanged = format!("{live:?}");
    // Its first bars are those of the dataset.
    let options = live.read_options();
    let error = live.push_bars(bars(&all[..1], &options)).unwrap_err();
    assert!(error.to_string().contains("push bars in time order"), "{error}");
    let other = [series("D", 9, false, 1)];
    let error = live.push_bars(bars(&other, &options)).unwrap_err();
    assert!(error.to_string().contains("no symbol \"D\""), "{error}");
    assert_eq!(format!("{live:?}"), unchanged);
}

#[test]
fn bars_of_a_time_wait_for_each_other() {
    let (recipe, series) = (together(), three(300));
    let set = dataset(&recipe, &series, START + 200 * MINUTE);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    let next = START + 1_000 * MINUTE;
    live.push("A", next, &BAR).unwrap();
    let error = live.window("A").unwrap_err();
    assert!(error.to_string().contains("the time of its last bar has not ended"), "{error}");
    assert!(matches!(&error, LiveError::NotReady { .. }));
    let error = live.push("B", next - MINUTE, &BAR).unwrap_err();
    assert!(error.to_string().contains("and that time has ended"), "{error}");
    live.push("B", next, &BAR).unwrap();
    // All symbols have a bar, so the time has ended.
    let mut by_all = live.clone();
    by_all.push("C", next, &BAR).unwrap();
    let error = by_all.window("A").unwrap_err();
    assert!(error.to_string().contains("1 of the 5 bars"), "{error}");
    live.close(Some(next - MINUTE)).unwrap();
    assert!(live.window("A").unwrap_err().to_string().contains("has not ended"), "it is later");
    live.close(Some(next)).unwrap();
    assert!(live.window("A").unwrap_err().to_string().contains("1 of the 5 bars"));
    let error = live.push("C", next, &BAR).unwrap_err();
    assert!(error.to_string().contains("and that time has ended"), "{error}");
    live.push("C", next + MINUTE, &BAR).unwrap();
    // A later bar ends the time before it.
    live.push("A", next + 2 * MINUTE, &BAR).unwrap();
    assert!(live.window("C").unwrap_err().to_string().contains("1 of the 5 bars"));
}

#[test]
fn what_cannot_be_live_is_told() {
    let series = three(300);
    let told = |text: &str| {
        let mut set = loaded(&recipe(text), &series).sets().unwrap().remove(0);
        let mut changed = (*set.recipe).clone();
        changed.data.adjust = Some(barloom_reading::Adjust::AdjClose);
        set.recipe = changed.into();
        Live::new(&set, LiveOptions::default()).unwrap_err()
    };
    let error = told(ALONE);
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().starts_with("data.adjust is set"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let sectors = folder.path().join("sectors.csv").to_string_lossy().into_owned();
    std::fs::write(&sectors, "symbol,sector\nA,x\nB,x\nC,x\n").unwrap();
    let text = TOGETHER.replace("[features]", &format!("attributes = \"{sectors}\"\n[features]"));
    let set = loaded(&recipe(&text), &series).sets().unwrap().remove(0);
    let error = Live::new(&set, LiveOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no attribute `sector`"), "{error}");
    let history =
        bars(&before(&series, START + 9 * MINUTE), &barloom_engine::ReadOptions::default());
    let options = LiveOptions {
        history: Some(history),
        joins: [("funding".to_owned(), Vec::new())].into(),
        ..LiveOptions::default()
    };
    let set = loaded(&recipe(ALONE), &series).sets().unwrap().remove(0);
    let error = Live::new(&set, options).unwrap_err();
    assert!(error.to_string().contains("the recipe has no such join; it has no join"), "{error}");
}
