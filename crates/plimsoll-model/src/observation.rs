//! What a host sees of itself at one moment. Decisions are made from this and from the journal, nothing else.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::agent::SwitchOrders;
use crate::traffic::TrafficReport;
use crate::{Digest, Fence, HostName, InstanceId, ReleaseId, RolloutId, Timestamp};

/// What one host sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostObservation {
    /// When, by the host's clock.
    pub at: Timestamp,
    /// The highest fencing token that the host has seen.
    pub fence: Fence,
    /// The release that `current` names.
    pub current: Option<ReleaseId>,
    /// Releases that were current before, newest first, and are still here.
    pub known_good: Vec<ReleaseId>,
    /// The rollout that committed last.
    pub committed: Option<RolloutId>,
    /// Sealed releases.
    pub releases: Vec<ReleaseId>,
    /// Instances, running or remembered.
    pub instances: Vec<InstanceObservation>,
    /// What the proxy says; `None` where it does not answer.
    pub traffic: Option<TrafficReport>,
    /// The dead man's switch.
    pub switch: SwitchState,
    /// What the host cannot do or could not see, for people.
    pub remarks: Vec<String>,
}

impl HostObservation {
    /// What a host sees where nothing of the service has ever been.
    pub fn empty() -> Self {
        Self {
            at: Timestamp::default(),
            fence: Fence(0),
            current: None,
            known_good: Vec::new(),
            committed: None,
            releases: Vec::new(),
            instances: Vec::new(),
            traffic: None,
            switch: SwitchState::Off,
            remarks: Vec::new(),
        }
    }
}

/// One instance as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstanceObservation {
    /// The instance.
    pub instance: InstanceId,
    /// Where it stands.
    pub state: InstanceState,
    /// Since when, by the host's clock.
    pub since: Timestamp,
    /// Where it listens.
    pub port: u16,
    /// Its process, while one runs.
    pub pid: Option<u32>,
    /// Restarts since it was asked for.
    pub restarts: u32,
    /// What proved it, once it was.
    pub proof: Option<Proof>,
    /// The last probe, restart or exit in a few words.
    pub detail: String,
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Started, not proved yet.
    Starting,
    /// Proved: healthy, the right process, long enough.
    Ready,
    /// It was ready and is not now: probes fail, or it is being restarted.
    Unready,
    /// Given up: it crashed too often, was not healthy in time, or is not what was released.
    Failed,
    /// Taken out of the traffic, finishing its requests.
    Draining,
    /// Gone, because it was asked to.
    Stopped,
}

/// What showed that the process behind the socket is the released one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proof {
    /// The process that owns the listening socket.
    pub pid: u32,
    /// Its start, in clock ticks since the machine's boot (`/proc/PID/stat`, field 22), which tells it from a later
    /// process of the same number.
    pub start_ticks: u64,
    /// SHA-256 of its executable, read through `/proc/PID/exe`.
    pub executable: Digest,
    /// When it was proved.
    pub at: Timestamp,
}

/// The dead man's switch of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum SwitchState {
    /// Off.
    #[default]
    Off,
    /// Armed.
    Armed {
        /// What it will do.
        orders: SwitchOrders,
        /// When.
        deadline: Timestamp,
    },
    /// It went off: the host has gone back by itself, or is about to.
    Fired {
        /// What it did.
        orders: SwitchOrders,
        /// When.
        at: Timestamp,
    },
}

/// All hosts of an environment at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FleetObservation {
    /// Hosts that answered.
    pub hosts: Vec<SeenHost>,
    /// Hosts that did not, with the reason.
    pub unreachable: Vec<LostHost>,
    /// Since when this coordinator has looked on: before that nobody may have.
    #[serde(default)]
    pub watched_since: Timestamp,
}

/// A host that answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeenHost {
    /// Its name.
    pub host: HostName,
    /// What it sees.
    pub seen: HostObservation,
}

/// A host that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LostHost {
    /// Its name.
    pub host: HostName,
    /// Why.
    pub reason: String,
    /// Since when, as far as the coordinator that asks knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl HostObservation {
    /// The instance, if the host knows it.
    pub fn instance(&self, id: &InstanceId) -> Option<&InstanceObservation> {
        self.instances.iter().find(|i| i.instance == *id)
    }

    /// The instances of a release.
    pub fn of_release<'a>(&'a self, release: &'a ReleaseId) -> impl Iterator<Item = &'a InstanceObservation> {
        self.instances.iter().filter(move |i| i.instance.release == *release)
    }
}

impl InstanceState {
    /// Whether a process of it may be running.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Ready | Self::Unready | Self::Draining)
    }
}

impl FleetObservation {
    /// What the hosts that answered see, by name.
    pub fn by_host(&self) -> HashMap<&HostName, &HostObservation> {
        self.hosts.iter().map(|h| (&h.host, &h.seen)).collect()
    }

    /// What `host` sees, if it answered.
    pub fn host(&self, host: &HostName) -> Option<&HostObservation> {
        self.hosts.iter().find(|h| h.host == *host).map(|h| &h.seen)
    }
}
