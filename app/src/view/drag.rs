//! Moving cards by mouse and by touch. What moves with the pointer is drawn past the page's state: it
//! changes with every frame, and nobody else needs to know before the card is let go.
//!
//! A finger has to rest on a card before it drags, so that scrolling never moves one.

mod ghost;
mod scroll;

use std::time::Duration;

use domain::id::TaskId;
use domain::status::Status;
use leptos::ev;
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::wasm_bindgen::closure::Closure;
use leptos::web_sys::{AddEventListenerOptions, Element, PointerEvent, TouchEvent};
use state::Msg;

use super::card::card_of;
use crate::runtime::Runtime;
use ghost::Ghost;

/// The time that a finger rests on a card until it drags it.
const HOLD: Duration = Duration::from_millis(300);

/// The distance a finger may tremble meanwhile, in pixels.
const TREMOR: i32 = 8;

/// The distance a mouse moves before it drags, in pixels: a click is seldom quite still.
const START: i32 = 4;

/// The state of a drag. It lives in the browser only, on its one thread.
#[derive(Clone, Copy)]
pub(crate) struct Drag {
    runtime: Runtime,
    phase: StoredValue<Phase, LocalStorage>,
    /// True while the click that ends a drag is still to come.
    swallows_click: StoredValue<bool, LocalStorage>,
}

enum Phase {
    Idle,
    /// A card is held down, and nobody knows yet what for.
    Held(Held),
    /// A card follows the pointer.
    Dragging(Dragging),
}

struct Held {
    card: Element,
    task: TaskId,
    pointer: i32,
    start: Point,
    /// Of a finger: it drags when this runs out.
    timer: Option<TimeoutHandle>,
}

struct Dragging {
    task: TaskId,
    pointer: i32,
    at: Point,
    ghost: Ghost,
    over: Option<Target>,
}

/// The column under the pointer.
#[derive(Clone, PartialEq)]
struct Target {
    column: Element,
    status: Status,
    /// The reason why the card cannot go there.
    problem: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
struct Point {
    x: i32,
    y: i32,
}

impl Drag {
    /// Listens to the pointer as long as the calling component lives.
    pub(crate) fn listen(runtime: Runtime) {
        // Effects run in browsers only, once where they read nothing. A server would drop what belongs
        // to one thread on another, which is not allowed.
        Effect::new(move |_| {
            let drag = Self {
                runtime,
                phase: StoredValue::new_local(Phase::Idle),
                swallows_click: StoredValue::new_local(false),
            };
            let moved = window_event_listener(ev::pointermove, move |event| drag.moved(&event));
            let down = window_event_listener(ev::pointerdown, move |event| drag.pressed(&event));
            let up = window_event_listener(ev::pointerup, move |event| drag.released(&event));
            let lost = window_event_listener(ev::pointercancel, move |_| drag.stop());
            // The link of a card is not what is dragged, and a long press asks for no menu.
            let native = window_event_listener(ev::dragstart, move |event| {
                if drag.is_busy() {
                    event.prevent_default();
                }
            });
            let menu = window_event_listener(ev::contextmenu, move |event| {
                if drag.is_dragging() {
                    event.prevent_default();
                }
            });
            drag.listen_first();
            on_cleanup(move || {
                for listener in [moved, down, up, lost] {
                    listener.remove();
                }
                native.remove();
                menu.remove();
            });
        });
    }

    /// Listens where others would come first: to Escape, to the click after a drag, and to a finger
    /// that moves, which scrolls unless somebody says at once that it does not.
    fn listen_first(self) {
        let touch = Closure::<dyn Fn(TouchEvent)>::new(move |event: TouchEvent| {
            if self.is_dragging() && event.cancelable() {
                event.prevent_default();
            }
        });
        let key = Closure::<dyn Fn(ev::KeyboardEvent)>::new(move |event: ev::KeyboardEvent| {
            if event.key() == "Escape" && self.is_dragging() {
                event.stop_propagation();
                self.stop();
            }
        });
        let click = Closure::<dyn Fn(ev::MouseEvent)>::new(move |event: ev::MouseEvent| {
            if self.swallows_click.try_get_value() == Some(true) {
                self.swallows_click.set_value(false);
                event.prevent_default();
                event.stop_propagation();
            }
        });
        let options = AddEventListenerOptions::new();
        options.set_capture(true);
        options.set_passive(false);
        for (name, closure) in [
            ("touchmove", touch.as_ref().unchecked_ref()),
            ("keydown", key.as_ref().unchecked_ref()),
            ("click", click.as_ref().unchecked_ref()),
        ] {
            // It fails only where listeners are not to be had at all.
            drop(
                window().add_event_listener_with_callback_and_add_event_listener_options(
                    name, closure, &options,
                ),
            );
        }
        let closures = StoredValue::new_local((touch, key, click));
        on_cleanup(move || {
            closures.with_value(|(touch, key, click)| {
                for (name, closure) in [
                    ("touchmove", touch.as_ref().unchecked_ref()),
                    ("keydown", key.as_ref().unchecked_ref()),
                    ("click", click.as_ref().unchecked_ref()),
                ] {
                    drop(
                        window().remove_event_listener_with_callback_and_bool(name, closure, true),
                    );
                }
            });
        });
    }

