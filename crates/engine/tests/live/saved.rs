//! A saved state goes on with the same bits.

use barloom_engine::{Live, LiveOptions};

use crate::kit::{MINUTE, START, Whole, compare, dataset, recipe};
use crate::refused::together;
use crate::{ALONE, three};

#[test]
fn a_restored_live_goes_on_with_the_same_bits() {
    for recipe in [recipe(ALONE), together()] {
        let series = three(900);
        let (cut, middle) = (START + 300 * MINUTE, START + 500 * MINUTE);
        let set = dataset(&recipe, &series, cut);
        let mut live = Live::new(&set, LiveOptions::default()).unwrap();
        let fresh = live.clone();
        let mut whole = Whole::new(&recipe, &series, &set);
        let columns = live.columns().to_vec();
        for (ts, symbol, row) in whole.rows_from(cut) {
            if ts > middle {
                break;
            }
            // The bars of the last time still wait.
            let name = ["A", "B", "C"][symbol];
            live.push(name, ts, &whole.values(&columns, row)).unwrap();
        }
        let state = live.state();
        let mut restored = fresh.clone();
        restored.load(&state).unwrap();
        assert_eq!(format!("{restored:?}"), format!("{live:?}"));
        assert!(compare(&mut restored, &mut whole, middle + 1) > 100);
        compare(&mut live, &mut whole, middle + 1);
        assert_eq!(restored.state(), live.state());

        let error = restored.load(&state).unwrap_err();
        assert!(error.to_string().contains("pushed already"), "{error}");
        let mut other =
            Live::new(&dataset(&recipe, &series, cut + MINUTE), LiveOptions::default()).unwrap();
        let error = other.load(&state).unwrap_err();
        assert!(error.to_string().contains("continues from other bars"), "{error}");
        let mut again = fresh.clone();
        for cut in [0, 5, 40, 90, state.len() / 2, state.len() - 1] {
            let error = again.load(&state[..cut]).unwrap_err();
            assert!(error.to_string().contains("cannot be loaded"), "{cut}: {error}");
        }
        assert_eq!(format!("{again:?}"), format!("{fresh:?}"), "a damaged state changes nothing");
    }
}
