//! What the program does, seen from outside: one module a behaviour area, on the real program with
//! a real database, real sockets and real processes.

mod cli;
mod dependencies;
mod events;
mod harness;
mod login;
mod rest;
mod running;
mod security;
