//! What an agent must remember: the host state, and how it is kept.
//!
//! The state says what is wanted and what was proved; the processes themselves are found again through the
//! runtime. It is written as a whole before anything that it describes is done.

pub mod file;
mod parse;
mod targets;
mod trail_file;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use plimsoll_model::agent::{ArmWeight, HostSettings};
use plimsoll_model::observation::{InstanceState, Proof, SwitchState};
use plimsoll_model::release::RunSpec;
use plimsoll_model::traffic::Maintenance;
use plimsoll_model::{
    Digest, Fence, InstanceId, ReleaseId, RolloutId, Secret, ServiceName, Timestamp, version,
};

pub use parse::parse;

/// Secrets of the instances, kept apart from the state and never shown.
pub type Secrets = BTreeMap<InstanceId, BTreeMap<String, Secret>>;

/// Keeps the host state.
pub trait StateStore: Send {
    /// What was saved last; `None` on a new host.
    fn load(&mut self) -> Result<Option<HostState>, StateError>;

    /// Saves the state. Must guarantee: after `Ok` it survives a power failure, after an error the one before is
    /// still there, and never a mixture.
    fn save(&mut self, state: &HostState) -> Result<(), StateError>;

    /// The secrets that were saved last.
    fn load_secrets(&mut self) -> Result<Secrets, StateError>;

    /// Saves the secrets, readable by this user only.
    fn save_secrets(&mut self, secrets: &Secrets) -> Result<(), StateError>;

    /// Adds a line to the trail. Must guarantee: after `Ok` it survives a power failure; older lines are removed only
    /// as a whole file, and the newest thousand stay. Without line breaks of its own.
    fn append_trail(&mut self, line: &str) -> Result<(), StateError>;

    /// The lines of the trail that are kept, oldest first, as they are: whoever reads them checks them.
    fn trail(&mut self) -> Result<Vec<String>, StateError>;
}

/// Everything that survives the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostState {
    /// Version of this format, [`version::HOST_STATE`].
    pub format: u32,
    /// The service.
    pub service: ServiceName,
    /// The highest fencing token seen.
    pub fence: Fence,
    /// What the service is here; absent until it was prepared.
    pub settings: Option<HostSettings>,
    /// The instances, wanted or gone.
    pub instances: BTreeMap<InstanceId, InstanceRecord>,
    /// The number of the next run.
    pub next_run: u64,
    /// The weights asked for; none answers every request with 503.
    pub weights: Vec<ArmWeight>,
    /// The highest version of a table given to the proxy.
    pub table_version: u64,
    /// Whether the proxy shall run.
    pub proxy_wanted: bool,
    /// The dead man's switch.
    pub switch: SwitchState,
    /// Whether the switch went off and the way back is not finished.
    pub returning: bool,
    /// The release that `current` names.
    pub current: Option<ReleaseId>,
    /// Releases that were current, newest first.
    pub known_good: Vec<ReleaseId>,
    /// The rollout that committed last.
    pub committed: Option<RolloutId>,
    /// Processes that run once, by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub once: BTreeMap<String, OnceRecord>,
    /// What clients are answered instead of being passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
}

/// What is remembered of a process that runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OnceRecord {
    /// Its name in logs; its release is the one whose environment it has.
    pub instance: InstanceId,
    /// Its run.
    pub run: u64,
    /// The rollout that it belongs to, if it belongs to one.
    pub rollout: Option<RolloutId>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment without secrets.
    pub variables: BTreeMap<String, String>,
    /// Bounds on what it may use.
    pub run_spec: RunSpec,
    /// When it was asked for.
    pub started: Timestamp,
    /// When its time is over.
    pub until: Timestamp,
    /// When it is killed, once it was told to end.
    pub kill_at: Option<Timestamp>,
    /// Whether somebody took the rest of its time away.
    pub cut_short: bool,
    /// How it ended.
    pub ended: Option<OnceEnding>,
}

/// How a process that runs once ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OnceEnding {
    /// Its exit code, where it has one.
    pub code: Option<i32>,
    /// How, as a fragment.
    pub how: String,
    /// When that was seen.
    pub at: Timestamp,
}

/// What is remembered of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstanceRecord {
    /// What it runs with.
    pub run_spec: RunSpec,
    /// Digest of its program.
    pub digest: Digest,
    /// Its port.
    pub port: u16,
    /// How often it was given another port because a stranger held its own.
    pub port_moves: u32,
    /// The run asked for last.
    pub run: u64,
    /// When that run shall start; later than `now` while a restart waits.
    pub start_at: Timestamp,
    /// Where it stands.
    pub state: InstanceState,
    /// Since when.
    pub since: Timestamp,
    /// When the time to become healthy for the first time began.
    pub asked_at: Timestamp,
    /// Whether it was ready since it was asked for.
    pub was_ready: bool,
    /// Restarts since it was asked for.
    pub restarts: u32,
    /// Exits within the restart policy's window, oldest first.
    pub exits: Vec<Timestamp>,
    /// What proved it.
    pub proof: Option<Proof>,
    /// How it is being ended, if it is.
    pub ending: Option<Ending>,
    /// The last thing that happened to it.
    pub detail: String,
}

/// The way of an instance out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Ending {
    /// It finishes its requests.
    Draining {
        /// At most until then.
        until: Timestamp,
    },
    /// It was told to stop.
    Stopping {
        /// When it is killed.
        kill_at: Timestamp,
    },
}

/// State that could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The file is there and is not what an agent writes.
    #[error(
        "{} is damaged: {why}; stop the service's processes, move the file away and deploy again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another version wrote it.
    #[error(
        "{} has format {found}, and this version reads {known}; run the newer plimsoll that wrote it", path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// The host failed.
    #[error("cannot {action} {}: {why}", path.display())]
    Io {
        /// What was tried, as "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
        /// Whether the disk is full.
        full: bool,
    },
}

impl HostState {
    /// The state of a service that was never here.
    pub fn new(service: ServiceName) -> Self {
        Self {
            format: version::HOST_STATE,
            service,
            fence: Fence::default(),
            settings: None,
            instances: BTreeMap::new(),
            next_run: 1,
            weights: Vec::new(),
            table_version: 0,
            proxy_wanted: false,
            switch: SwitchState::Off,
            returning: false,
            current: None,
            known_good: Vec::new(),
            committed: None,
            once: BTreeMap::new(),
            maintenance: None,
        }
    }

    /// Whether there is anything that an agent must watch: an instance, the proxy, an armed switch, a process that
    /// runs once.
    pub fn has_work(&self) -> bool {
        let runs = |record: &InstanceRecord| record.state.is_live() || record.ending.is_some();
        self.proxy_wanted
            || self.switch != SwitchState::Off
            || self.instances.values().any(runs)
            || self.runs_once()
    }
}
