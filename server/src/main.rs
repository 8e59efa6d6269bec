//! The program `kanban`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The system's allocator keeps what every thread has ever needed: with boards of 10,000 tasks going
/// out to many clients, several times what is in use.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
