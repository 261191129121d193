//! The journal: what happened, in order, for ever; and the leases that say who may write.
//!
//! Records are only ever appended. Each is stored as the exact text that was hashed, with the hash of the record
//! before inside it, so that a change to any of them is seen by [`chain::verify`]. An append is refused where the
//! writer's lease has passed to another: a coordinator that was suspended and wakes up cannot add to a story that
//! went on without it.

pub mod chain;
mod lease;
mod masking;
mod memory;
mod sqlite;
mod trouble;

use plimsoll_model::record::{Entry, Record};
use plimsoll_model::{EnvironmentName, Fence, RolloutId, Timestamp};

pub use lease::{Holder, Lease, RENEW_EVERY};
pub use masking::MaskingJournal;
pub use memory::MemoryJournal;
pub use sqlite::SqliteJournal;
pub use trouble::Trouble;

/// What a journal can fail at.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database failed.
    #[error("cannot {action} the journal {}", path.display())]
    Storage {
        /// What was being done, as it stands before "the journal": `open`, `write to`.
        action: &'static str,
        /// The journal's file.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        trouble: Trouble,
    },
    /// The lease belongs to someone else now.
    #[error("the lease of `{environment}` has passed to {holder}; this command may not go on")]
    LeaseLost {
        /// Whose lease.
        environment: EnvironmentName,
        /// Who has it.
        holder: String,
    },
    /// Someone else holds the lease.
    #[error("{holder} is at work on `{environment}`")]
    LeaseHeld {
        /// Whose lease.
        environment: EnvironmentName,
        /// Who has it.
        holder: Holder,
        /// When it ends unless it is renewed.
        until: Timestamp,
    },
    /// A stored record is not what it was.
    #[error("record {sequence} of the journal is damaged: {why}")]
    Damaged {
        /// Which.
        sequence: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A stored record is of a newer version than this program.
    #[error(
        "record {sequence} of the journal has format {found}, and this version of plimsoll reads up to {known}"
    )]
    Newer {
        /// Which.
        sequence: u64,
        /// Its version.
        found: u32,
        /// The newest version that is understood.
        known: u32,
    },
    /// A test's fault.
    #[error("the journal was told to fail")]
    Injected,
}

/// A record before it has its place in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// When it happened.
    pub at: Timestamp,
    /// Who writes it.
    pub author: String,
    /// The environment that it is about.
    pub environment: Option<EnvironmentName>,
    /// The rollout that it belongs to.
    pub rollout: Option<RolloutId>,
    /// The lease under which it is written; `None` for what a person asks for and for gates before a rollout.
    pub fence: Option<Fence>,
    /// What happened.
    pub entry: Entry,
}

/// Which records to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only those after this sequence number.
    pub after: u64,
    /// Only those of this environment.
    pub environment: Option<EnvironmentName>,
    /// Only those of this rollout.
    pub rollout: Option<RolloutId>,
}

/// A journal.
///
/// Implementers guarantee: sequence numbers grow by one without gaps, over all writers; an append either is durable
/// when it returns or did not happen; a fenced append by a writer whose lease has passed on is refused.
pub trait Journal: Send {
    /// Appends one record.
    fn append(&mut self, draft: Draft) -> Result<Record, JournalError>;

    /// Reads records, oldest first.
    fn read(&mut self, query: &Query) -> Result<Vec<Record>, JournalError>;

    /// Takes the lease of an environment, or says who has it. `is_gone` answers whether a holder certainly no longer
    /// exists, so that its lease need not run out first. The new lease's fence is greater than `above` and than any
    /// given out before.
    fn acquire(
        &mut self,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Acquired, JournalError>;

    /// Who holds the lease of an environment at `now`, if anybody does.
    fn holder(
        &mut self,
        environment: &EnvironmentName,
        now: Timestamp,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Option<Holder>, JournalError>;

    /// Moves the end of a lease out.
    fn renew(&mut self, lease: &Lease, now: Timestamp) -> Result<(), JournalError>;

    /// Gives a lease back.
    fn give_back(&mut self, lease: &Lease) -> Result<(), JournalError>;
}

/// A lease, and whose it was if that one did not give it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquired {
    /// The lease.
    pub lease: Lease,
    /// The holder before, if its lease ran out or it is gone.
    pub from: Option<Holder>,
}

#[cfg(test)]
mod conformance;
