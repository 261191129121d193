//! What reporters are told while work goes on. They only read: nothing waits for them and nothing depends on them.
//!
//! Records are never lost and are numbered by the journal; the other events may be dropped.

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Gate};
use crate::plan::PlanKind;
use crate::record::Record;
use crate::release::{Source, Tree};
use crate::verdict::Assessment;
use crate::{EnvironmentName, HostName, ReleaseId, RolloutId, ServiceName, Share, Span, Timestamp};

/// Something that happened, with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub news: News,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum News {
    /// Work on a release begins.
    Begun {
        /// The service.
        service: ServiceName,
        /// What it is built from.
        source: Source,
    },
    /// A release has its identity.
    Sealed {
        /// The release.
        release: ReleaseLabel,
        /// The release that serves now, in the environment that is aimed at.
        replaces: Option<ReleaseLabel>,
        /// Whether the tree was clean.
        tree: Tree,
    },
    /// A gate is at work.
    GateStarted {
        /// Which.
        gate: Gate,
        /// On what, in a few words.
        detail: String,
    },
    /// A gate decided.
    GateFinished {
        /// What it saw.
        evidence: Box<Evidence>,
    },
    /// A line of output of a build or test, for the verbose and for the failed.
    Output {
        /// Whose.
        gate: Gate,
        /// The line.
        line: String,
    },
    /// A rollout begins, or is taken over.
    RolloutStarted {
        /// Which.
        rollout: RolloutId,
        /// Where.
        environment: EnvironmentName,
        /// Why.
        kind: PlanKind,
        /// The new release.
        release: ReleaseLabel,
        /// The one that serves now.
        replaces: Option<ReleaseLabel>,
        /// What an earlier coordinator left: what is done with it.
        resumed: Option<String>,
    },
    /// The journal grew.
    Recorded {
        /// The record.
        record: Box<Record>,
    },
    /// Where a rollout stands now.
    Watching {
        /// The picture.
        view: Box<RolloutView>,
    },
    /// A release went to a host over a network.
    Sent {
        /// The host.
        host: HostName,
        /// Bytes that were sent.
        bytes: u64,
        /// Size of the release's artifact.
        size: u64,
        /// The release that they were a patch against.
        base: Option<ReleaseLabel>,
    },
    /// Something that a person should know and that stops nothing.
    Warning {
        /// What.
        message: String,
    },
}

/// A release with the names that people use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseLabel {
    /// Its number: 42 for `r42`.
    pub number: Option<u64>,
    /// Its identifier.
    pub release: ReleaseId,
    /// The commit's short hash.
    pub commit: Option<String>,
}

impl std::fmt::Display for ReleaseLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            Some(number) => f.pad(&format!("r{number}")),
            None => f.pad(self.release.as_str()),
        }
    }
}

/// A rollout at one moment, as it is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RolloutView {
    /// Which.
    pub rollout: RolloutId,
    /// Where.
    pub environment: EnvironmentName,
    /// The side that serves.
    pub stable: Option<SideView>,
    /// The new side.
    pub canary: SideView,
    /// Where the new side has a share; absent where there is only one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<SpreadView>,
    /// Index of the step, from 0.
    pub step: Option<u32>,
    /// How many steps there are.
    pub steps: u32,
    /// What is being done, in a few words: `pause 10m`, `starting 2 instances`.
    pub activity: String,
    /// What is left of the step's time.
    pub left: Option<Span>,
    /// The analyses.
    pub assessments: Vec<Assessment>,
}

/// The hosts on which the new release has a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpreadView {
    /// The first of them.
    pub hosts: Vec<HostName>,
    /// How many there are.
    pub count: u32,
    /// On how many of them it takes all traffic.
    pub whole: u32,
    /// Hosts of the environment.
    pub total: u32,
    /// Hosts that the rollout goes on without.
    pub set_aside: u32,
}

impl SpreadView {
    /// So many hosts are named at most.
    pub const NAMED: usize = 3;
}

/// One side of the traffic at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SideView {
    /// The release.
    pub release: ReleaseLabel,
    /// Its share.
    pub weight: Share,
    /// Ready instances.
    pub ready: u32,
    /// Requests a second, lately.
    pub rate: Option<f64>,
    /// Share of them that were answered badly, lately.
    pub error_rate: Option<f64>,
    /// Where the P99 lies, lately.
    pub p99: Option<Between>,
}

/// A quantile of a histogram is known only to lie in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Between {
    /// It is more than this many seconds,
    pub above: f64,
    /// and at most this many; absent in the last bucket.
    pub at_most: Option<f64>,
}
