//! The host's clock as the agent uses it: the wall clock, made so that it never goes back.
//!
//! Where the wall clock is set back, time goes on at the monotonic clock's pace, so that a deadline moves out by no
//! more than has passed. Where it is set forward, or the machine slept, deadlines come earlier: the safe side.

use std::time::Instant;

use plimsoll_model::Timestamp;

use crate::process::wall_clock;

/// A clock that never goes back.
#[derive(Debug, Clone)]
pub struct HostClock {
    last: Timestamp,
    seen: Instant,
}

impl HostClock {
    /// A clock that begins with the wall clock.
    pub fn new() -> Self {
        Self { last: wall_clock(), seen: Instant::now() }
    }

    /// The time now.
    pub fn now(&mut self) -> Timestamp {
        self.advance(wall_clock(), Instant::now())
    }

    fn advance(&mut self, wall: Timestamp, instant: Instant) -> Timestamp {
        let paced = self.last + instant.duration_since(self.seen);
        if wall >= paced {
            (self.last, self.seen) = (wall, instant);
            wall
        } else {
            // Kept as it is, so that fractions of a millisecond are not lost at each look.
            paced
        }
    }
}

impl Default for HostClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_set_back_goes_on_at_its_pace() {
        let began = Instant::now();
        let wall = |millis: u64| Timestamp::from_millis(1_000_000 + millis);
        let mut clock = HostClock { last: wall(0), seen: began };
        assert_eq!(clock.advance(wall(10), began + Duration::from_millis(10)), wall(10));
        assert_eq!(
            clock.advance(wall(0) - Duration::from_secs(600), began + Duration::from_millis(30)),
            wall(30)
        );
        assert_eq!(clock.advance(wall(50_000), began + Duration::from_millis(40)), wall(50_000));
    }
}
