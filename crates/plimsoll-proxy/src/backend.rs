//! An instance as the workers see it: whether it takes new requests, how many it has, and the idle connections
//! to it. A backend outlives its table while requests still run on it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;
use plimsoll_model::InstanceId;

use crate::body::RequestBody;

/// A connection's sending end.
pub(crate) type Sender = SendRequest<RequestBody>;

/// One instance at one address. It is the same object across tables.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) instance: InstanceId,
    pub(crate) address: SocketAddr,
    /// Whether new requests may start. Read after `in_flight` was raised, written before `in_flight` is read:
    /// whoever sees "not accepting, none in flight" knows that none will come.
    accepting: AtomicBool,
    in_flight: AtomicU64,
    pools: Box<[Pool]>,
}

/// Idle connections of one worker. The lock is contended only when a table changes.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Pool(Mutex<Vec<Idle>>);

#[derive(Debug)]
struct Idle {
    sender: Sender,
    since: Instant,
}

impl Backend {
    pub(crate) fn new(instance: InstanceId, address: SocketAddr, workers: usize) -> Self {
        Self {
            instance,
            address,
            accepting: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            pools: (0..workers).map(|_| Pool::default()).collect(),
        }
    }

    /// Requests and tunnels that are open.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(SeqCst)
    }

    /// Lets new requests start.
    pub(crate) fn open(&self) {
        self.accepting.store(true, SeqCst);
    }

    /// Lets no new request start and closes the idle connections. Running requests go on; their connections
    /// are closed when they end.
    pub(crate) fn close(&self) {
        self.accepting.store(false, SeqCst);
        for pool in &self.pools {
            // Dropped outside of the lock: it wakes the connections' tasks.
            let idle = std::mem::take(&mut *lock(&pool.0));
            drop(idle);
        }
    }

    /// A place for one more request; `None` where the backend has been closed meanwhile.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<InFlight> {
        self.in_flight.fetch_add(1, SeqCst);
        let place = InFlight(Arc::clone(self));
        self.accepting.load(SeqCst).then_some(place)
    }

    /// The connection that was used last, since it is the least likely to be closed by its instance.
    pub(crate) fn idle_connection(&self, worker: usize) -> Option<Sender> {
        let mut pool = lock(&self.pools[worker].0);
        while let Some(idle) = pool.pop() {
            if idle.sender.is_ready() {
                return Some(idle.sender);
            }
        }
        None
    }

    /// Keeps a connection that is ready for its next request; drops it where there are enough or none wanted.
    pub(crate) fn keep(&self, worker: usize, sender: Sender, max_idle: usize) {
        let mut pool = lock(&self.pools[worker].0);
        // Asked under the lock, so that `close` either sees this connection or is seen here.
        if self.accepting.load(SeqCst) && pool.len() < max_idle {
            pool.push(Idle { sender, since: Instant::now() });
        }
    }

    /// Drops one worker's connections that were idle for `limit`, or were closed by their instance.
    pub(crate) fn prune(&self, worker: usize, limit: Duration) {
        lock(&self.pools[worker].0).retain(|idle| idle.since.elapsed() < limit && !idle.sender.is_closed());
    }
}

/// A request's place at a backend, given back when dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Backend>);

impl InFlight {
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, SeqCst);
    }
}

/// A poisoned pool is still a list of connections.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_backend_takes_nothing_and_keeps_what_it_has() {
        let release = "aaaaaaaaaaaa".parse().unwrap();
        let backend = Arc::new(Backend::new(InstanceId::new(release, 0), ([127, 0, 0, 1], 1).into(), 1));
        assert!(backend.enter().is_none());
        backend.open();
        let place = backend.enter().unwrap();
        backend.close();
        assert!(backend.enter().is_none());
        assert_eq!(backend.in_flight(), 1);
        drop(place);
        assert_eq!(backend.in_flight(), 0);
    }
}
