//! Following a clock that was set.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{Change, FollowClock};
use domain::hold::LONGEST_HOLD;
use domain::id::RunId;

use super::{CarryOut, Work};
use crate::error::Error;
use crate::{row, runs};

impl CarryOut for FollowClock {
    /// Moves the ends of back-offs and leases with the clock, those of deliveries too. The back-off of
    /// a task is cut to the longest there is, and a lease lasts for `grace` at least.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { by, grace } = *self;
        work.conn.execute(
            "UPDATE tasks SET not_before = min(not_before + ?1, ?2) \
             WHERE not_before IS NOT NULL AND (spawn_failures > 0 OR deferrals > 0)",
            (by.0, (work.now + backoff::LONGEST).0),
        )?;
        // A moment that a worker or a person named is one by the clock that is right now.
        let longest = (work.now + backoff::hold(u32::MAX)).0;
        work.conn.execute(
            "UPDATE lane_holds SET until = min(until + ?1, ?2) WHERE grows AND ended_at IS NULL",
            (by.0, longest),
        )?;
        // One that seems longer was read while the clock stood ahead.
        work.conn.execute(
            "UPDATE lane_holds SET until = ?1 WHERE until > ?1 AND NOT by_hand AND ended_at IS NULL",
            [(work.now + LONGEST_HOLD).0],
        )?;
        for rest in [
            "UPDATE places SET not_before = not_before + ?1 WHERE not_before > 0",
            "UPDATE deliveries SET next_attempt_at = next_attempt_at + ?1 WHERE state = 'pending'",
        ] {
            work.conn.execute(rest, [by.0])?;
        }
        let least = (work.now + grace).0;
        work.conn.execute(
            "UPDATE tasks SET claim_expires = max(CAST(claim_expires AS INTEGER) + ?1, ?2) \
             WHERE status = 'running' AND claim_expires IS NOT NULL",
            (by.0, least),
        )?;
        let open = "SELECT id FROM runs WHERE ended_at IS NULL";
        for run in row::all::<RunId>(work.conn, open, ())? {
            let sql = "UPDATE runs SET lease_expires = max(lease_expires + ?2, ?3) WHERE id = ?1";
            runs::change(work.conn, run, sql, (run.0, by.0, least))?;
        }
        Ok(Change::Done)
    }
}
