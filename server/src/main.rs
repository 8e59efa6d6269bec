//! The program `kanban`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
