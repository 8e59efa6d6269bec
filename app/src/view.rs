//! What is seen: one component a file. Components take fields and emit messages.

mod age;
mod announcer;
mod avatar;
mod board;
mod board_page;
mod card;
mod clock;
mod column;
mod connection_mark;
mod create_form;
mod draft;
mod drawer;
mod empty_board;
mod form;
mod header;
mod icon;
mod not_found;
mod notices;
mod status_mark;
mod theme_button;

pub(crate) use board_page::BoardPage;
pub(crate) use card::card_id;
pub(crate) use drawer::DRAWER_ID;
pub(crate) use not_found::NotFound;
