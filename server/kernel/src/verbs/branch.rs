//! The branches of tasks: before git makes one, and after somebody has committed to it.

use domain::actor::Actor;
use domain::command::{Change, NoteTip, RecordBranch};
use domain::event::EventBody;

use super::{CarryOut, Work, attempt};
use crate::branches;
use crate::error::Error;

impl CarryOut for RecordBranch {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { run, branch } = self;
        let open = attempt::open_run(work, *run)?;
        branches::write(work.conn, &open.task, branch)?;
        Ok(Change::Done)
    }
}

impl CarryOut for NoteTip {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { task, commit } = self;
        if !branches::note_tip(work.conn, task, commit)? {
            return Ok(Change::Unchanged);
        }
        let commit = commit.clone();
        work.log(task, &EventBody::BranchMoved { commit })?;
        Ok(Change::Done)
    }
}
