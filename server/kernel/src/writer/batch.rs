//! The requests of one transaction, of which one that is refused must take nothing with it.

use domain::time::Timestamp;
use rand::rngs::StdRng;
use rusqlite::Transaction;

use super::{Done, Request};
use crate::error::Error;

/// The answer to each request, once the transaction is committed; `None` when it has to be rolled back,
/// and the requests carried out [`apart`].
pub(super) type Answers = Result<Option<Vec<Result<Done, Error>>>, Error>;

/// Carries the requests out one after the other, without the savepoints for which SQLite would copy every
/// page that each of them changes. That is enough as long as whoever is refused has written nothing.
pub(super) fn together(
    transaction: &mut Transaction<'_>,
    batch: &[Request],
    now: Timestamp,
    rng: &mut StdRng,
) -> Answers {
    let mut answers = Vec::with_capacity(batch.len());
    for request in batch {
        let changes = transaction.total_changes();
        match request.carry_out(transaction, now, rng) {
            Err(Error::Refused(_)) if transaction.total_changes() > changes => return Ok(None),
            answer => answers.push(its_own(answer)?),
        }
    }
    Ok(Some(answers))
}

/// Carries each request out in a savepoint, so that what it had written before it was refused is taken
/// back.
pub(super) fn apart(
    transaction: &mut Transaction<'_>,
    batch: &[Request],
    now: Timestamp,
    rng: &mut StdRng,
) -> Answers {
    let mut answers = Vec::with_capacity(batch.len());
    for request in batch {
        let savepoint = transaction.savepoint()?;
        let answer = request.carry_out(&savepoint, now, rng);
        if answer.is_ok() {
            savepoint.commit()?;
        }
        answers.push(its_own(answer)?);
    }
    Ok(Some(answers))
}

/// Separates a refusal, which is one request's alone, from any other error, which is everybody's: a full
/// disk and its like may have ended the whole transaction already
/// (<https://sqlite.org/lang_transaction.html>, section 3).
fn its_own(answer: Result<Done, Error>) -> Result<Result<Done, Error>, Error> {
    match answer {
        Ok(done) => Ok(Ok(done)),
        Err(refusal @ Error::Refused(_)) => Ok(Err(refusal)),
        Err(failure) => Err(failure),
    }
}
