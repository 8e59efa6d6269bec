//! `[board]` of `kanban.toml`, for whoever opens the board.

use kernel::Durability;

use super::document::Document;
use super::file::BoardTable;
use crate::home::Home;

/// Reads `durability` of the file; full where the file makes no sense or cannot be read, since it may
/// have asked for that. It blocks.
pub fn durability(home: &Home) -> Durability {
    let document = Document::read(home);
    let board = document.table("board").and_then(|board| match board {
        Some(board) => board.read(),
        None => Ok(BoardTable::default()),
    });
    board.map_or(Durability::Full, |board| board.durability)
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
