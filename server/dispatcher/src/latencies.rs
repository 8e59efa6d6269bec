//! The latencies of the dispatcher.

use kernel::Histogram;

/// The latencies of this process's dispatcher.
#[derive(Debug, Default)]
pub struct Latencies {
    /// A tick.
    pub tick: Histogram,
    /// A claim, from its request to its commit.
    pub claim: Histogram,
    /// The start of a worker's supervisor, from the claim on.
    pub start: Histogram,
}
