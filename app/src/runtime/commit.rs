//! Brings the page up to date: what differs from what is shown is written, and nothing else.

use leptos::prelude::*;
use reactive_stores::{Patch, Store, Subfield};
use state::shown::{Card, Columns, ColumnsStoreFields, Shown, ShownStoreFields};

/// Writes what is to be shown, field by field: patching a struct that holds a keyed field panics in
/// `reactive_stores` 0.4.
pub(crate) fn commit(store: Store<Shown>, shown: Shown) {
    let Shown {
        cards,
        columns,
        drafts,
        is_empty,
        has_reviews,
        is_filling,
        address,
        assignees,
        tenants,
        chosen,
        carried,
        layout,
        figures,
        workers,
        palette,
        is_helping,
        confirmation,
        create,
        drawer,
        around,
        inbox,
        concern,
        comments,
        notifications,
        link,
        is_outdated,
        second,
        minute,
        notices,
        announcement,
        theme,
        me,
    } = shown;
    // A column names its new cards only after they are there.
    commit_cards(store, cards);
    commit_columns(store, columns);
    put(store.drafts(), drafts);
    put(store.is_empty(), is_empty);
    put(store.has_reviews(), has_reviews);
    put(store.is_filling(), is_filling);
    put(store.address(), address);
    put(store.assignees(), assignees);
    put(store.tenants(), tenants);
    put(store.chosen(), chosen);
    put(store.carried(), carried);
    put(store.layout(), layout);
    put(store.figures(), figures);
    put(store.workers(), workers);
    put(store.palette(), palette);
    put(store.is_helping(), is_helping);
    put(store.confirmation(), confirmation);
    put(store.create(), create);
    put(store.drawer(), drawer);
    put(store.around(), around);
    put(store.inbox(), inbox);
    put(store.concern(), concern);
    put(store.comments(), comments);
    put(store.notifications(), notifications);
    put(store.link(), link);
    put(store.is_outdated(), is_outdated);
    put(store.second(), second);
    put(store.minute(), minute);
    put(store.notices(), notices);
    put(store.announcement(), announcement);
    put(store.theme(), theme);
    put(store.me(), me);
}

/// While the same cards are on the board, each changed one is patched alone, which costs the same
/// however many there are.
fn commit_cards(store: Store<Shown>, cards: Vec<Card>) {
    let shown = store.cards();
    let changed: Option<Vec<Card>> = {
        let before = shown.read_untracked();
        let is_same_set = before
            .iter()
            .map(|it| &it.id)
            .eq(cards.iter().map(|it| &it.id));
        is_same_set.then(|| {
            let pairs = before.iter().zip(&cards);
            pairs
                .filter(|(before, card)| before != card)
                .map(|(_, card)| card.clone())
                .collect()
        })
    };
    match changed {
        Some(changed) => {
            for card in changed {
                shown.at_key(card.id.clone()).patch(card);
            }
        }
        None => shown.patch(cards),
    }
}

fn commit_columns(store: Store<Shown>, columns: Columns) {
    let Columns {
        triage,
        todo,
        ready,
        running,
        review,
        blocked,
        done,
        archived,
    } = columns;
    let shown = store.columns();
    put(shown.triage(), triage);
    put(shown.todo(), todo);
    put(shown.ready(), ready);
    put(shown.running(), running);
    put(shown.review(), review);
    put(shown.blocked(), blocked);
    put(shown.done(), done);
    put(shown.archived(), archived);
}

fn put<Inner, Prev, T>(field: Subfield<Inner, Prev, T>, value: T)
where
    Subfield<Inner, Prev, T>: ReadUntracked<Value: std::ops::Deref<Target = T>> + Set<Value = T>,
    T: PartialEq,
{
    let differs = *field.read_untracked() != value;
    if differs {
        field.set(value);
    }
}
