//! The only place where [`state`] meets Leptos: messages go in, the page is brought up to date, and
//! effects are carried out.

mod ask;
mod commit;
mod effect;
mod keyboard;
mod location;
mod notify;
mod socket;

use std::time::Duration;

use crate::base::Base;
use domain::time::Timestamp;
use leptos::ev;
use leptos::leptos_dom::helpers::set_interval_with_handle;
use leptos::prelude::*;
use leptos::web_sys::js_sys::Date;
use reactive_stores::Store;
use state::shown::{Shown, ShownStoreFields, project};
use state::{Effect, Model, Msg, Opening};

use effect::Hands;
pub(crate) use keyboard::press_of;
pub(crate) use location::Location;

/// Running elapsed times are shown in seconds.
const TICK: Duration = Duration::from_secs(1);

/// A change of the model, with the effects that follow from it.
type Change = Box<dyn FnOnce(&mut Model) -> Vec<Effect>>;

/// The page's model and what is shown of it. A handle, cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Runtime {
    model: StoredValue<Model>,
    shown: Store<Shown>,
    hands: StoredValue<Hands>,
}

impl Runtime {
    /// The page that the server rendered. In a browser it comes to life once it is on the screen.
    pub(crate) fn start(opening: Opening) -> Self {
        let runtime = Self::still(opening);
        runtime.come_to_life();
        runtime
    }

    /// A page to which nothing happens.
    pub(crate) fn still(opening: Opening) -> Self {
        let model = Model::new(opening);
        let shown = Store::new(project(&model));
        // Rows are found by position until the store has been told their keys.
        shown.cards().update_keys();
        let runtime = Self {
            model: StoredValue::new(model),
            shown,
            hands: StoredValue::new(Hands::default()),
        };
        provide_context(runtime);
        runtime
    }

    /// The state of the views.
    pub(crate) fn shown(self) -> Store<Shown> {
        self.shown
    }

    /// Asks the model something that is not shown all the time.
    pub(crate) fn ask<T>(self, question: impl FnOnce(&Model) -> T) -> Option<T> {
        self.model.try_with_value(question)
    }

    /// Takes in what happened.
    pub(crate) fn dispatch(self, msg: Msg) {
        self.change(Box::new(move |model| react(model, msg)));
    }

    /// Changes the model, brings the page up to date, and carries out the effects.
    fn change(self, change: Change) {
        let holders = keyboard::holders();
        // The page may be gone before a late answer arrives.
        let Some(effects) = self.model.try_update_value(change) else {
            return;
        };
        // Asked before the page is brought up to date, the server works meanwhile.
        let (questions, effects): (Vec<_>, Vec<_>) = effects.into_iter().partition(Effect::is_read);
        for question in questions {
            self.carry_out(question);
        }
        commit::commit(self.shown, self.model.with_value(project));
        if !holders.is_empty() {
            keyboard::keep_with(holders);
        }
        for effect in effects {
            self.carry_out(effect);
        }
    }

    /// Effects run in browsers only, after the page was taken over.
    fn come_to_life(self) {
        let base = expect_context::<Base>();
        // It reads nothing reactive, so it runs once.
        leptos::prelude::Effect::new(move |_| {
            self.dispatch(Msg::Started(now()));
            let tick = set_interval_with_handle(move || self.dispatch(Msg::Ticked(now())), TICK);
            let keys = window_event_listener(ev::keydown, move |key| keyboard::press(self, &key));
            let unfollow = self.follow_address(base);
            let leaves = window_event_listener(ev::beforeunload, move |event| {
                if self.ask(Model::has_drafts) == Some(true) || has_new_task() {
                    event.prevent_default();
                }
            });
            on_cleanup(move || {
                if let Ok(tick) = tick {
                    tick.clear();
                }
                leaves.remove();
                keys.remove();
                unfollow();
            });
        });
        // The page shows by now why a plain form was refused; a reload or a link need not.
        leptos::prelude::Effect::new(move |_| {
            let Location { path, query } = Location::current(base);
            if query.contains("__err=")
                && let Some(address) = self.ask(|model| model.address_of(&path, &query))
            {
                location::replace(&address);
            }
        });
    }
}

/// Updates the model. Another address is gone to within the same change, so that the page is brought up to
/// date once.
fn react(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let effects = state::update(model, msg).into_iter();
    let effects = effects.flat_map(|effect| match effect {
        Effect::Visit(address) => location::go(model, address),
        effect => vec![effect],
    });
    effects.collect()
}

/// Returns true when something stands in the form for a new task. What is typed there is known to
/// nobody else.
fn has_new_task() -> bool {
    let filled = ".create-form :is(input, textarea)[placeholder]:not(:placeholder-shown)";
    matches!(document().query_selector(filled), Ok(Some(_)))
}

/// The visitor's clock.
fn now() -> Timestamp {
    let milliseconds = Date::now();
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "a float has no other way to an integer; the milliseconds of any date fit"
    )]
    Timestamp((milliseconds / 1_000.0) as i64)
}

/// Sends messages from views.
pub(crate) fn use_dispatch() -> impl Fn(Msg) + Copy + Send + Sync + 'static {
    let runtime = expect_context::<Runtime>();
    move |msg| runtime.dispatch(msg)
}
