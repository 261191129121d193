//! Time, so that a rollout of an hour can be tested in a millisecond.

use std::time::{Duration, SystemTime};

use plimsoll_model::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync {
    /// The time now. It may jump, backwards too; whoever measures a length on the wall clock must bear that.
    fn now(&self) -> Timestamp;

    /// Waits for a length of time. Returns early only where it must not matter.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
