//! Counters as they are read from a source, and what a look at them gives.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Counts of observations by upper bound.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Histogram {
    /// Upper bounds in seconds, ascending, without the final infinity.
    pub bounds: Vec<f64>,
    /// Observations up to each bound and beyond the one before; one more than `bounds`, the last for the rest.
    pub counts: Vec<u64>,
    /// Sum of all observations in seconds.
    pub sum: f64,
}

impl Histogram {
    /// An empty histogram with these bounds.
    pub fn new(bounds: &[f64]) -> Self {
        Self { bounds: bounds.to_vec(), counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Observations above `bound`, which must be one of the bounds; `None` where it is not, since anything else
    /// would be a guess.
    pub fn above(&self, bound: f64) -> Option<u64> {
        let at = self.bounds.iter().position(|b| (b - bound).abs() <= f64::EPSILON * bound.abs())?;
        Some(self.counts[at + 1..].iter().sum())
    }

    /// The bounds that hold the `q`-quantile: it is greater than the first and at most the second (infinite in
    /// the last bucket). `None` when empty.
    pub fn quantile_bounds(&self, q: f64) -> Option<(f64, f64)> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = (q * total as f64).ceil().max(1.0);
        let mut seen = 0.0;
        for (i, count) in self.counts.iter().enumerate() {
            seen += *count as f64;
            if seen >= rank {
                let low = if i == 0 { 0.0 } else { self.bounds[i - 1] };
                return Some((low, self.bounds.get(i).copied().unwrap_or(f64::INFINITY)));
            }
        }
        None
    }
}

/// Upper bounds in seconds that Prometheus' client libraries use by default.
pub const DEFAULT_LATENCY_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The counters of one side at one moment, as the source has them: they only grow, until a reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// When the source took the sample (not when it was asked).
    pub at: Timestamp,
    /// Counters by series: one for each instance, or for each proxy and its epoch.
    pub series: BTreeMap<String, Counters>,
}

/// Counters of one series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counters {
    /// Requests that ended.
    pub requests: u64,
    /// Bad ones among them.
    pub errors: u64,
    /// How long they took; empty where the source has no such series.
    pub latency: Histogram,
}

/// What happened on one side between two looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Increment {
    /// Requests that ended.
    pub requests: u64,
    /// Bad ones among them.
    pub errors: u64,
    /// Requests above each bound of the analysis; empty where latency is not known.
    pub slower: Vec<u64>,
    /// Requests whose latency is known.
    pub timed: u64,
}

/// What one look at a source gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reading {
    /// Counts of both sides since the last look. `stable` is absent where there is no side to compare with.
    Counts {
        /// The new release.
        canary: Increment,
        /// The release that it is to replace.
        stable: Option<Increment>,
        /// Bounds of `slower`, in seconds.
        bounds: Vec<f64>,
    },
    /// The value of a query.
    Value {
        /// The value; a number, not NaN.
        value: f64,
    },
    /// The source answered and no requests have come. Neither good nor bad.
    NoTraffic,
    /// The source could not be used. Neither good nor bad.
    Unusable {
        /// Why.
        reason: Unusable,
        /// The source's own words, with nothing secret in them.
        detail: String,
    },
}

/// Why a source could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusable {
    /// No answer.
    Unreachable,
    /// It answered with samples that are too old.
    Stale,
    /// It answered that there is no such series.
    Empty,
    /// It answered with something that is not a number.
    NotANumber,
    /// It refused the question, or its answer was not understood.
    Invalid,
}
