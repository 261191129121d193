//! The judges on simulated traffic, with few runs: rare errors of theirs would show in the full table only.

use plimsoll_testkit::sim::Answers;
use plimsoll_testkit::statistics::{Arms, Cell, measure};

/// Runs on healthy traffic: enough that 1 % of them is more than an accident.
const HEALTHY: u64 = 300;

fn healthy() -> Answers {
    Answers { errors: 0.002, median: 0.050, spread: 0.8 }
}

fn rolled_back(rate: f64, canary: Answers, runs: u64) -> (u64, Option<u64>) {
    let arms = Arms { rate, canary, stable: healthy(), bursts: 0.0 };
    let figures = measure(&Cell { what: String::new(), arms }, runs);
    (figures.rolled_back, figures.median)
}

#[test]
fn healthy_releases_stay() {
    for rate in [0.1, 0.5, 1.0, 5.0, 50.0] {
        let (found, _) = rolled_back(rate, healthy(), HEALTHY);
        assert!(found * 100 < HEALTHY, "{found} of {HEALTHY} at {rate} requests/s");
    }
}

#[test]
fn bad_releases_go_and_quickly() {
    for (rate, errors, by) in [(1.0, 0.5, 30), (5.0, 0.5, 15), (5.0, 0.05, 90), (50.0, 0.05, 30)] {
        let (found, median) = rolled_back(rate, Answers { errors, ..healthy() }, 20);
        assert!(
            found == 20 && median.is_some_and(|s| s <= by),
            "{rate}/s, {errors}: {found} of 20, {median:?} s"
        );
    }
    let slow = Answers { median: 0.2, ..healthy() };
    let (found, median) = rolled_back(5.0, slow, 20);
    assert!(found == 20 && median.is_some_and(|s| s <= 60), "{found} of 20, {median:?} s");
}
