//! Every command through every door that offers it: the same events, the same change of the board,
//! and the same refusal. A new command does not compile without its line in each door.

mod cast;
mod cli;
mod examples;
mod page;
mod rest;

use anyhow::ensure;
use domain::actor::Actor;
use domain::command::Command;
use domain::error::ErrorKind;
use kernel::Kernel;

use crate::harness::Board;
use cast::Cast;
use examples::EXAMPLES;

/// What became of a command, in words that are the same for every cast.
#[derive(Debug)]
struct Outcome {
    refusal: Option<Refusal>,
    /// The new events of the cast: their kinds and payloads.
    events: Vec<String>,
    /// How the cast and what is around it stands now.
    board: Vec<String>,
}

/// Why a command was not carried out.
#[derive(Debug)]
struct Refusal {
    /// `None` where the door does not tell kinds, only sentences.
    kind: Option<ErrorKind>,
    sentence: String,
}

impl Outcome {
    /// Whether a door that came to this did what the kernel does. It may say more than the kernel.
    fn is(&self, of_kernel: &Self) -> bool {
        let is_refused_as = match (&self.refusal, &of_kernel.refusal) {
            (None, None) => true,
            (Some(door), Some(kernel)) => {
                door.sentence.contains(&kernel.sentence)
                    && (door.kind.is_none() || door.kind == kernel.kind)
            }
            _ => false,
        };
        is_refused_as && self.events == of_kernel.events && self.board == of_kernel.board
    }
}

/// A way of giving commands to the program.
#[derive(Clone, Copy, Debug)]
enum Door {
    Rest,
    Page,
    Cli,
}

impl Door {
    /// Gives the command, and tells how it was refused; `None` where this door does not offer it.
    async fn give(
        self,
        board: &Board,
        command: &Command,
    ) -> anyhow::Result<Option<Option<Refusal>>> {
        match self {
            Self::Rest => rest::give(board, command).await,
            Self::Page => page::give(board, command).await,
            Self::Cli => cli::give(board, command).await,
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
        for door in [Door::Rest, Door::Page, Door::Cli] {
            let cast = Cast::on(&kernel).await?;
            if let Some(refusal) = door.give(&board, &example(&cast)).await? {
                let found = cast.outcome(&kernel, refusal).await?;
                if !found.is(&expected) {
                    differences.push(format!(
                        "{name} through {door:?}\n   kernel: {expected:?}\n     door: {found:?}\n"
                    ));
                }
            }
        }
    }
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

async fn by_kernel(kernel: &Kernel, example: fn(&Cast) -> Command) -> anyhow::Result<Outcome> {
    let cast = Cast::on(kernel).await?;
    let refusal = match kernel.execute(&Actor::full("ada"), example(&cast)).await {
        Ok(_) => None,
        Err(error) => Some(Refusal {
            kind: Some(error.kind()),
            sentence: error.to_string(),
        }),
    };
    cast.outcome(kernel, refusal).await
}
