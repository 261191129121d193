//! Everything that a coordinator reaches, in one place, so that the simulator can replace all of it.

use std::path::PathBuf;

use plimsoll_drivers::metrics::{MetricsReader, Unread};
use plimsoll_drivers::{Clock, Host};
use plimsoll_model::event::{Event, News};
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::rollout::MetricSource;
use plimsoll_model::{EnvironmentName, ReleaseId, RolloutId, Secret};

use crate::journal::{Draft, Journal, JournalError, Lease};

/// Content of sealed releases, as the coordinator has them.
pub trait ReleaseContent: Sync {
    /// The manifest exactly as it was signed, and its signature.
    fn manifest(&self, release: &ReleaseId) -> Result<SignedManifest, ContentError>;

    /// At most `length` bytes of the artifact from `offset` on; fewer only at its end.
    fn artifact(&self, release: &ReleaseId, offset: u64, length: usize) -> Result<Vec<u8>, ContentError>;

    /// The artifact's file, where it is one of this machine: to look at without holding all of it in memory.
    fn artifact_file(&self, _release: &ReleaseId) -> Option<PathBuf> {
        None
    }
}

/// A manifest and its signature, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedManifest {
    /// `manifest.json`.
    pub manifest: String,
    /// `manifest.json.minisig`.
    pub signature: String,
}

/// Content that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the content of release {release} cannot be read: {why}")]
pub struct ContentError {
    /// The release.
    pub release: ReleaseId,
    /// Why.
    pub why: String,
}

/// Values of secrets that live in the operator's environment.
pub trait Secrets: Sync {
    /// The value of a variable, if it is set.
    fn variable(&self, name: &str) -> Option<Secret>;
}

/// Makes readers of metrics.
pub trait MetricSources: Send {
    /// A reader of the source that an analysis names; never asked for the proxy, whose counters the hosts report.
    fn reader(&mut self, source: &MetricSource) -> Result<Box<dyn MetricsReader>, Unread>;
}

/// What a coordinator reaches.
pub struct World<'w> {
    /// Time.
    pub clock: &'w dyn Clock,
    /// The hosts of the environment.
    pub hosts: Vec<Box<dyn Host>>,
    /// How many of them are worked on at the same time.
    pub parallel: usize,
    /// The journal.
    pub journal: Box<dyn Journal>,
    /// Sources of metrics beside the proxy.
    pub metrics: Box<dyn MetricSources>,
    /// Releases.
    pub releases: &'w dyn ReleaseContent,
    /// Secrets.
    pub secrets: &'w dyn Secrets,
    /// Where events go. They are told, never asked.
    pub events: &'w mut dyn FnMut(Event),
    /// Who acts: `user@machine`.
    pub author: String,
}

impl World<'_> {
    /// Tells the reporters.
    pub fn tell(&mut self, news: News) {
        let at = self.clock.now();
        (self.events)(Event { at, news });
    }

    /// Appends a record under a lease, and tells the reporters.
    pub fn record(
        &mut self,
        lease: &Lease,
        rollout: Option<&RolloutId>,
        entry: Entry,
    ) -> Result<Record, JournalError> {
        self.append(&lease.environment, rollout, Some(lease), entry)
    }

    /// Appends a record, under a lease or not, and tells the reporters.
    pub fn append(
        &mut self,
        environment: &EnvironmentName,
        rollout: Option<&RolloutId>,
        lease: Option<&Lease>,
        entry: Entry,
    ) -> Result<Record, JournalError> {
        let record = self.journal.append(Draft {
            at: self.clock.now(),
            author: self.author.clone(),
            environment: Some(environment.clone()),
            rollout: rollout.cloned(),
            fence: lease.map(|l| l.fence),
            entry,
        })?;
        self.tell(News::Recorded { record: Box::new(record.clone()) });
        Ok(record)
    }
}
