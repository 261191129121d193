//! The check that requests really are spread as the weights say.
//!
//! A weight that was written and read back is still only a claim; the share of requests that the split gave to the
//! new side is measured and compared by the normal approximation of the binomial law. Five standard deviations keep
//! the chance of a false alarm under one in a million a look, and a real mismatch is far beyond them.

use std::fmt;

use plimsoll_model::observation::FleetObservation;
use plimsoll_model::traffic::{Arm, Stickiness};

use crate::state::RolloutState;

/// Fewer requests than this say nothing.
const MIN_REQUESTS: u64 = 200;
/// Standard deviations that are still chance.
const TOLERANCE: f64 = 5.0;

/// Share of requests that the new side was given since the traffic was last spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitCheck {
    /// Requests given to the new side.
    pub canary: u64,
    /// Requests given to either side.
    pub total: u64,
    /// The share that the weights ask for, 0 to 1.
    pub expected: f64,
}

impl SplitCheck {
    /// Whether the share cannot be chance.
    pub fn is_mismatch(&self) -> bool {
        let n = self.total as f64;
        let deviation = (n * self.expected * (1.0 - self.expected)).sqrt().max(1.0);
        self.total >= MIN_REQUESTS && (self.canary as f64 - n * self.expected).abs() > TOLERANCE * deviation
    }
}

impl fmt::Display for SplitCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = if self.total == 0 { 0.0 } else { 100.0 * self.canary as f64 / self.total as f64 };
        write!(
            f,
            "{} of {} requests ({share:.1} %) went to the new release, {:.1} % were asked for",
            self.canary,
            self.total,
            100.0 * self.expected
        )
    }
}

/// Measures the split, or `None` where it cannot be known: clients stick to a side, the proxy was restarted, there are
/// not two sides, or the table in force was never written down, so that the counts belong to the one before.
pub fn check_split(state: &RolloutState, fleet: &FleetObservation) -> Option<SplitCheck> {
    if state.plan.settings.stickiness != Stickiness::None || state.assigned.is_empty() {
        return None;
    }
    let (mut canary, mut total, mut expected) = (0, 0, 0.0);
    for host in &state.plan.hosts {
        let traffic = fleet.host(&host.host)?.traffic.as_ref()?;
        let routed = state.routed.get(&host.host)?;
        let recorded = |arm: &Arm| routed.iter().any(|r| r.release == arm.release && r.weight == arm.weight);
        if traffic.table.arms.len() != 2 || !traffic.table.arms.iter().all(recorded) {
            return None;
        }
        for arm in &traffic.table.arms {
            let before = state.assigned.iter().find(|a| a.host == host.host && a.release == arm.release)?;
            let now = traffic.arms.iter().find(|a| a.release == arm.release).map_or(0, |a| a.assigned);
            let grown = (traffic.epoch == before.epoch).then(|| now.checked_sub(before.requests))??;
            total += grown;
            if arm.release == state.plan.release {
                canary += grown;
                expected += arm.weight.fraction() / state.plan.hosts.len() as f64;
            }
        }
    }
    Some(SplitCheck { canary, total, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_not_a_mismatch() {
        assert!(!SplitCheck { canary: 51, total: 1002, expected: 0.05 }.is_mismatch());
        assert!(!SplitCheck { canary: 0, total: 100, expected: 0.05 }.is_mismatch(), "too few to tell");
    }

    #[test]
    fn a_wrong_split_is() {
        assert!(SplitCheck { canary: 500, total: 1000, expected: 0.05 }.is_mismatch());
        assert!(SplitCheck { canary: 0, total: 2000, expected: 0.05 }.is_mismatch());
    }
}
