//! The open connections, so that leaving waits for requests and not for idle clients.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Every open connection, and whether it is at work.
#[derive(Default)]
pub struct Connections {
    state: Mutex<State>,
    fewer: Condvar,
}

#[derive(Default)]
struct State {
    closing: bool,
    next: u64,
    open: HashMap<u64, Open>,
}

struct Open {
    stream: TcpStream,
    busy: bool,
}

/// A connection's place among the open ones; given back when it is dropped.
pub struct Place<'a> {
    all: &'a Connections,
    number: u64,
}

/// Marks a request that is being answered.
pub struct Busy<'a>(&'a Place<'a>);

impl Connections {
    /// Notes a new connection; `None` when it is too late for one.
    pub fn enter(&self, stream: &TcpStream) -> Option<Place<'_>> {
        let stream = stream.try_clone().ok()?;
        let mut state = self.lock();
        if state.closing {
            return None;
        }
        state.next += 1;
        let number = state.next;
        state.open.insert(number, Open { stream, busy: false });
        Some(Place { all: self, number })
    }

    /// Whether the service is leaving.
    pub fn are_closing(&self) -> bool {
        self.lock().closing
    }

    /// Lets nothing more in: what is idle ends, and what is busy, or has a request waiting, ends after its answer.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        for open in state.open.values().filter(|open| !open.busy) {
            let _ = open.stream.shutdown(Shutdown::Read);
        }
    }

    /// Waits until all connections are gone, and says how many are not.
    pub fn wait(&self, at_most: Duration) -> usize {
        let left = |state: &mut State| !state.open.is_empty();
        match self.fewer.wait_timeout_while(self.lock(), at_most, left) {
            Ok((state, _)) => state.open.len(),
            Err(_) => 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Marks the connection as at work.
    pub fn busy(&self) -> Busy<'_> {
        if let Some(open) = self.all.lock().open.get_mut(&self.number) {
            open.busy = true;
        }
        Busy(self)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.0.all.lock().open.get_mut(&self.0.number) {
            open.busy = false;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.all.lock().open.remove(&self.number);
        self.all.fewer.notify_all();
    }
}
