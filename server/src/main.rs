//! The program `kanban`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The system's allocator keeps what every thread has ever needed: with boards of 10,000 tasks going
/// out to many clients, several times what is in use.
///
/// Its feature `no_thp` keeps it from asking for huge pages: each of them would stay in memory whole
/// for the sake of any small piece of it that is in use, which comes to twice as much.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
