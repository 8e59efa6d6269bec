//! The views: one component a file. Components take fields and emit messages.

mod age;
mod announcer;
mod avatar;
mod board;
mod board_page;
mod bulk_bar;
mod card;
mod clock;
mod column;
mod confirm;
mod connection_mark;
mod copy;
mod create_form;
mod dialog;
mod document_title;
mod draft;
mod drag;
mod drawer;
mod empty_board;
mod figures;
mod filters;
mod form;
mod header;
mod help;
mod icon;
mod inbox;
mod not_found;
mod notices;
mod palette;
mod quotation;
mod says;
mod status_mark;
mod theme_button;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use board_page::BoardPage;
pub(crate) use card::{card_id, card_of};
pub(crate) use confirm::KEEP_RUNNING_ID;
pub(crate) use create_form::CREATE_FORM_ID;
pub(crate) use drawer::DRAWER_ID;
#[cfg(feature = "ssr")]
pub(crate) use drawer::changes_html;
pub(crate) use filters::SEARCH_ID;
pub(crate) use header::LOG_OUT_ID;
pub(crate) use inbox::{INBOX_ID, answer_id, concern_id, concern_of};
pub(crate) use not_found::NotFound;
