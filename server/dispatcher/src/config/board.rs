//! `[board]` of `kanban.toml`, for whoever opens the board.

use std::fs;

use kernel::Durability;
use serde::Deserialize;

use super::file::BoardTable;
use crate::home::Home;

/// The file without the rest of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    board: BoardTable,
}

/// What an answer to a write promises; the most where the file cannot be read, of which the dispatcher
/// and `kanban doctor` tell. It blocks.
pub fn durability(home: &Home) -> Durability {
    let text = fs::read_to_string(home.config()).unwrap_or_default();
    let file: File = toml::from_str(&text).unwrap_or_default();
    file.board.durability
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_durable_unless_its_configuration_says_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        assert_eq!(durability(&home), Durability::Full);
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
