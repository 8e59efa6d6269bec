//! The keys of the board. One table says what each does, and the help is made from it.

use crate::drawer::tab::Tab;

/// The action of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Go to the card above.
    Up,
    /// Go to the card below.
    Down,
    /// Go to the column before.
    Left,
    /// Go to the column behind.
    Right,
    /// Choose the card above too.
    ReachUp,
    /// Choose the card below too.
    ReachDown,
    /// Pick the card up, or put it down.
    Carry,
    /// Move the card to the column before.
    MoveBack,
    /// Move the card to the column behind.
    MoveForth,
    /// Ask where to.
    MoveTo,
    /// Ask to whom.
    Assign,
    /// Ask how urgent.
    Prioritise,
    /// Ask why.
    Block,
    /// Finish it.
    Complete,
    /// Put it away.
    Archive,
    /// Choose the card, or let it go.
    Select,
    /// Choose everything that is shown.
    SelectAll,
    /// Make a task.
    Create,
    /// Search.
    Search,
    /// Ask for anything.
    Palette,
    /// Do what the concern asks for, or write an answer.
    Answer,
    /// Let the task of the concern try again, or tell somebody once more.
    TryAgain,
    /// Open the task of the concern.
    Open,
    /// Show this tab of the open task.
    Tab(Tab),
    /// Go to the inbox.
    GoToInbox,
    /// Go to the board.
    GoToBoard,
    /// Take the last act back.
    Undo,
    /// Let the dispatcher look at the board now.
    Nudge,
    /// Show one's own tasks only, or everybody's.
    Mine,
    /// Say which keys there are.
    Help,
    /// Leave what is open.
    Leave,
}

impl Action {
    /// Returns true for what a key that is held down does again and again: going from card to card.
    pub fn repeats(self) -> bool {
        matches!(
            self,
            Self::Up | Self::Down | Self::Left | Self::Right | Self::ReachUp | Self::ReachDown
        )
    }

    /// Returns true for what makes room for another card or concern, which then has the keyboard.
    pub fn makes_room(self) -> bool {
        matches!(
            self,
            Self::Answer | Self::TryAgain | Self::Complete | Self::Archive
        )
    }
}

/// The part of the page in which a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Anywhere.
    Page,
    /// In the inbox.
    Inbox,
    /// On the board: not while an open task has the keyboard, which scrolls by the same keys.
    Board,
}

/// Keys that do the same, as [`chord`] writes them.
type Chords = &'static [&'static str];

/// A key, or several that do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The keys.
    pub chords: Chords,
    /// Their action.
    pub action: Action,
    /// In words.
    pub label: &'static str,
    /// The part of the page in which they work.
    pub scope: Scope,
}

const fn anywhere(chords: Chords, action: Action, label: &'static str) -> Shortcut {
    Shortcut {
        chords,
        action,
        label,
        scope: Scope::Page,
    }
}

const fn on_board(chords: Chords, action: Action, label: &'static str) -> Shortcut {
    Shortcut {
        scope: Scope::Board,
        ..anywhere(chords, action, label)
    }
}

const fn in_inbox(chords: Chords, action: Action, label: &'static str) -> Shortcut {
    Shortcut {
        scope: Scope::Inbox,
        ..anywhere(chords, action, label)
    }
}

