//! For tests of recovery: processes are killed at a chosen journal record, or the command is stopped there, so that
//! something else can be broken at that moment.
//!
//! - `PLIMSOLL_DIE_AFTER_RECORD=N`: the command kills itself right after its Nth record. Where that record says what is
//!   about to be done, nothing of it is done.
//! - `PLIMSOLL_DIE_AFTER_DEED=N`: right after its Nth change to the hosts, which is done and not written down.
//! - `PLIMSOLL_KILL_WITH=PID`: a process that is killed together with the command.
//! - `PLIMSOLL_KILL_AFTER_RECORD=N:PID`: kills only the other process, right after the Nth record.
//! - `PLIMSOLL_STOP_AT=intent:N`: the command stops (SIGSTOP) when it has written for the Nth time what it is about to
//!   change; `deed:N` when its Nth change is done and not written down; `record:N` after its Nth record.
//!
//! Only in debug builds and with the feature `fault-injection`; elsewhere the journal is left as it is.

use plimsoll_engine::journal::Journal;

#[cfg(not(any(debug_assertions, feature = "fault-injection")))]
pub(crate) fn wrap(journal: Box<dyn Journal>) -> Box<dyn Journal> {
    journal
}

#[cfg(any(debug_assertions, feature = "fault-injection"))]
pub(crate) fn wrap(journal: Box<dyn Journal>) -> Box<dyn Journal> {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let other = std::env::var("PLIMSOLL_KILL_AFTER_RECORD").ok();
    let other = other.as_deref().and_then(|text| text.split_once(':'));
    let other = other.and_then(|(n, pid)| Some((n.parse().ok()?, pid.parse().ok()?)));
    let faults = dying::Faults {
        die_after: number("PLIMSOLL_DIE_AFTER_RECORD"),
        die_after_deed: number("PLIMSOLL_DIE_AFTER_DEED"),
        die_with: std::env::var("PLIMSOLL_KILL_WITH").ok().and_then(|pid| pid.parse().ok()),
        kill_after: other,
        stop_at: std::env::var("PLIMSOLL_STOP_AT").ok().and_then(|text| dying::Moment::parse(&text)),
    };
    if faults == dying::Faults::default() {
        return journal;
    }
    Box::new(dying::DyingJournal { inner: journal, faults })
}

#[cfg(any(debug_assertions, feature = "fault-injection"))]
mod dying {
    use std::sync::atomic::{AtomicU64, Ordering};

    use plimsoll_engine::journal::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query};
    use plimsoll_model::record::{Entry, Record};
    use plimsoll_model::{EnvironmentName, Fence, Timestamp};
    use rustix::process::{Pid, Signal, getpid, kill_process};

    /// Records that this command has appended, through however many journals.
    static APPENDED: AtomicU64 = AtomicU64::new(0);

    /// Who is killed when; records are counted from 1.
    #[derive(Default, PartialEq, Eq)]
    pub(super) struct Faults {
        pub(super) die_after: Option<u64>,
        pub(super) die_after_deed: Option<u64>,
        pub(super) die_with: Option<i32>,
        pub(super) kill_after: Option<(u64, i32)>,
        pub(super) stop_at: Option<Moment>,
    }

    /// When the command is stopped.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(super) enum Moment {
        Record(u64),
        Intent(u64),
        Deed(u64),
    }

    impl Moment {
        pub(super) fn parse(text: &str) -> Option<Self> {
            let (what, number) = text.split_once(':')?;
            let number = number.parse().ok()?;
            match what {
                "record" => Some(Self::Record(number)),
                "intent" => Some(Self::Intent(number)),
                "deed" => Some(Self::Deed(number)),
                _ => None,
            }
        }
    }

    pub(super) struct DyingJournal {
        pub(super) inner: Box<dyn Journal>,
        pub(super) faults: Faults,
    }

    /// Changes to the hosts that this command was about to write down.
    static DEEDS: AtomicU64 = AtomicU64::new(0);
    /// Changes that it wrote down before it made them.
    static INTENTS: AtomicU64 = AtomicU64::new(0);

    /// One more, counted from 1.
    fn next(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::SeqCst) + 1
    }

    impl Faults {
        fn die(&self) {
            kill(self.die_with.and_then(Pid::from_raw));
            kill(Some(getpid()));
        }

        /// Stops the command where this is the moment; whoever watches it lets it go on.
        fn stop(&self, moment: Moment) {
            if self.stop_at == Some(moment) {
                let _ = kill_process(getpid(), Signal::STOP);
            }
        }
    }

    fn kill(pid: Option<Pid>) {
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    impl DyingJournal {
        /// A change is done and about to be written down.
        fn deed(&self, number: u64) {
            if self.faults.die_after_deed == Some(number) {
                self.faults.die();
            }
            self.faults.stop(Moment::Deed(number));
        }
    }

    impl Journal for DyingJournal {
        fn append(&mut self, draft: Draft) -> Result<Record, JournalError> {
            let number = next(&APPENDED);
            let is_intent = matches!(draft.entry, Entry::Intended { .. });
            if matches!(draft.entry, Entry::Performed { .. }) {
                self.deed(next(&DEEDS));
            }
            let record = self.inner.append(draft)?;
            if let Some((_, pid)) = self.faults.kill_after.filter(|(n, _)| *n == number) {
                kill(Pid::from_raw(pid));
            }
            if self.faults.die_after == Some(number) {
                self.faults.die();
            }
            if is_intent {
                self.faults.stop(Moment::Intent(next(&INTENTS)));
            }
            self.faults.stop(Moment::Record(number));
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
