//! The behaviour of the program, seen from outside: one module a behaviour area, on the real
//! program with a real database, real sockets and real processes.

mod changes;
mod checks;
pub(crate) mod cli;
mod dependencies;
mod dispatching;
mod doors;
mod durability;
mod events;
mod forms;
mod gc;
mod guide;
mod harness;
mod health;
mod holds;
mod hostile;
mod inbox;
mod landing;
mod limits;
mod load;
mod login;
mod machine;
mod neighbours;
mod notify;
mod odd_files;
mod rest;
mod reviews;
mod running;
mod security;
mod service;
mod steering;
mod storm;
mod tls;
mod torture;
mod update;
mod workers;
