//! What the agent knows of a running instance and may forget: probes so far, and since when it has been healthy.
//!
//! A new agent begins these counts again; that can only make it slower to call an instance ready.

use plimsoll_model::observation::{InstanceState, Proof};
use plimsoll_model::{InstanceId, Timestamp};

use super::Agent;
use crate::runtime::ProcessHandle;
use crate::state::InstanceRecord;

/// What is known of one run of an instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// The run that this is about.
    pub(super) run: u64,
    /// Since when every check was good.
    pub(super) healthy_since: Option<Timestamp>,
    /// The latest proof of this run.
    pub(super) proof: Option<Proof>,
    /// Bad checks in a row.
    pub(super) failures: u32,
    /// When the check under way began.
    pub(super) checking_since: Option<Timestamp>,
    /// When the next one begins.
    pub(super) next_check: Timestamp,
    /// Whether the process itself was ever seen listening.
    pub(super) listened: bool,
    /// What the last bad check saw.
    pub(super) last: Option<String>,
    /// Whether it was told to stop.
    pub(super) told_to_stop: bool,
}

impl Agent {
    /// The watch of the instance's present run; a new run begins with an empty one.
    pub(super) fn watch_of(&mut self, id: &InstanceId, run: u64) -> &mut Watch {
        let watch = self.watches.entry(id.clone()).or_default();
        if watch.run != run {
            *watch = Watch { run, ..Watch::default() };
        }
        watch
    }
}

impl InstanceRecord {
    /// Enters a state, or stays in it with other words.
    pub(super) fn enter(&mut self, state: InstanceState, now: Timestamp, detail: impl Into<String>) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
        self.detail = detail.into();
    }

    /// The process of the run asked for last.
    pub(super) fn process(&self, id: &InstanceId) -> ProcessHandle {
        ProcessHandle { instance: id.clone(), run: self.run }
    }
}
