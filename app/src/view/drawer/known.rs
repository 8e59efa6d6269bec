//! The open task as the board knows it, until it is read.

use std::sync::Arc;

use domain::board::TaskSummary;
use domain::inbox::Concern;
use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::Shown;

use super::facts::{Facts, Of};
use super::lead::Ask;
use crate::view::clock::Clock;

#[component]
pub(super) fn Known(shown: Store<Shown>, card: Arc<TaskSummary>) -> impl IntoView {
    let clock = Clock::of(shown);
    let ask = Concern::of_task(&card).map(|concern| {
        view! { <Ask shown task=concern.task need=concern.need question=None/> }
    });
    view! {
        <div class="panel" aria-busy="true">
            {ask}
            <Facts of=Of::from(&*card) branch=None clock/>
        </div>
    }
}
