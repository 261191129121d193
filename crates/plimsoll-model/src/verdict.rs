//! What an analysis concludes, and the figures behind it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Where an analysis stands. "No data" is none of good and bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence does not decide yet.
    Undecided,
    /// Shown to be as good as the margin asks.
    Good,
    /// The canary is worse than the stable release and over the limit, or over the limit without a baseline.
    CanaryRegression,
    /// Both sides are over the limit.
    SharedDegradation,
    /// The canary is worse than the stable release, but within the limit: a warning that holds the step.
    Warning,
    /// No usable data for longer than was declared.
    NoData,
}

impl Verdict {
    /// Whether this is a reason to go back.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::CanaryRegression | Self::SharedDegradation)
    }
}

/// The figures of an analysis at one moment: evidence, and what the live view shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assessment {
    /// The analysis.
    pub analysis: String,
    /// Where it stands.
    pub verdict: Verdict,
    /// When it was made.
    pub at: Timestamp,
    /// The canary's counts since the warm-up.
    pub canary: SideTotal,
    /// The stable side's counts over the same time.
    pub stable: Option<SideTotal>,
    /// The declared limit as a share, where there is one.
    pub limit: Option<f64>,
    /// `ln E` of "canary is over the limit"; rolls back at `threshold`.
    pub against_limit: Option<f64>,
    /// `ln E` of "canary is worse than stable by the margin"; rolls back at `threshold`.
    pub against_stable: Option<f64>,
    /// `ln E` of "canary is as good as the promote margin asks"; promotes at `promote_threshold`.
    pub for_canary: Option<f64>,
    /// `ln(1/alpha)` of the tests that roll back.
    pub threshold: f64,
    /// `ln(1/beta)` of the test that promotes.
    pub promote_threshold: f64,
    /// Overdispersion of the stable side by which the evidence is divided, at least 1.
    pub dispersion: f64,
    /// Looks that counted.
    pub looks: u64,
    /// Looks that were unusable, in a row until now.
    pub unusable: u64,
    /// One sentence for people.
    pub reason: String,
}

/// Requests of one side and the bad ones among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SideTotal {
    /// Requests.
    pub requests: u64,
    /// Bad ones: errors, or slower than the limit.
    pub bad: u64,
}

impl SideTotal {
    /// The bad ones' share; `None` without requests.
    pub fn rate(self) -> Option<f64> {
        (self.requests > 0).then(|| self.bad as f64 / self.requests as f64)
    }
}
