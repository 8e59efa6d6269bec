//! `[board]` of `kanban.toml`, for whoever opens the board.

use kernel::Durability;
use serde::Deserialize;

use super::file::BoardTable;
use super::settings::text_of;
use crate::home::Home;

/// The file without the rest of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    board: BoardTable,
}

/// Reads `durability` of the file; full where the file makes no sense or cannot be read, since it may
/// have asked for that. It blocks.
pub fn durability(home: &Home) -> Durability {
    let file = text_of(home).map(|text| toml::from_str::<File>(&text));
    match file {
        Ok(Ok(file)) => file.board.durability,
        Ok(Err(_)) | Err(_) => Durability::Full,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_board_waits_for_the_disk_where_its_configuration_says_so_or_makes_no_sense() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        assert_eq!(durability(&home), Durability::Normal);
        for (text, expected) in [
            (
                "[board]\ndurability = \"normal\"\n[lanes.x]\ncap = 1",
                Durability::Normal,
            ),
            ("[board]\ndurability = \"full\"", Durability::Full),
            ("[board]\ndurability = \"none\"", Durability::Full),
            ("nonsense", Durability::Full),
        ] {
            fs::write(home.config(), text).unwrap();
            assert_eq!(durability(&home), expected, "{text}");
        }
    }
}
