//! The other boards in a home folder of hermes-agent, which keeps several. This program serves the one
//! called `default`, and says so where there are others.

use std::fs;
use std::path::PathBuf;

use dispatcher::Home;

/// The notice about other boards, and the remedy; `None` where there are none.
pub(crate) fn told(home: &Home) -> Option<(String, String)> {
    let folders = folders(home);
    let first = folders.first()?.display();
    let names = folders.iter().filter_map(|it| it.file_name()?.to_str());
    let names = names.collect::<Vec<_>>().join(", ");
    Some((
        format!("hermes-agent keeps other boards here, which this one does not show: {names}"),
        format!("serve one by itself with `kanban serve --home {first}`"),
    ))
}

/// Their folders, by name. A folder that cannot be read has none.
fn folders(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.root().join("kanban/boards"));
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    let is_other = |folder: &PathBuf| {
        let name = folder.file_name().and_then(|name| name.to_str());
        // `_archived` holds those that were removed.
        name.is_some_and(|name| name != "default" && !name.starts_with(['_', '.']))
            && folder.join("kanban.db").is_file()
    };
    let mut folders: Vec<_> = entries.map(|it| it.path()).filter(is_other).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_boards_that_are_there_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        assert_eq!(told(&home), None);
        for name in ["default", "_archived", "b", "a", "empty"] {
            let board = folder.path().join("kanban/boards").join(name);
            fs::create_dir_all(&board).unwrap();
            if name != "empty" {
                fs::write(board.join("kanban.db"), "").unwrap();
            }
        }
        let (told, remedy) = told(&home).unwrap();
        assert!(told.ends_with(": a, b"), "{told}");
        assert!(remedy.ends_with("/kanban/boards/a`"), "{remedy}");
    }
}
