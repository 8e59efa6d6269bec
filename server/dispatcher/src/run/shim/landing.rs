//! The lander: a process of its own that brings the work of one task onto the branch that it came from,
//! so that the server may be killed and started again meanwhile.
//!
//! It holds the lock of its repository, which the dispatcher hands it as its standard input, until it
//! ends. Nothing that it does before the last step is seen by anybody; the commit of that step is on the
//! board before it is made. So it may be killed at any moment, and the next lander begins anew, or finds
//! that the work is there.

mod attempt;
mod check;

use std::path::Path;

use domain::actor::Actor;
use domain::check::CheckEnd;
use domain::command::{NoteLanding, SettleLanding, Verb};
use domain::id::EventId;
use domain::landing::{Landing, LandingEnd, TRY_AGAIN};
use kernel::{IfLost, Kernel, Options};

use self::attempt::Attempt;
use super::events::Events;
use crate::config::durability;
use crate::error::Error;
use crate::home::Home;
use crate::run::folder::{LandingSpec, RunFolder};
use crate::workspaces::landing::Work;
use crate::workspaces::{Repository, landing};

/// The number of times that a target may move on while work is brought onto it.
const TRIES: u32 = 5;

/// Lands the work of the task whose particulars are in `spec_file`. Returns false, and logs why, where it
/// had to give up.
///
/// The program calls this for its hidden verb `lander`; nobody else should.
pub fn main(spec_file: &Path) -> bool {
    let folder = RunFolder::at(spec_file.parent().unwrap_or(spec_file));
    supervise(&folder)
        .inspect_err(|error| tracing::error!(%error, "a lander gives up"))
        .is_ok()
}

fn supervise(folder: &RunFolder) -> Result<(), Error> {
    // Nobody asks for it any more.
    let Some(spec) = folder.landing()? else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Error::system("start the lander"))?;
    runtime.block_on(async {
        // As a supervisor: a session of its own, and every process of its check a child in the end.
        if let Err(error) = rustix::process::setsid() {
            tracing::debug!(%error, "the lander stays in the session that it was started in");
        }
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(Error::system("become a subreaper"))?;
        let home = spec.home()?;
        let options = Options {
            if_lost: IfLost::Refuse,
            durability: durability(&home),
            ..Options::default()
        };
        let kernel = Kernel::open_with(&spec.db, options)?;
        let mut lander = Lander {
            spec: &spec,
            folder,
            kernel,
            events: Events::listen()?,
        };
        lander.land().await
    })?;
    // The dispatcher reads it only after a failure.
    folder.remove()
}

/// The state of a lander.
struct Lander<'a> {
    spec: &'a LandingSpec,
    folder: &'a RunFolder,
    kernel: Kernel,
    events: Events,
}

impl Lander<'_> {
    /// Lands the work, or says what became of that.
    async fn land(&mut self) -> Result<(), Error> {
        let home = self.spec.home()?;
        let (path, trust) = (&self.spec.repository, self.spec.trust);
        for _ in 0..TRIES {
            let Some((landing, onto)) = self.asked_for().await? else {
                return Ok(());
            };
            let repository = Repository::open_main(&home, path, trust).await;
            let end = match &repository {
                Ok(repository) => {
                    self.clear_up(repository, &home).await;
                    let attempt = Attempt {
                        repository,
                        landing: &landing,
                        onto: &onto,
                    };
                    let end = self.attempt(attempt).await;
                    self.clear_up(repository, &home).await;
                    end
                }
                Err(error) => Err(Stop::InTheWay(error.to_string())),
            };
            let end = match end {
                Ok(end) => end,
                Err(Stop::TargetMoved) => continue,
                Err(Stop::NotAskedFor) => return Ok(()),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::InTheWay(problem)) => self.waits(problem),
            };
            return self.settle(landing.request, onto, end).await;
        }
        let Some((landing, onto)) = self.asked_for().await? else {
            return Ok(());
        };
        let problem = format!("{onto} was moved {TRIES} times while work was brought onto it");
        self.settle(landing.request, onto, self.waits(problem))
            .await
    }

    /// The landing and its target, as long as somebody wants it.
    async fn asked_for(&self) -> Result<Option<(Landing, String)>, Error> {
        let landing = self.kernel.landing(&self.spec.task).await?;
        Ok(landing.and_then(|landing| {
            let onto = landing.onto.clone()?;
            Some((landing, onto))
        }))
    }

    fn waits(&self, problem: String) -> LandingEnd {
        LandingEnd::Waits {
            problem,
            until: self.kernel.now() + TRY_AGAIN,
        }
    }

    async fn settle(&self, request: EventId, onto: String, end: LandingEnd) -> Result<(), Error> {
        let settle = SettleLanding {
            task: self.spec.task.clone(),
            request,
            onto,
            end,
        };
        match self.tell(settle).await {
            Err(Stop::Failed(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives a verb to the board.
    async fn tell<V: Verb + Send>(&self, verb: V) -> Result<(), Stop> {
        match self.kernel.execute(&Actor::dispatcher(), verb).await {
            Ok(_) => Ok(()),
            Err(kernel::Error::Refused(refusal)) => {
                tracing::info!(%refusal, "a landing is not wanted any more");
                Err(Stop::NotAskedFor)
            }
            Err(error) => Err(Stop::Failed(error.into())),
        }
    }

    /// Notes the commit that is about to become the target's.
    async fn note(
        &self,
        attempt: Attempt<'_>,
        result: &str,
        work: &Work,
        check: Option<CheckEnd>,
    ) -> Result<(), Stop> {
        let note = NoteLanding {
            task: self.spec.task.clone(),
            request: attempt.landing.request,
            result: result.to_owned(),
            commit: work.commit.clone(),
            check: check.map(Box::new),
        };
        self.tell(note).await
    }

    /// Removes the worktrees of landings in this repository: ours, and those that were left when their
    /// landers were killed.
    async fn clear_up(&self, repository: &Repository, home: &Home) {
        for place in repository.worktrees_below(&home.landings()) {
            if let Err(error) = landing::remove(repository, &place).await {
                tracing::warn!(%error, "the worktree of a landing stays until the next one");
            }
        }
    }
}

/// A reason to go no further.
#[derive(Debug)]
enum Stop {
    /// Somebody else was faster: it is tried again at once.
    TargetMoved,
    /// It was taken back, or its task was changed.
    NotAskedFor,
    /// Something that a person has to put right, in a sentence.
    InTheWay(String),
    /// The board cannot be read or written.
    Failed(Error),
}

impl From<crate::workspaces::Error> for Stop {
    fn from(error: crate::workspaces::Error) -> Self {
        Self::InTheWay(error.to_string())
    }
}

impl From<kernel::Error> for Stop {
    fn from(error: kernel::Error) -> Self {
        Self::Failed(error.into())
    }
}
