//! The machine as the dispatcher finds it, and what becomes of a run that it did not let start.

use domain::actor::Actor;
use domain::command::{DeferRun, HoldUntil, InterruptRun, Met, NextAttempt};
use domain::dispatch::Slot;
use domain::hold::Cause;
use domain::id::RunId;

use super::Work;
use crate::error::Error;
use crate::lanes::rules::Rules;
use crate::machine::{look, probe};
use crate::run::exit_verdict::not_started;
use crate::run::fault::Fault;
use crate::run::launch::in_time;

/// The name of the check, in words.
const LOOK: &str = "look at the machine";

impl Work {
    /// Checks the machine, which costs next to nothing; returns true when a fault is new.
    pub(super) async fn look_at_machine(&mut self) -> bool {
        // What is held back needs more than a look.
        if self.breaker.fault().is_some() {
            return false;
        }
        let home = self.home.clone();
        let found = in_time(LOOK, move || look(&home)).await.flatten();
        found.is_err_and(|error| {
            self.breaker.open(error.to_string());
            true
        })
    }

    /// Probes a machine that could not start workers, once its back-off is over.
    pub(super) async fn probe_machine_if_due(&mut self) {
        if self.breaker.is_probe_due() {
            match self.probe().await {
                Ok(()) => self.breaker.close(),
                Err(error) => self.breaker.open(error.to_string()),
            }
        }
    }

    async fn probe(&self) -> Result<(), Error> {
        let (home, program) = (self.home.clone(), self.config.program.clone());
        in_time(LOOK, move || probe(&home, &program))
            .await
            .flatten()
    }

    /// Closes a run whose worker was not started. It counts against the task only where it is the
    /// task's fault; else whatever would fail in the same way is held back.
    pub(super) async fn hindered(
        &mut self,
        run: RunId,
        slot: Slot,
        error: String,
        fault: Fault,
    ) -> Result<(), Error> {
        let of_lane = slot.lane.clone();
        let fault = match fault {
            Fault::Machine | Fault::Unclear => match self.probe().await {
                Ok(()) if fault == Fault::Unclear => Fault::Task,
                Ok(()) => {
                    self.breaker.open(error.clone());
                    Fault::Machine
                }
                Err(found) => {
                    self.breaker.open(found.to_string());
                    Fault::Machine
                }
            },
            Fault::Lane if slot.lane.is_some() => {
                let met = Some(Met {
                    cause: Cause::Failing,
                    until: HoldUntil::Growing,
                });
                let reason = error;
                let defer = DeferRun { run, reason, met };
                return self
                    .tell(run, &Actor::dispatcher(), vec![defer.into()])
                    .await;
            }
            Fault::Lane | Fault::Task => Fault::Task,
            Fault::Person => Fault::Person,
        };
        if matches!(fault, Fault::Task | Fault::Person) {
            let lane = of_lane.and_then(|name| self.settings.lanes.named(&name));
            let rules = lane.map_or_else(Rules::default, |lane| lane.rules.clone());
            let mut fail = self.failed(run, not_started(error), &rules);
            if fault == Fault::Person {
                fail.next = NextAttempt::Never;
            }
            return self.give_up(run, slot.task, vec![fail.into()]).await;
        }
        let error = Some(error);
        let interrupt = InterruptRun { run, error };
        self.tell(run, &Actor::dispatcher(), vec![interrupt.into()])
            .await
    }
}
