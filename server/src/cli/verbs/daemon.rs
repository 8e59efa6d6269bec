//! `kanban daemon`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use dispatcher::Home;
use rustix::fs::Mode;

use super::slash::run_slash;
use crate::cli::output::Output;
use crate::daemon::{self, Settings, Telling};
use crate::shutdown::{WhenStopped, run_to_the_end};

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
    #[arg(long)]
    print_systemd_unit: bool,
}

/// `umask` is that of the person who started the program.
pub(super) fn run(args: Args, home: Home, umask: Mode, output: &mut Output) -> anyhow::Result<()> {
    if args.print_systemd_unit {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        output.text(&unit(&program, &home, &path));
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

/// The unit that is in our repository, for this program and this board. systemd(1) has a PATH of its own,
/// on which the programs of lanes would not be found.
fn unit(program: &Path, home: &Home, path: &OsStr) -> String {
    const UNIT: &str = include_str!("../../../systemd/kanban.service");
    let command = format!("{} --home {}", word(program), word(home.root()));
    let settings = UNIT.lines().filter(|line| !line.starts_with('#'));
    let unit = settings.collect::<Vec<_>>().join("\n") + "\n";
    let unit = unit.replacen("/usr/bin/env kanban", &command, 1);
    // Unlike in a command, a dollar sign is nothing special here.
    let variable = OsString::from_iter([OsStr::new("PATH="), path]);
    let path = word(Path::new(&variable)).replace("$$", "$");
    let environment = format!("[Service]\nEnvironment={path}\n");
    unit.replacen("[Service]\n", &environment, 1)
}

/// A path as one word of `ExecStart`, by the rules of systemd.service(5): what a terminal would obey, and
/// what is no ASCII, stands there as `\xHH`.
fn word(path: &Path) -> String {
    let escaped = path.as_os_str().as_bytes().escape_ascii().to_string();
    format!("\"{}\"", escaped.replace('%', "%%").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_names_this_program_and_this_board_whatever_they_are_called() {
        let home = Home::at("/home/ada/100 % $mine/\"q\"").unwrap();
        let path = OsStr::new("/home/ada/50 %/bin:/usr/bin");
        let unit = unit(Path::new("/opt/kan ban"), &home, path);
        let start = unit
            .lines()
            .find(|line| line.starts_with("ExecStart="))
            .unwrap();
        assert_eq!(
            start,
            "ExecStart=\"/opt/kan ban\" --home \"/home/ada/100 %% $$mine/\\\"q\\\"\" daemon \
             --interval 60 --pidfile %t/kanban-dispatcher.pid"
        );
        let path = "\nEnvironment=\"PATH=/home/ada/50 %%/bin:/usr/bin\"\n";
        assert!(unit.contains(path), "{unit}");
        assert!(unit.starts_with("[Unit]\n") && unit.ends_with("WantedBy=default.target\n"));
        assert!(!unit.contains('#'));
    }

    #[test]
    fn a_unit_holds_nothing_that_a_terminal_obeys_nor_a_setting_that_a_path_brings_along() {
        let home = Home::at("/h\u{1b}[31m\nExecStop=x\u{202e}").unwrap();
        let unit = unit(Path::new("/k"), &home, OsStr::from_bytes(b"/a\x07:/b\xff"));
        let start = "--home \"/h\\x1b[31m\\nExecStop=x\\xe2\\x80\\xae\" daemon";
        assert!(unit.contains(start), "{unit}");
        assert!(unit.contains("\"PATH=/a\\x07:/b\\xff\"\n"), "{unit}");
    }

    #[test]
    fn an_interval_is_a_time_that_passes() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
