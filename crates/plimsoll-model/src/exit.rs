//! Exit codes of the command, stable and documented in `docs/reference/exit-codes.md`.

use serde::{Deserialize, Serialize};

/// How a command ended, for scripts. The numbers never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCode {
    /// What was asked for holds: the requested release serves everywhere.
    Success,
    /// A fault of plimsoll itself or of the machine it runs on.
    Internal,
    /// The command line or the configuration is wrong.
    Usage,
    /// A gate refused: build, inspection, signature, test, or a release that was rolled back before.
    Refused,
    /// The release was rolled back; the one before it serves everywhere.
    RolledBack,
    /// Some hosts serve one release and some another.
    MixedFleet,
    /// Another coordinator holds the lease, or took it and ended the rollout.
    LockHeld,
    /// Neither good nor bad could be shown, or a person is waited for.
    Inconclusive,
    /// A target could not be reached.
    Unreachable,
}

impl ExitCode {
    /// Every code, in the order of its numbers.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Internal,
        Self::Usage,
        Self::Refused,
        Self::RolledBack,
        Self::MixedFleet,
        Self::LockHeld,
        Self::Inconclusive,
        Self::Unreachable,
    ];

    /// The process's exit code.
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Refused => 10,
            Self::RolledBack => 11,
            Self::MixedFleet => 12,
            Self::LockHeld => 13,
            Self::Inconclusive => 14,
            Self::Unreachable => 15,
        }
    }

    /// What the code tells a script, as the documentation prints it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "what was asked for holds: the requested release serves everywhere",
            Self::Internal => "a fault of plimsoll itself or of the machine it runs on",
            Self::Usage => "the command line or the configuration is wrong; nothing was changed",
            Self::Refused => "a gate refused; the environment that was aimed at is as it was",
            Self::RolledBack => {
                "the release was rolled back; what served before it, if anything did, serves everywhere"
            }
            Self::MixedFleet => "hosts serve different releases, or it is not known what they serve",
            Self::LockHeld => "another coordinator holds the lease, or took it and ended the rollout",
            Self::Inconclusive => "neither good nor bad could be shown, or a person is waited for",
            Self::Unreachable => "a target could not be reached",
        }
    }
}
