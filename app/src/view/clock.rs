//! The two clocks of the page. Whoever needs only minutes is not woken every second.

use domain::time::Timestamp;
use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::{Shown, ShownStoreFields};

#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Moves every second.
    pub(crate) second: Signal<Timestamp>,
    /// Moves every minute.
    pub(crate) minute: Signal<Timestamp>,
}

impl Clock {
    pub(crate) fn of(shown: Store<Shown>) -> Self {
        Self {
            second: shown.second().into(),
            minute: shown.minute().into(),
        }
    }
}
