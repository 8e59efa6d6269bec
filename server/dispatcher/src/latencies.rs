//! How long the dispatcher takes.

use kernel::Histogram;

/// How long the dispatcher of this process takes.
#[derive(Debug, Default)]
pub struct Latencies {
    /// A look at the board, with all that follows from it.
    pub tick: Histogram,
    /// A claim, from its request to its commit.
    pub claim: Histogram,
    /// The start of a worker's supervisor, from the claim on.
    pub start: Histogram,
}
