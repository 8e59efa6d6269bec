//! The unit by which systemd runs this very program on a board.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use dispatcher::Home;

/// The unit of the user's own services for this program, this board and these words after its name. It
/// has the PATH of whoever prints it.
///
/// # Errors
/// Fails when the program's own file cannot be found.
pub(crate) fn of_this_program(home: &Home, words: &str) -> io::Result<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(unit(&std::env::current_exe()?, home, &path, words))
}

fn unit(program: &Path, home: &Home, path: &OsStr, words: &str) -> String {
    let start = format!("{} --home {} {words}", word(program), word(home.root()));
    // Unlike in a command, a dollar sign is nothing special here.
    let variable = OsString::from_iter([OsStr::new("PATH="), path]);
    let path = word(Path::new(&variable)).replace("$$", "$");
    format!(include_str!("kanban.service"), start = start, path = path)
}

/// A path as one word of `ExecStart`, by the rules of systemd.service(5): what a terminal would obey, and
/// what is no ASCII, stands there as `\xHH`.
pub(crate) fn word(path: &Path) -> String {
    let escaped = path.as_os_str().as_bytes().escape_ascii().to_string();
    format!("\"{}\"", escaped.replace('%', "%%").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "daemon --interval 60";

    #[test]
    fn a_unit_names_this_program_and_this_board_whatever_they_are_called() {
        let home = Home::at("/home/ada/100 % $mine/\"q\"").unwrap();
        let path = OsStr::new("/home/ada/50 %/bin:/usr/bin");
        let unit = unit(Path::new("/opt/kan ban"), &home, path, WORDS);
        let start = unit
            .lines()
            .find(|line| line.starts_with("ExecStart="))
            .unwrap();
        assert_eq!(
            start,
            "ExecStart=\"/opt/kan ban\" --home \"/home/ada/100 %% $$mine/\\\"q\\\"\" daemon \
             --interval 60"
        );
        let path = "\nEnvironment=\"PATH=/home/ada/50 %%/bin:/usr/bin\"\n";
        assert!(unit.contains(path), "{unit}");
        assert!(unit.ends_with("WantedBy=default.target\n"), "{unit}");
    }

    #[test]
    fn a_unit_holds_nothing_that_a_terminal_obeys_nor_a_setting_that_a_path_brings_along() {
        let home = Home::at("/h\u{1b}[31m\nExecStop=x\u{202e}").unwrap();
        let unit = unit(
            Path::new("/k"),
            &home,
            OsStr::from_bytes(b"/a\x07:/b\xff"),
            WORDS,
        );
        let start = "--home \"/h\\x1b[31m\\nExecStop=x\\xe2\\x80\\xae\" daemon";
        assert!(unit.contains(start), "{unit}");
        assert!(unit.contains("\"PATH=/a\\x07:/b\\xff\"\n"), "{unit}");
    }
}
