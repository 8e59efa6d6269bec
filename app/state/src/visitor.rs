//! What this browser remembers of the person in front of it: their name, and how they like the page.

pub mod layout;
pub mod me;
pub mod notification;
pub mod theme;
