//! For tests of recovery: the command kills itself right after a chosen journal record.
//!
//! Only in debug builds and with the feature `fault-injection`; elsewhere the journal is left as it is.

use plimsoll_engine::journal::Journal;

#[cfg(not(any(debug_assertions, feature = "fault-injection")))]
pub(crate) fn wrap(journal: Box<dyn Journal>) -> Box<dyn Journal> {
    journal
}

#[cfg(any(debug_assertions, feature = "fault-injection"))]
pub(crate) fn wrap(journal: Box<dyn Journal>) -> Box<dyn Journal> {
    let last = std::env::var("PLIMSOLL_DIE_AFTER_RECORD").ok().and_then(|n| n.parse().ok());
    match last {
        Some(last) => Box::new(dying::DyingJournal { inner: journal, last }),
        None => journal,
    }
}

#[cfg(any(debug_assertions, feature = "fault-injection"))]
mod dying {
    use std::sync::atomic::{AtomicU64, Ordering};

    use plimsoll_engine::journal::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query};
    use plimsoll_model::record::Record;
    use plimsoll_model::{EnvironmentName, Fence, Timestamp};

    /// Records that this command has appended, through however many journals.
    static APPENDED: AtomicU64 = AtomicU64::new(0);

    pub(super) struct DyingJournal {
        pub(super) inner: Box<dyn Journal>,
        pub(super) last: u64,
    }

    impl Journal for DyingJournal {
        fn append(&mut self, draft: Draft) -> Result<Record, JournalError> {
            let record = self.inner.append(draft)?;
            if APPENDED.fetch_add(1, Ordering::SeqCst) + 1 == self.last {
                let me = rustix::process::getpid();
                let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
            }
            Ok(record)
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
}
