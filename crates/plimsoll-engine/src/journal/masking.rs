//! A journal that never stores the value of a secret.

use plimsoll_model::free_text::FreeText as _;
use plimsoll_model::record::Record;
use plimsoll_model::{EnvironmentName, Fence, Masker, Timestamp};

use super::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query};

/// Masks values on their way into another journal.
pub struct MaskingJournal {
    inner: Box<dyn Journal>,
    masker: Masker,
}

impl MaskingJournal {
    /// A journal in front of another.
    pub fn new(inner: Box<dyn Journal>, masker: Masker) -> Self {
        Self { inner, masker }
    }
}

impl Journal for MaskingJournal {
    fn append(&mut self, mut draft: Draft) -> Result<Record, JournalError> {
        draft.entry.mask(&self.masker);
        self.inner.append(draft)
    }

    fn read(&mut self, query: &Query) -> Result<Vec<Record>, JournalError> {
        self.inner.read(query)
    }

    fn acquire(
        &mut self,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Acquired, JournalError> {
        self.inner.acquire(environment, holder, now, above, is_gone)
    }

    fn holder(
        &mut self,
        environment: &EnvironmentName,
        now: Timestamp,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Option<Holder>, JournalError> {
        self.inner.holder(environment, now, is_gone)
    }

    fn renew(&mut self, lease: &Lease, now: Timestamp) -> Result<(), JournalError> {
        self.inner.renew(lease, now)
    }

    fn give_back(&mut self, lease: &Lease) -> Result<(), JournalError> {
        self.inner.give_back(lease)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Secret;
    use plimsoll_model::record::{BackReason, Entry};

    use super::*;
    use crate::journal::{MemoryJournal, chain};

    #[test]
    fn values_do_not_reach_the_journal_and_its_chain_holds() {
        let secret = Secret::new("hunter2");
        let mut journal = MaskingJournal::new(Box::new(MemoryJournal::default()), Masker::new([&secret]));
        let (action, error) = ("start".to_owned(), "it printed hunter2".to_owned());
        let entry = Entry::GoingBack { reason: BackReason::ActionFailed { action, error } };
        let (at, author) = (Timestamp::default(), "a@b".to_owned());
        journal.append(Draft { at, author, environment: None, rollout: None, fence: None, entry }).unwrap();
        let records = journal.read(&Query::default()).unwrap();
        let text = serde_json::to_string(&records).unwrap();
        assert!(text.contains("it printed ***") && !text.contains("hunter2"), "{text}");
        chain::verify(&records).unwrap();
    }
}
