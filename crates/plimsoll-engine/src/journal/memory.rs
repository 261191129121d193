//! A journal in memory, for the simulator: shared by clones, so that a coordinator can die and another go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use plimsoll_model::record::Record;
use plimsoll_model::{EnvironmentName, Fence, Timestamp};

use super::lease::{LEASE_LENGTH, Stored};
use super::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query, chain};

/// A journal in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    records: Vec<Record>,
    leases: BTreeMap<EnvironmentName, Stored>,
    /// The writer dies right after the record of this number: every later call fails, until the fault is lifted.
    dies_after: Option<u64>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets every call fail from the moment on that record `sequence` is written, as if the coordinator had died
    /// there; `None` lifts the fault.
    pub fn die_after(&self, sequence: Option<u64>) {
        self.lock().dies_after = sequence;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no holder of the lock panics")
    }
}

impl Shared {
    fn alive(&self) -> Result<(), JournalError> {
        match self.dies_after {
            Some(last) if self.records.len() as u64 >= last => Err(JournalError::Injected),
            _ => Ok(()),
        }
    }

    fn check(&self, environment: Option<&EnvironmentName>, fence: Option<Fence>) -> Result<(), JournalError> {
        let (Some(environment), Some(fence)) = (environment, fence) else { return Ok(()) };
        match self.leases.get(environment) {
            Some(stored) if stored.fence == fence => Ok(()),
            stored => Err(JournalError::LeaseLost {
                environment: environment.clone(),
                holder: stored.map_or_else(|| "nobody".to_owned(), |s| s.holder.to_string()),
            }),
        }
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, draft: Draft) -> Result<Record, JournalError> {
        let mut shared = self.lock();
        shared.alive()?;
        shared.check(draft.environment.as_ref(), draft.fence)?;
        let previous = shared.records.last().map_or_else(chain::origin, |r| r.hash);
        let (_, record) = chain::seal(draft, shared.records.len() as u64 + 1, previous);
        shared.records.push(record.clone());
        Ok(record)
    }

    fn read(&mut self, query: &Query) -> Result<Vec<Record>, JournalError> {
        let shared = self.lock();
        shared.alive()?;
        let wanted = |r: &&Record| {
            r.sequence > query.after
                && (query.environment.is_none() || r.environment == query.environment)
                && (query.rollout.is_none() || r.rollout == query.rollout)
        };
        Ok(shared.records.iter().filter(wanted).cloned().collect())
    }

    fn acquire(
        &mut self,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Acquired, JournalError> {
        let mut shared = self.lock();
        shared.alive()?;
        let before = shared.leases.get(environment).cloned();
        let next = Stored::next(before.as_ref(), environment, holder, now, above, is_gone)?;
        let acquired = next.acquired(environment, before);
        shared.leases.insert(environment.clone(), next);
        Ok(acquired)
    }

    fn holder(
        &mut self,
        environment: &EnvironmentName,
        now: Timestamp,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Option<Holder>, JournalError> {
        let shared = self.lock();
        shared.alive()?;
        Ok(shared.leases.get(environment).filter(|s| !s.is_free(now, is_gone)).map(|s| s.holder.clone()))
    }

    fn renew(&mut self, lease: &Lease, now: Timestamp) -> Result<(), JournalError> {
        let mut shared = self.lock();
        shared.alive()?;
        shared.check(Some(&lease.environment), Some(lease.fence))?;
        if let Some(stored) = shared.leases.get_mut(&lease.environment) {
            stored.until = now + LEASE_LENGTH;
        }
        Ok(())
    }

    fn give_back(&mut self, lease: &Lease) -> Result<(), JournalError> {
        let mut shared = self.lock();
        shared.alive()?;
        shared.check(Some(&lease.environment), Some(lease.fence))?;
        if let Some(stored) = shared.leases.get_mut(&lease.environment) {
            stored.given_back = true;
        }
        Ok(())
    }
}
