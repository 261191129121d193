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

/// A clock that never goes back, over one that may: where that is set back, no time has passed.
///
/// A coordinator measures pauses, looks and silence on the wall clock, since only that is shared with the coordinator
/// before it. Set back by an hour, it would stay where it is for an hour, without a look and without a word to the
/// hosts. One that takes over begins at the earliest where the journal ends, whatever its own clock says.
pub struct SteadyClock<'c> {
    clock: &'c dyn Clock,
    /// The last time of `clock`, and what is added to it in milliseconds.
    last: std::sync::Mutex<(Timestamp, Duration)>,
}

impl<'c> SteadyClock<'c> {
    /// A clock that is nowhere before `earliest`.
    pub fn new(clock: &'c dyn Clock, earliest: Timestamp) -> Self {
        let now = clock.now();
        Self { clock, last: std::sync::Mutex::new((now, now.until(earliest))) }
    }
}

impl Clock for SteadyClock<'_> {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (before, added) = *last;
        *last = (now, added + now.until(before));
        now + last.1
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Set(std::sync::Mutex<Timestamp>);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, _: Duration) {}
    }

    #[test]
    fn a_clock_that_is_set_back_stands_still_and_goes_on() {
        let at = Timestamp::from_millis;
        let set = Set(std::sync::Mutex::new(at(100)));
        let clock = SteadyClock::new(&set, at(150));
        let mut times = vec![clock.now()];
        for time in [110, 40, 50, 70] {
            *set.0.lock().unwrap() = at(time);
            times.push(clock.now());
        }
        assert_eq!(times, [150, 160, 160, 170, 190].map(at));
    }
}
