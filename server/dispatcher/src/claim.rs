//! The choice of what starts: by the plan of a tick, in a dry run, and by hand.

pub(crate) mod dry_run;
pub(crate) mod manual_claim;
pub(crate) mod plan;
