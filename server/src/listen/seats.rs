//! The open connections, and the choice of the one that goes when all are taken: whoever opens
//! connections and says nothing, or says it slowly, shuts nobody out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The most open connections. A browser has seven: six for requests and a socket. Half of the 1,024
/// files that a process usually may open stay for the board, the logs and the workers.
pub(super) const MAX_CONNECTIONS: usize = 512;

/// The connections that are open, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    seats: BTreeMap<u64, Seat>,
    last: u64,
}

/// A connection that is open. Each request carries the one that it came by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seat(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The requests that are worked on, or whose answers are being sent.
    under_way: AtomicUsize,
    /// True once somebody with a credential has used it.
    is_known: AtomicBool,
    is_cut: Notify,
}

/// Frees a seat when it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    seats: Arc<Seats>,
    number: u64,
    pub(super) seat: Seat,
}

/// A request under way: until it is dropped, its connection is not cut to make room.
#[derive(Debug)]
pub(crate) struct UnderWay(Seat);

impl Seats {
    /// A seat for a new connection. When none is free, the oldest connection without a request of
    /// somebody with a credential under way is cut, those that nobody has shown one on first. `None`
    /// when there is none.
    pub(super) fn take(self: &Arc<Self>) -> Option<Taken> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.seats.len() >= MAX_CONNECTIONS {
            let idle = open.seats.iter().filter(|(_, seat)| seat.is_idle());
            let first = idle.min_by_key(|(number, seat)| (seat.is_known(), **number));
            let number = *first?.0;
            if let Some(seat) = open.seats.remove(&number) {
                seat.0.is_cut.notify_one();
            }
        }
        open.last += 1;
        let (number, seat) = (open.last, Seat::default());
        open.seats.insert(number, seat.clone());
        Some(Taken {
            seats: self.clone(),
            number,
            seat,
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let open = &self.seats.0;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.seats.remove(&self.number);
    }
}

impl Seat {
    /// Notes that somebody with a credential has a request under way.
    pub(crate) fn hold(&self) -> UnderWay {
        self.0.is_known.store(true, Ordering::Relaxed);
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// Returns once the connection has to make room for another.
    pub(super) async fn cut(&self) {
        self.0.is_cut.notified().await;
    }

    fn is_idle(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) == 0
    }

    fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> (Arc<Seats>, Vec<Taken>) {
        let seats: Arc<Seats> = Arc::default();
        let taken = (0..MAX_CONNECTIONS).map(|_| seats.take().unwrap());
        let taken = taken.collect();
        (seats, taken)
    }

    fn is_open(seats: &Seats, taken: &Taken) -> bool {
        seats.0.lock().unwrap().seats.contains_key(&taken.number)
    }

    #[test]
    fn the_oldest_connection_of_a_stranger_goes_before_any_that_is_known() {
        let (seats, taken) = full();
        drop(taken[0].seat.hold());
        let _next = seats.take().unwrap();
        assert!(is_open(&seats, &taken[0]));
        assert!(!is_open(&seats, &taken[1]));
        assert!(is_open(&seats, &taken[2]));
    }

    #[test]
    fn a_connection_with_a_request_under_way_is_never_cut() {
        let (seats, taken) = full();
        let mut under_way: Vec<_> = taken.iter().map(|taken| taken.seat.hold()).collect();
        assert!(seats.take().is_none());
        drop(under_way.remove(7));
        assert!(seats.take().is_some());
        assert!(!is_open(&seats, &taken[7]));
    }

    #[test]
    fn a_connection_that_is_closed_leaves_its_seat() {
        let (seats, mut taken) = full();
        let oldest = taken.remove(0);
        taken.pop();
        let _next = seats.take().unwrap();
        assert!(is_open(&seats, &oldest));
    }
}
