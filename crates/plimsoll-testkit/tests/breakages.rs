//! Every deliberate breakage is noticed by the invariant that it breaks.

use plimsoll_testkit::breakages::Breakage;
use plimsoll_testkit::sim::schedule::play;

/// Seeds within which a breakage must be noticed.
const SEEDS: u64 = 600;

#[test]
fn every_breakage_is_noticed() {
    let mut missed = Vec::new();
    for (breakage, expected) in Breakage::ALL {
        let mut others = Vec::new();
        let found = (0..SEEDS).find(|seed| match play(*seed, breakage).violation {
            Some(violation) if expected.contains(&violation.invariant) => {
                println!("{breakage:?}: {:?} at seed {seed}: {}", violation.invariant, violation.what);
                true
            }
            Some(violation) => {
                others.push((*seed, violation));
                false
            }
            None => false,
        });
        if found.is_none() {
            missed.push(format!(
                "{breakage:?}; others noticed {} times, first {:?}",
                others.len(),
                others.first()
            ));
        }
    }
    assert!(missed.is_empty(), "not noticed:\n{}", missed.join("\n"));
}
