//! Colours, for those who read in a terminal.

use std::fmt::Display;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Effects, Style};
use domain::status::Status;

/// The use of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum When {
    /// In a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Also in a pipe
    Always,
    /// Not at all
    Never,
}

/// The colours of output. The default has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    /// As asked for; left alone, as the terminal and <https://no-color.org> say.
    pub(super) fn new(when: When) -> Self {
        let is_on = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !refused && !is_dumb && std::io::stdout().is_terminal()
            }
        };
        Self { is_on }
    }

    /// Returns true when output is coloured.
    pub(super) fn is_on(self) -> bool {
        self.is_on
    }

    /// Bold text, which stands out.
    pub(super) fn bold(self, text: impl Display) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// Dimmed text, for a second look.
    pub(super) fn dim(self, text: impl Display) -> String {
        self.styled(Style::new().effects(Effects::DIMMED), text)
    }

    /// Green text, for success.
    pub(super) fn good(self, text: impl Display) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// Red text, for what needs a person.
    pub(super) fn bad(self, text: impl Display) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// Something in the colour of a status.
    pub(super) fn status(self, status: &Status, text: impl Display) -> String {
        let style = match status {
            Status::Ready => AnsiColor::Cyan.on_default(),
            Status::Running => AnsiColor::Yellow.on_default(),
            Status::Review => AnsiColor::Blue.on_default(),
            Status::Blocked => AnsiColor::Red.on_default().bold(),
            Status::Done => AnsiColor::Green.on_default(),
            Status::Archived => Style::new().effects(Effects::DIMMED),
            Status::Triage => AnsiColor::Magenta.on_default(),
            Status::Todo | Status::Other(_) => Style::new(),
        };
        self.styled(style, text)
    }

    fn styled(self, style: Style, text: impl Display) -> String {
        if self.is_on {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }
}
