//! `kanban daemon`.

use std::path::PathBuf;
use std::time::Duration;

use dispatcher::Home;
use rustix::fs::Mode;

use super::slash::run_slash;
use crate::cli::output::Output;
use crate::daemon::{self, Settings, Telling};
use crate::shutdown::{WhenStopped, run_to_the_end};
use crate::systemd::unit;

/// Run the dispatcher alone, without serving the board to browsers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban daemon --max 4\n  \
    kanban daemon --print-systemd-unit > ~/.config/systemd/user/kanban.service")]
pub(crate) struct Args {
    /// The longest time between two ticks in seconds, 60 at most; each change of the board wakes it too
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    interval: f64,
    /// The number of slots: tasks that run at once [default: of kanban.toml, else one a processor]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    max: Option<u32>,
    /// The number of failures in a row that blocks a task [default: of kanban.toml, else 5]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    failure_limit: Option<u32>,
    /// A file for the id of this process
    #[arg(long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    /// Say each time what was done
    #[arg(short, long)]
    verbose: bool,
    /// Wait for the running workers at the end; a second signal leaves them to the next dispatcher
    #[arg(long)]
    drain: bool,
    /// Print a unit that runs this program as a service of systemd, and do nothing else
    #[arg(long, conflicts_with_all = ["interval", "max", "failure_limit", "pidfile", "verbose", "drain"])]
    print_systemd_unit: bool,
}

/// `umask` is that of the person who started the program.
pub(super) fn run(args: Args, home: Home, umask: Mode, output: &mut Output) -> anyhow::Result<()> {
    if args.print_systemd_unit {
        output.text(&unit::of_this_program(
            &home,
            "daemon --interval 60 --pidfile %t/kanban-dispatcher.pid",
        )?);
        return Ok(());
    }
    let _last_lines = crate::telemetry::start()?;
    let settings = Settings {
        home,
        interval: Duration::from_secs_f64(args.interval),
        max: args.max,
        failure_limit: args.failure_limit,
        pidfile: args.pidfile,
        telling: if args.verbose {
            Telling::Everything
        } else {
            Telling::Little
        },
        when_stopped: WhenStopped::from_flag(args.drain),
        umask,
        run_line: run_slash,
    };
    run_to_the_end(daemon::run(settings)).map(drop)
}

/// Seconds above 0, which may have a fraction, as in the original.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if !span.is_zero() => Ok(seconds),
        _ => Err("write a number of seconds above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_time_that_passes() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
