//! Words that several parts use.

use plimsoll_model::record::Outcome;

/// An error with its causes, each once: `cannot open x: no such file`.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = source.source();
    }
    text
}

/// A size as people write it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// How a rollout ended, in words.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "serves everywhere",
        Outcome::PromotedInPart => "serves everywhere but on hosts that were set aside",
        Outcome::RolledBack => "rolled back",
        Outcome::Inconclusive => "taken back: nobody could tell whether it is good",
        Outcome::Superseded => "taken back for another release",
        Outcome::Refused => "refused by a host before it took any traffic",
        Outcome::Mixed => "could not be brought back everywhere",
        Outcome::Stopped => "ended by `plimsoll down`",
    }
}
