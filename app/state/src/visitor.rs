//! The preferences that this browser remembers: the name of the person in front of it, their layout,
//! colours and notifications.

pub mod layout;
pub mod me;
pub mod notification;
pub mod theme;
