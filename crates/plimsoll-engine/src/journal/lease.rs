//! Who may act on an environment: a short lease, renewed while its holder lives.
//!
//! A lease that is never given back ends by itself, so a cancelled job strands nobody; the fence makes sure that the
//! old holder cannot act when it comes back. The lengths are those that Fly.io arrived at (flyctl, pull request 1728:
//! 30 minutes were replaced by 13 seconds, renewed every 4).

use std::fmt;
use std::time::Duration;

use plimsoll_model::{EnvironmentName, Fence, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Acquired, JournalError};

/// How long a lease lasts without renewal.
pub(super) const LEASE_LENGTH: Duration = Duration::from_secs(13);
/// How often its holder renews it.
pub const RENEW_EVERY: Duration = Duration::from_secs(4);

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// The person.
    pub user: String,
    /// The machine.
    pub machine: String,
    /// The process.
    pub pid: u32,
    /// The process's start in clock ticks since boot, which tells it from a later one of the same number.
    pub start_ticks: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.machine, self.pid)
    }
}

/// The right to act on an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The environment.
    pub environment: EnvironmentName,
    /// Who has it.
    pub holder: Holder,
    /// Its token: grows with every new lease.
    pub fence: Fence,
}

/// A lease as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) holder: Holder,
    pub(super) fence: Fence,
    pub(super) until: Timestamp,
    pub(super) given_back: bool,
}

impl Stored {
    /// The lease that `holder` gets after `before`, or who has it still.
    pub(super) fn next(
        before: Option<&Self>,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Self, JournalError> {
        if let Some(stored) = before
            && !stored.is_free(now, is_gone)
            && stored.holder != *holder
        {
            let (holder, until) = (stored.holder.clone(), stored.until);
            return Err(JournalError::LeaseHeld { environment: environment.clone(), holder, until });
        }
        let seen = before.map_or(Fence(0), |s| s.fence);
        let fence = Fence(seen.max(above).0 + 1);
        Ok(Self { holder: holder.clone(), fence, until: now + LEASE_LENGTH, given_back: false })
    }

    /// What the new holder is told, `before` being the lease before.
    pub(super) fn acquired(&self, environment: &EnvironmentName, before: Option<Self>) -> Acquired {
        let lease =
            Lease { environment: environment.clone(), holder: self.holder.clone(), fence: self.fence };
        Acquired { lease, from: before.filter(|s| !s.given_back).map(|s| s.holder) }
    }

    /// Whether another may take the lease at `now`.
    pub(super) fn is_free(&self, now: Timestamp, is_gone: &dyn Fn(&Holder) -> bool) -> bool {
        self.given_back || now >= self.until || is_gone(&self.holder)
    }
}
