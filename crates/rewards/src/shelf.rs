//! Values that are made once for a key and shared while somebody holds them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Values by key, none of which is kept for its own sake.
#[derive(Debug)]
pub(crate) struct Shelf<K, V>(Mutex<Vec<(K, Weak<V>)>>);

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V> Shelf<K, V> {
    /// The value of a key: the one that somebody holds, else a new one. Others wait while it is
    /// made.
    pub(crate) fn of(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(_, value)| value.strong_count() > 0);
        let known = held.iter().find(|(known, _)| *known == key);
        if let Some(value) = known.and_then(|(_, value)| value.upgrade()) {
            return value;
        }
        let value = Arc::new(make());
        held.push((key, Arc::downgrade(&value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_while_it_is_held() {
        let shelf = Shelf::default();
        let three = shelf.of(3, || "three".to_owned());
        let four = shelf.of(4, || "four".to_owned());
        assert!(Arc::ptr_eq(&three, &shelf.of(3, || unreachable!("it is held"))));
        assert_eq!((&**three, &**four), ("three", "four"));
        drop(three);
        assert_eq!(*shelf.of(3, || "again".to_owned()), "again");
        assert_eq!(
            shelf.0.lock().expect("no panic").len(),
            2,
            "values without a holder are forgotten"
        );
    }
}
