//! The plot: five versions, what is wrong with each, and how it must end.

use super::summary::Outcome;

/// A version of the service.
pub(super) struct Version {
    pub(super) number: u32,
    /// The commit's first line.
    pub(super) subject: &'static str,
    pub(super) errors_per_thousand: u32,
    pub(super) extra_latency_ms: u32,
    pub(super) trouble: Trouble,
    pub(super) expected: Outcome,
    /// The version that must serve afterwards.
    pub(super) serves_then: u32,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// It answers with 5xx.
    Errors,
    /// It is slower than the limit.
    Slow,
    /// The command that ships it is killed in the middle.
    Killed,
}

impl Trouble {
    /// Whether it is the release's own fault.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Errors | Self::Slow)
    }
}

pub(super) const VERSIONS: [Version; 5] = [
    good(1, "Say hello", 1),
    good(2, "Say hello again", 2),
    Version {
        errors_per_thousand: 100,
        trouble: Trouble::Errors,
        expected: Outcome::RolledBack,
        ..good(3, "Lose one greeting in ten", 2)
    },
    Version {
        extra_latency_ms: 300,
        trouble: Trouble::Slow,
        expected: Outcome::RolledBack,
        ..good(4, "Think for 300 ms before every greeting", 2)
    },
    Version {
        trouble: Trouble::Killed,
        expected: Outcome::Recovered,
        ..good(5, "Be quick and right again", 5)
    },
];

const fn good(number: u32, subject: &'static str, serves_then: u32) -> Version {
    Version {
        number,
        subject,
        errors_per_thousand: 0,
        extra_latency_ms: 0,
        trouble: Trouble::None,
        expected: Outcome::Promoted,
        serves_then,
    }
}
