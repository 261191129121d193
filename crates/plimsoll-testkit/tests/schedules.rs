//! Ten thousand random stories; none may break an invariant.
//!
//! `PLIMSOLL_SEED=42 cargo test -p plimsoll-testkit --test schedules` plays one seed and prints its story.

#![allow(clippy::print_stdout, reason = "the story of a seed is for people")]

use plimsoll_testkit::breakages::Breakage;
use plimsoll_testkit::sim::schedule::play;

/// How many seeds each of the tests plays, unless `PLIMSOLL_SEEDS` says otherwise.
const SEEDS: u64 = 2500;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn play_part(part: u64) {
    let count = number("PLIMSOLL_SEEDS").map_or(SEEDS, |all| all / 4);
    let from = number("PLIMSOLL_FIRST").unwrap_or(0) + part * count;
    if let Some(seed) = number("PLIMSOLL_SEED") {
        if part == 0 {
            let told = play(seed, Breakage::None);
            println!("{told}");
            assert!(told.violation.is_none());
        }
        return;
    }
    println!("seeds {from} to {}", from + count - 1);
    let mut broken = Vec::new();
    for seed in from..from + count {
        let told = play(seed, Breakage::None);
        if let Some(violation) = &told.violation {
            if broken.is_empty() {
                println!("{told}");
            }
            broken.push(format!("seed {seed}: {:?}: {}", violation.invariant, violation.what));
        }
    }
    assert!(broken.is_empty(), "{} of {count} seeds:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn first_quarter_of_the_seeds() {
    play_part(0);
}

#[test]
fn second_quarter_of_the_seeds() {
    play_part(1);
}

#[test]
fn third_quarter_of_the_seeds() {
    play_part(2);
}

#[test]
fn fourth_quarter_of_the_seeds() {
    play_part(3);
}
