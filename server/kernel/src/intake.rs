//! The intake: commands whose texts are checked and cleaned, before any verb is carried out.

use std::borrow::Cow;

use domain::actor::Actor;
use domain::command::Command;
use domain::error::Error as Refusal;
use domain::text::one_line;

/// Commands whose texts were checked and cleaned: the only ones that are carried out.
pub(crate) struct Accepted {
    actor: Actor,
    commands: Vec<Command>,
}

impl Accepted {
    /// Checks and cleans the commands of `actor`.
    ///
    /// # Errors
    /// Fails if a name holds a hidden character, or a text one that no program could be given.
    pub(crate) fn new(mut actor: Actor, mut commands: Vec<Command>) -> Result<Self, Refusal> {
        if let Cow::Owned(cleaned) = one_line(&actor.name) {
            actor.name = cleaned;
        }
        for command in &mut commands {
            command.accept(&actor.authority)?;
        }
        Ok(Self { actor, commands })
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn commands(&self) -> &[Command] {
        &self.commands
    }
}
