//! Every command through every door that offers it: the same events, the same change of the board,
//! and the same refusal. A verb of the board needs an example here, and no line in any door.

mod any;
mod cast;
mod cli;
mod examples;
mod page;
mod rest;

use anyhow::ensure;
use domain::actor::Actor;
use domain::command::Command;
use domain::error::ErrorKind;
use domain::every_verb;
use kernel::Kernel;

use crate::harness::Board;
use cast::Cast;
use examples::EXAMPLES;

/// The outcome of a command, in words that are the same for every cast.
#[derive(Debug)]
struct Outcome {
    refusal: Option<Refusal>,
    /// The new events of the cast: their kinds and payloads.
    events: Vec<String>,
    /// The state of the cast and what is around it.
    board: Vec<String>,
}

/// The refusal of a command.
#[derive(Debug)]
struct Refusal {
    /// `None` where the door does not tell kinds, only sentences.
    kind: Option<ErrorKind>,
    sentence: String,
}

impl Outcome {
    /// Returns true when a door that came to this did what the kernel does.
    fn is(&self, of_kernel: &Self) -> bool {
        let is_refused_as = match (&self.refusal, &of_kernel.refusal) {
            (None, None) => true,
            (Some(door), Some(kernel)) => door.is(kernel),
            _ => false,
        };
        is_refused_as && self.events == of_kernel.events && self.board == of_kernel.board
    }
}

impl Refusal {
    /// Returns true when it is of the same kind. A door that tells no kinds says the same sentence,
    /// or says in its own words that a task is not there.
    fn is(&self, of_kernel: &Self) -> bool {
        let is_not_there =
            of_kernel.kind == Some(ErrorKind::NotFound) && self.sentence.contains("no such task");
        match self.kind {
            Some(_) => self.kind == of_kernel.kind,
            None => is_not_there || self.sentence.contains(&of_kernel.sentence),
        }
    }
}

/// The result of a command at a door.
enum Given {
    NotOffered,
    Done,
    Refused(Refusal),
}

/// A way of giving commands to the program.
#[derive(Clone, Copy, Debug)]
enum Door {
    /// `POST /verbs/{verb}`.
    Verbs,
    /// The server function of the page that takes any verb.
    Act,
    /// The routes of the original.
    Rest,
    /// The plain forms of the page.
    Forms,
    Cli,
}

impl Door {
    const ALL: [Self; 5] = [Self::Verbs, Self::Act, Self::Rest, Self::Forms, Self::Cli];
}

impl Door {
    async fn give(self, board: &Board, command: &Command) -> anyhow::Result<Given> {
        match (self, command) {
            (Self::Verbs, Command::Board(verb)) => any::by_rest(board, verb).await,
            (Self::Act, Command::Board(verb)) => any::by_page(board, verb).await,
            (Self::Forms, Command::Board(verb)) => page::give(board, verb).await,
            (Self::Rest, command) => rest::give(board, command).await,
            (Self::Cli, command) => cli::give(board, command).await,
            _ => Ok(Given::NotOffered),
        }
    }
}

#[tokio::test]
async fn every_door_does_the_same_and_refuses_the_same() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let kernel = Kernel::open(&board.home().join("kanban.db"))?;
    let mut differences = Vec::new();
    for (name, example) in EXAMPLES {
        let expected = by_kernel(&kernel, *example).await?;
        for door in Door::ALL {
            let cast = Cast::on(&kernel).await?;
            let refusal = match door.give(&board, &example(&cast)).await? {
                Given::NotOffered => continue,
                Given::Done => None,
                Given::Refused(refusal) => Some(refusal),
            };
            let found = cast.outcome(&kernel, refusal).await?;
            if !found.is(&expected) {
                differences.push(format!(
                    "{name} through {door:?}\n   kernel: {expected:?}\n     door: {found:?}\n"
                ));
            }
        }
    }
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

macro_rules! names {
    (Board($verbs:ident) { $($verb:ident,)* } $($rest:tt)*) => {
        [$(stringify!($verb)),*]
    };
}

#[tokio::test]
async fn every_verb_of_the_board_has_an_example() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let kernel = Kernel::open(&board.home().join("kanban.db"))?;
    let cast = Cast::on(&kernel).await?;
    let examples: Vec<String> = EXAMPLES
        .iter()
        .map(|(_, example)| format!("{:?}", example(&cast)))
        .collect();
    for name in every_verb!(names) {
        let begin = format!("Board({name}");
        let is_shown = examples.iter().any(|example| example.starts_with(&begin));
        ensure!(is_shown, "{name} has no example");
    }
    Ok(())
}

async fn by_kernel(kernel: &Kernel, example: fn(&Cast) -> Command) -> anyhow::Result<Outcome> {
    let cast = Cast::on(kernel).await?;
    let command = vec![example(&cast)];
    let refusal = match kernel.execute_all(&Actor::full("ada"), command).await {
        Ok(_) => None,
        Err(error) => Some(Refusal {
            kind: Some(error.kind()),
            sentence: error.to_string(),
        }),
    };
    cast.outcome(kernel, refusal).await
}
