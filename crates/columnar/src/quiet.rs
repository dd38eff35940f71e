//! Panics of other crates that damaged files cause, caught without a word.

use std::cell::Cell;
use std::panic::{UnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// True if a panic of this thread is caught.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Returns the value of `work`; none if it panics, of which nothing is printed. Panics of other
/// threads, and later ones, print as before: the hook that was set handles them.
///
/// ```
/// assert_eq!(barloom_columnar::catch_damage(|| 7), Some(7));
/// assert_eq!(barloom_columnar::catch_damage(|| -> u32 { panic!("damaged") }), None);
/// ```
pub fn catch_damage<T>(work: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                before(panic);
            }
        }));
    });
    let outer = CAUGHT.replace(true);
    let done = catch_unwind(work);
    CAUGHT.set(outer);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_none_and_later_ones_are_heard() {
        assert_eq!(catch_damage(|| 7), Some(7));
        assert_eq!(catch_damage(|| -> u32 { panic!("out of luck") }), None);
        assert!(!CAUGHT.get());
        assert_eq!(catch_damage(|| catch_damage(|| -> u32 { panic!("again") })), Some(None));
    }
}
