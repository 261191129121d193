//! The check that requests really are spread as the weights say.
//!
//! A weight that was written and read back is still only a claim; the share of requests that the split gave to the
//! new side is measured and compared by the normal approximation of the binomial law. Five standard deviations keep
//! the chance of a false alarm under one in a million a look, and a real mismatch is far beyond them.

use std::fmt;

use plimsoll_model::HostName;
use plimsoll_model::observation::FleetObservation;
use plimsoll_model::traffic::{Arm, Stickiness, TrafficReport};

use crate::state::RolloutState;

/// Fewer requests than this say nothing.
const MIN_REQUESTS: u64 = 200;
/// Standard deviations that are still chance on one host.
const TOLERANCE: f64 = 5.0;

/// Share of requests that the new side was given on one host since its traffic was last spread.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitCheck {
    /// The host, where there are several.
    pub host: Option<HostName>,
    /// Hosts that were looked at: one of many is off by chance sooner than one alone.
    pub hosts: usize,
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
        // The tail of the normal law: with n hosts this many deviations are as rare as five are with one.
        let tolerance = (TOLERANCE * TOLERANCE + 2.0 * (self.hosts.max(1) as f64).ln()).sqrt();
        self.total >= MIN_REQUESTS && self.deviations() > tolerance
    }

    /// How many standard deviations the share is off.
    fn deviations(&self) -> f64 {
        let n = self.total as f64;
        let deviation = (n * self.expected * (1.0 - self.expected)).sqrt().max(1.0);
        (self.canary as f64 - n * self.expected).abs() / deviation
    }
}

impl fmt::Display for SplitCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = if self.total == 0 { 0.0 } else { 100.0 * self.canary as f64 / self.total as f64 };
        let on = self.host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
        write!(
            f,
            "{} of {} requests ({share:.1} %){on} went to the new release, {:.1} % were asked for",
            self.canary,
            self.total,
            100.0 * self.expected
        )
    }
}

/// Measures the split on each host and gives the one that is most off, or `None` where it cannot be known: clients
/// stick to a side, the proxy was restarted, there are not two sides, or the table in force was never written down, so
/// that the counts belong to the one before.
pub fn check_split(state: &RolloutState, fleet: &FleetObservation) -> Option<SplitCheck> {
    if state.plan.settings.stickiness != Stickiness::None || state.assigned.is_empty() {
        return None;
    }
    let several = fleet.hosts.len() > 1;
    let taking_part = fleet.hosts.iter().filter(|h| !state.aside.contains_key(&h.host));
    let checks = taking_part.filter_map(|h| {
        let check = check_host(state, &h.host, h.seen.traffic.as_ref()?)?;
        Some(SplitCheck { host: several.then(|| h.host.clone()), ..check })
    });
    let (mut hosts, mut worst) = (0, None::<SplitCheck>);
    for check in checks {
        hosts += 1;
        let off = |check: &SplitCheck| (check.total >= MIN_REQUESTS, check.deviations());
        if worst.as_ref().is_none_or(|worst| off(&check) > off(worst)) {
            worst = Some(check);
        }
    }
    worst.map(|worst| SplitCheck { hosts, ..worst })
}

fn check_host(state: &RolloutState, host: &HostName, traffic: &TrafficReport) -> Option<SplitCheck> {
    let (mut canary, mut total, mut expected) = (0, 0, 0.0);
    let (routed, assigned) = (state.routed.get(host)?, state.assigned.get(host)?);
    let recorded = |arm: &Arm| routed.iter().any(|r| r.release == arm.release && r.weight == arm.weight);
    if traffic.table.arms.len() != 2 || !traffic.table.arms.iter().all(recorded) {
        return None;
    }
    for arm in &traffic.table.arms {
        let before = assigned.iter().find(|a| a.release == arm.release)?;
        let now = traffic.arms.iter().find(|a| a.release == arm.release).map_or(0, |a| a.assigned);
        let grown = (traffic.epoch == before.epoch).then(|| now.checked_sub(before.requests))??;
        total += grown;
        if arm.release == state.plan.release {
            canary = grown;
            expected = arm.weight.fraction();
        }
    }
    Some(SplitCheck { host: None, hosts: 1, canary, total, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(canary: u64, total: u64, hosts: usize) -> SplitCheck {
        SplitCheck { host: None, hosts, canary, total, expected: 0.05 }
    }

    #[test]
    fn chance_is_not_a_mismatch() {
        assert!(!check(51, 1002, 1).is_mismatch());
        assert!(!check(0, 100, 1).is_mismatch(), "too few to tell");
    }

    #[test]
    fn a_wrong_split_is() {
        assert!(check(500, 1000, 1).is_mismatch());
        assert!(check(0, 2000, 1).is_mismatch());
    }

    #[test]
    fn of_many_hosts_one_may_be_further_off() {
        assert!(check(88, 1000, 1).is_mismatch(), "5.5 standard deviations");
        assert!(!check(88, 1000, 10_000).is_mismatch());
        assert!(check(500, 1000, 10_000).is_mismatch());
    }
}
