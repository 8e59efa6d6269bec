//! The hidden verb by which the server starts the program of a channel: it ends the program once the
//! server is gone, also when that was killed.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio, exit};
use std::thread;

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};

/// Run the program of a channel; the server calls this
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program, and its arguments
    #[arg(last = true, required = true)]
    words: Vec<OsString>,
}

/// Returns only where the program does not start: otherwise it ends as the program does.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let status = ended(&args.words).context("the program does not start")?;
    let of_signal = status.signal().map_or(1, |signal| 128 + signal);
    exit(status.code().unwrap_or(of_signal))
}

fn ended(words: &[OsString]) -> io::Result<ExitStatus> {
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut program = Command::new(program);
    let mut child = program.args(arguments).stdout(Stdio::null()).spawn()?;
    thread::Builder::new().spawn(end_with_server)?;
    child.wait()
}

/// Waits until nobody can read our output any more, which the server holds for as long as it lives, and
/// kills this process group, which is the program's too.
fn end_with_server() {
    let output = io::stdout();
    let mut server = [PollFd::new(&output, PollFlags::empty())];
    while poll(&mut server, None) == Err(Errno::INTR) {}
    kill_current_process_group(Signal::KILL).ok();
}
