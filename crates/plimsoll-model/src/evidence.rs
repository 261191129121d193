//! What a gate leaves behind: what was asked, what was measured, what was decided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, ReleaseId, Span, Timestamp};

/// The record of one gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// Which gate.
    pub gate: Gate,
    /// The release, once there is one.
    pub release: Option<ReleaseId>,
    /// The artifact that was judged, once there is one.
    pub artifact: Option<Digest>,
    /// What was asked.
    pub question: String,
    /// What was measured, raw: counts, versions, paths.
    pub measured: BTreeMap<String, serde_json::Value>,
    /// What was decided.
    pub decision: GateDecision,
    /// One sentence for people, shown behind the gate's name.
    pub summary: String,
    /// When it was decided.
    pub at: Timestamp,
    /// How long it took.
    pub took: Span,
}

/// The gates of `ship`, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The artifact is made from the commit.
    Build,
    /// The artifact is for the right platform and finds all that it needs.
    Inspect,
    /// The release is sealed and signed.
    Sign,
    /// The hosts have what the release and the environment need.
    Preflight,
    /// The release is proved in the test's environment.
    Staging,
    /// The project's own regression test.
    Test,
    /// The release is taken into the environment.
    Rollout,
    /// What answers is what was released.
    Verify,
}

impl Gate {
    /// The gate's name as it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Inspect => "inspect",
            Self::Sign => "sign",
            Self::Preflight => "preflight",
            Self::Staging => "staging",
            Self::Test => "test",
            Self::Rollout => "rollout",
            Self::Verify => "verify",
        }
    }
}

/// What a gate decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateDecision {
    /// Passed.
    Passed,
    /// Passed, with something that a person should know.
    Warned,
    /// Refused.
    Refused,
    /// Not asked, because a person said so.
    Skipped,
    /// Could not be answered. Never counts as passed.
    Unknown,
}
