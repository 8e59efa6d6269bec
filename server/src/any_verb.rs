//! Carries out a verb of the board for a door that knows none of them by name.

use dispatcher::branches;
use domain::actor::Actor;
use domain::command::{
    ApproveTask, BoardVerb, Command, HoldLane, LandTask, Pause, Receipt, RequestChanges, Subscribe,
    SubscribeBoard,
};
use domain::dispatch::LaneReport;
use domain::error::Error as Refusal;
use notifier::check_platform;
use tokio::task::spawn_blocking;

use crate::{AppState, lanes};

/// Carries it out. What a door has to look at beside the board is looked at here.
///
/// # Errors
/// Fails as the kernel does, for an address that nothing is sent to, and where a lane that does not exist
/// is to start nothing.
pub(crate) async fn carry_out(
    state: &AppState,
    actor: &Actor,
    verb: BoardVerb,
) -> Result<Vec<Receipt>, kernel::Error> {
    if let BoardVerb::Subscribe(Subscribe { to, .. })
    | BoardVerb::SubscribeBoard(SubscribeBoard { to, .. }) = &verb
    {
        check_platform(to, &state.home)?;
    }
    match &verb {
        BoardVerb::LandTask(LandTask { task, .. })
        | BoardVerb::ApproveTask(ApproveTask { task, .. })
        | BoardVerb::RequestChanges(RequestChanges { task, .. }) => {
            let (home, config) = (&state.home, &state.dispatching);
            let about = (task, &actor.authority);
            branches::look_before(state.kernel(), home, config, about).await?;
        }
        BoardVerb::HoldLane(HoldLane { lane, .. }) => {
            check_named(state, |known| lanes::check_lane_or_pool(lane, known)).await?;
        }
        BoardVerb::Pause(Pause { lane: Some(lane) }) => {
            check_named(state, |known| lanes::check_lane(lane, known)).await?;
        }
        _ => {}
    }
    let command = vec![Command::Board(verb)];
    state.kernel().execute_all(actor, command).await
}

/// Checks a name against the lanes that there are.
async fn check_named(
    state: &AppState,
    check: impl FnOnce(&[LaneReport]) -> Result<(), Refusal>,
) -> Result<(), kernel::Error> {
    let dispatch = state.kernel().dispatch().await?;
    let (home, config) = (state.home.clone(), state.dispatching.clone());
    let known = spawn_blocking(move || lanes::known(&dispatch, &home, &config)).await;
    // Where nobody can say which lanes there are, any name will do: somebody wants to stop it.
    match known {
        Ok(Ok(known)) => Ok(check(&known)?),
        _ => Ok(()),
    }
}
