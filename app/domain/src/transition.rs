//! The state machine of a task: the status that each step leads to.

use crate::status::Status;

/// A step that changes a task's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The last of its parents was finished.
    Promote,
    /// A worker claims it.
    Claim,
    /// Its run ended without finishing it, and another may follow.
    Release {
        /// True for a run that was to judge the work.
        is_review: bool,
    },
    /// Its work is done, and somebody is to judge it.
    Submit,
    /// Its work is approved.
    Approve,
    /// Changes are asked for, or its work could not land.
    Reject,
    /// Its runs failed too often.
    GiveUp,
    /// It is completed.
    Complete,
    /// It is blocked: it needs a person.
    Block,
    /// A person unblocks it.
    Unblock {
        /// True if it still waits for a parent.
        is_waiting: bool,
    },
    /// A parent was reopened.
    Demote,
    /// Its run is cancelled by a person.
    Cancel,
    /// It is archived.
    Archive,
    /// A person moves it.
    Move(Status),
}

/// Returns the status after `step`, or `None` if the step does not apply.
///
/// The browser asks the same function before the server has answered.
pub fn after(from: &Status, step: &Step) -> Option<Status> {
    use Status::{Archived, Blocked, Done, Ready, Review, Running, Todo, Triage};
    match (step, from) {
        (Step::Unblock { is_waiting }, held) if held.is_held_back() => {
            Some(if *is_waiting { Todo } else { Ready })
        }
        (Step::Promote, Todo) | (Step::Reject, Review | Running | Blocked | Done) => Some(Ready),
        (Step::Release { is_review }, Running) => Some(if *is_review { Review } else { Ready }),
        (Step::Claim, Ready | Review) => Some(Running),
        (Step::Submit, Ready | Running | Blocked) => Some(Review),
        (Step::Complete, Ready | Running | Review | Blocked)
        | (Step::Approve, Review | Running | Blocked) => Some(Done),
        (Step::Block | Step::GiveUp, Ready | Running) => Some(Blocked),
        (Step::Demote, Ready) | (Step::Cancel, Running) => Some(Todo),
        (Step::Archive, Archived) => None,
        (Step::Archive, _) => Some(Archived),
        // Only a claim leads to `running`, and only their own verbs lead to the end states.
        (Step::Move(to @ (Triage | Todo | Ready)), _) => Some(to.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_status() -> impl Strategy<Value = Status> {
        prop_oneof![
            proptest::sample::select(Status::ALL.to_vec()),
            Just(Status::Other("scheduled".into())),
        ]
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Promote),
            Just(Step::Claim),
            any::<bool>().prop_map(|is_review| Step::Release { is_review }),
            Just(Step::Submit),
            Just(Step::Approve),
            Just(Step::Reject),
            Just(Step::GiveUp),
            Just(Step::Complete),
            Just(Step::Block),
            any::<bool>().prop_map(|is_waiting| Step::Unblock { is_waiting }),
            Just(Step::Demote),
            Just(Step::Cancel),
            Just(Step::Archive),
            any_status().prop_map(Step::Move),
        ]
    }

    proptest! {
        #[test]
        fn only_a_claim_leads_to_running(from in any_status(), step in any_step()) {
            if after(&from, &step) == Some(Status::Running) {
                prop_assert!(matches!(from, Status::Ready | Status::Review));
                prop_assert_eq!(step, Step::Claim);
            }
        }

        #[test]
        fn only_a_person_moves_a_task_out_of_triage_or_blocked_without_finishing_it(
            from in prop_oneof![Just(Status::Triage), Just(Status::Blocked)],
            step in any_step(),
        ) {
            if let Some(to) = after(&from, &step) {
                let is_by_hand = matches!(step, Step::Move(_) | Step::Unblock { .. });
                let is_verdict = matches!(step, Step::Submit | Step::Reject);
                prop_assert!(is_by_hand || to.is_finished() || is_verdict);
            }
        }

        #[test]
        fn nothing_leads_to_a_status_that_is_not_ours(from in any_status(), step in any_step()) {
            prop_assert!(!matches!(after(&from, &step), Some(Status::Other(_))));
        }
    }

    #[test]
    fn finishing_twice_is_refused() {
        assert_eq!(after(&Status::Done, &Step::Complete), None);
        assert_eq!(after(&Status::Archived, &Step::Complete), None);
    }
}
