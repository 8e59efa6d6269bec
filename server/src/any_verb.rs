//! Carries out a verb of the board for a door that knows none of them by name.

use domain::actor::Actor;
use domain::command::{BoardVerb, Command, Receipt, Subscribe, SubscribeBoard};
use notifier::check_platform;

use crate::AppState;

/// Carries it out. What a door has to look at beside the board is looked at here.
///
/// # Errors
/// Fails as the kernel does, and for an address that nothing is sent to.
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
    let command = vec![Command::Board(verb)];
    state.kernel().execute_all(actor, command).await
}