    fn pressed(self, event: &PointerEvent) {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let Some(target) = target.filter(|_| event.button() == 0 && event.is_primary()) else {
            return;
        };
        let is_control = matches!(target.closest("button, input, .drawer"), Ok(Some(_)));
        let (Ok(Some(card)), Some(task), false) =
            (target.closest(".card"), card_of(&target), is_control)
        else {
            return;
        };
        self.stop();
        let timer = (event.pointer_type() != "mouse").then(|| {
            let start = move || self.start();
            set_timeout_with_handle(start, HOLD).ok()
        });
        self.phase.set_value(Phase::Held(Held {
            card,
            task,
            pointer: event.pointer_id(),
            start: Point::of(event),
            timer: timer.flatten(),
        }));
    }

    fn moved(self, event: &PointerEvent) {
        let at = Point::of(event);
        let (mut is_lifted, mut is_scrolled) = (false, false);
        self.phase.update_value(|phase| match phase {
            Phase::Held(held) if held.pointer == event.pointer_id() => {
                let is_finger = held.timer.is_some();
                let distance = at.distance(held.start);
                is_lifted = !is_finger && distance >= START;
                is_scrolled = is_finger && distance > TREMOR;
            }
            Phase::Dragging(dragging) if dragging.pointer == event.pointer_id() => {
                dragging.at = at;
                dragging.ghost.follow(at.x, at.y);
            }
            _ => {}
        });
        if is_scrolled {
            self.stop();
        }
        if is_lifted {
            self.start();
        }
        self.look_below();
    }

    fn released(self, event: &PointerEvent) {
        let mut dropped = None;
        self.phase.with_value(|phase| {
            if let Phase::Dragging(dragging) = phase
                && dragging.pointer == event.pointer_id()
            {
                let over = dragging.over.as_ref();
                dropped = over.map(|target| (dragging.task.clone(), target.status.clone()));
            }
        });
        if self.is_dragging() {
            self.swallows_click.set_value(true);
            // Where no click follows, none must be waited for.
            set_timeout(
                move || {
                    self.swallows_click.try_set_value(false);
                },
                Duration::ZERO,
            );
        }
        self.stop();
        if let Some((task, status)) = dropped {
            self.runtime.dispatch(Msg::Dropped(task, status));
        }
    }

    /// Lifts the card that is held down.
    fn start(self) {
        let Some(Phase::Held(held)) = self.take() else {
            return;
        };
        let others = self.runtime.ask(|model| model.taken_along(&held.task));
        let Some(ghost) = Ghost::of(
            &held.card,
            held.start.x,
            held.start.y,
            &others.unwrap_or_default(),
        ) else {
            return;
        };
        self.phase.set_value(Phase::Dragging(Dragging {
            task: held.task,
            pointer: held.pointer,
            at: held.start,
            ghost,
            over: None,
        }));
        self.look_below();
        self.scroll_along();
    }

    /// Puts everything back as it was.
    fn stop(self) {
        match self.take() {
            Some(Phase::Held(Held {
                timer: Some(timer), ..
            })) => timer.clear(),
            Some(Phase::Dragging(dragging)) => {
                if let Some(target) = dragging.over {
                    ghost::unmark(&target.column);
                }
                dragging.ghost.vanish();
            }
            _ => {}
        }
    }

    /// Marks the column under the pointer, and where in it the card would hang.
    fn look_below(self) {
        self.phase.try_update_value(|phase| {
            let Phase::Dragging(dragging) = phase else {
                return;
            };
            let column = column_at(dragging.at);
            if column.as_ref().map(|(it, _)| it) == dragging.over.as_ref().map(|it| &it.column) {
                return;
            }
            if let Some(last) = dragging.over.take() {
                ghost::unmark(&last.column);
            }
            dragging.over = column.map(|(column, status)| {
                let landing = self
                    .runtime
                    .ask(|model| model.landing(&dragging.task, &status));
                let problem = ghost::mark(&column, landing.unwrap_or(Ok(None)));
                Target {
                    column,
                    status,
                    problem,
                }
            });
            let problem = dragging.over.as_ref().and_then(|it| it.problem.as_deref());
            dragging.ghost.explain(problem);
        });
    }

    /// Scrolls what the pointer is at the edge of, frame by frame until the drag ends.
    fn scroll_along(self) {
        request_animation_frame(move || {
            let at = self.phase.try_with_value(|phase| match phase {
                Phase::Dragging(dragging) => Some(dragging.at),
                _ => None,
            });
            if let Some(Some(at)) = at {
                if scroll::at_edges(at.x, at.y) {
                    self.look_below();
                }
                self.scroll_along();
            }
        });
    }

    fn take(self) -> Option<Phase> {
        let taken = |phase: &mut Phase| std::mem::replace(phase, Phase::Idle);
        self.phase.try_update_value(taken)
    }

    fn is_busy(self) -> bool {
        let is_busy = |phase: &Phase| !matches!(phase, Phase::Idle);
        self.phase.try_with_value(is_busy).unwrap_or_default()
    }

    fn is_dragging(self) -> bool {
        let is_dragging = |phase: &Phase| matches!(phase, Phase::Dragging(_));
        self.phase.try_with_value(is_dragging).unwrap_or_default()
    }
}

impl Point {
    fn of(event: &PointerEvent) -> Self {
        Self {
            x: event.client_x(),
            y: event.client_y(),
        }
    }

    /// The longer of the two ways, along and across.
    fn distance(self, other: Self) -> i32 {
        (self.x - other.x).abs().max((self.y - other.y).abs())
    }
}

fn column_at(at: Point) -> Option<(Element, Status)> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "coordinates on a screen are far below where floats have gaps"
    )]
    let below = document().element_from_point(at.x as f32, at.y as f32)?;
    let column = below.closest(".column").ok().flatten()?;
    let status = Status::from_name(&column.get_attribute("data-status")?)?;
    Some((column, status))
}