/// Every key, in the order of the help.
pub const TABLE: &[Shortcut] = &[
    anywhere(&["Ctrl+k"], Action::Palette, "Search commands and tasks"),
    anywhere(&["/"], Action::Search, "Search"),
    anywhere(&["g i"], Action::GoToInbox, "Go to the inbox"),
    anywhere(&["g b"], Action::GoToBoard, "Go to the board"),
    anywhere(&["n"], Action::Create, "New task"),
    anywhere(&["z"], Action::Undo, "Undo"),
    anywhere(&["i"], Action::Mine, "Only my tasks, or everybody’s"),
    anywhere(&["w"], Action::Nudge, "Nudge the dispatcher"),
    anywhere(&["?"], Action::Help, "Show these keys"),
    anywhere(&["Escape"], Action::Leave, "Close, cancel, let go"),
    on_board(&["ArrowUp"], Action::Up, "Card above"),
    anywhere(&["k"], Action::Up, "Card above; previous task or concern"),
    on_board(&["ArrowDown"], Action::Down, "Card below"),
    anywhere(&["j"], Action::Down, "Card below; next task or concern"),
    on_board(&["ArrowLeft"], Action::Left, "Column before"),
    on_board(&["ArrowRight"], Action::Right, "Column behind"),
    on_board(
        &["Space"],
        Action::Carry,
        "Pick up and put down; arrows carry",
    ),
    anywhere(&["<"], Action::MoveBack, "Move one column back"),
    anywhere(&[">"], Action::MoveForth, "Move one column forth"),
    anywhere(&["m"], Action::MoveTo, "Move to…"),
    anywhere(&["a"], Action::Assign, "Assign to…"),
    anywhere(&["p"], Action::Prioritise, "Set priority…"),
    anywhere(&["b"], Action::Block, "Block…"),
    anywhere(&["d"], Action::Complete, "Complete"),
    anywhere(
        &["e"],
        Action::Archive,
        "Archive; in the inbox also: drop news",
    ),
    on_board(&["x"], Action::Select, "Choose, or let go"),
    on_board(&["Shift+ArrowUp"], Action::ReachUp, "Choose upwards"),
    on_board(&["Shift+ArrowDown"], Action::ReachDown, "Choose downwards"),
    on_board(&["Ctrl+a"], Action::SelectAll, "Choose all shown cards"),
    anywhere(&["r"], Action::Answer, "Answer, accept or deliver again"),
    in_inbox(&["Enter"], Action::Answer, "Inbox: the same"),
    in_inbox(&["t"], Action::TryAgain, "Inbox: try again"),
    in_inbox(&["o"], Action::Open, "Inbox: open the task"),
    anywhere(
        &[Tab::Overview.key()],
        Action::Tab(Tab::Overview),
        "Open task: overview",
    ),
    anywhere(&[Tab::Log.key()], Action::Tab(Tab::Log), "Open task: log"),
    anywhere(
        &[Tab::Changes.key()],
        Action::Tab(Tab::Changes),
        "Open task: changes",
    ),
    anywhere(
        &[Tab::Evidence.key()],
        Action::Tab(Tab::Evidence),
        "Open task: evidence",
    ),
    anywhere(
        &[Tab::Activity.key()],
        Action::Tab(Tab::Activity),
        "Open task: activity",
    ),
];

/// The name of a key as the table writes it: what it types, or its name, with what is held down.
pub fn chord(key: &str, has_control: bool, has_shift: bool) -> String {
    let name = if key == " " { "Space" } else { key };
    let types = name.chars().count() == 1;
    match (has_control, has_shift, types) {
        (true, _, _) => format!("Ctrl+{}", name.to_ascii_lowercase()),
        // What a key types says already whether Shift is held.
        (false, true, false) => format!("Shift+{name}"),
        (false, true, true) => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

/// The shortcut of a key.
pub fn find(chord: &str) -> Option<&'static Shortcut> {
    TABLE
        .iter()
        .find(|shortcut| shortcut.chords.contains(&chord))
}

/// Returns true for the first of two keys that are pressed one after the other.
pub fn is_prefix(chord: &str) -> bool {
    let chords = TABLE.iter().flat_map(|shortcut| shortcut.chords);
    chords
        .filter_map(|it| it.split_once(' '))
        .any(|(first, _)| first == chord)
}

/// The first key of an action, for menus.
pub fn of(action: Action) -> &'static str {
    let shortcut = TABLE.iter().find(|shortcut| shortcut.action == action);
    shortcut
        .and_then(|shortcut| shortcut.chords.first())
        .copied()
        .unwrap_or_default()
}

/// A key as it is printed on keyboards.
pub fn printed(chord: &str) -> String {
    let names = [
        ("ArrowUp", "↑"),
        ("ArrowDown", "↓"),
        ("ArrowLeft", "←"),
        ("ArrowRight", "→"),
        ("Enter", "Enter"),
        ("Escape", "Esc"),
        ("Space", "Space"),
    ];
    let printed = |part: &str| {
        let name = names.iter().find(|(name, _)| *name == part);
        name.map_or_else(|| part.to_ascii_uppercase(), |(_, sign)| (*sign).to_owned())
    };
    match chord.split_once('+') {
        Some((held, key)) if !key.is_empty() => format!("{held} {}", printed(key)),
        _ => printed(chord),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let chords: Vec<_> = TABLE.iter().flat_map(|shortcut| shortcut.chords).collect();
        assert_eq!(chords.iter().collect::<BTreeSet<_>>().len(), chords.len());
    }

    #[test]
    fn keys_are_named_by_what_they_type() {
        assert_eq!(chord("<", false, true), "<");
        assert_eq!(chord("?", false, true), "?");
        assert_eq!(chord("K", true, false), "Ctrl+k");
        assert_eq!(chord("J", false, true), "j");
        assert_eq!(chord("ArrowUp", false, true), "Shift+ArrowUp");
        assert_eq!(chord(" ", false, false), "Space");
    }

    #[test]
    fn every_action_of_the_table_is_found_by_its_key() {
        for shortcut in TABLE {
            for chord in shortcut.chords {
                assert_eq!(find(chord), Some(shortcut));
                assert!(!printed(chord).is_empty());
            }
        }
        assert_eq!(find("Ctrl+c"), None, "copying is the browser's");
        assert_eq!(printed("Shift+ArrowUp"), "Shift ↑");
    }
}
