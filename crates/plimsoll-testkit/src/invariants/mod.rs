//! What must hold at every moment of a simulation: I1 to I10 of the architecture, each as a check over the world as it
//! is (processes, proxy tables, saved state, journal) and not as the engine believes it to be.
//!
//! [`Watch`] is told of everything that happens: a host may have changed (`hosts`), a record was written (`records`),
//! the engine decided (`decisions`), a request was answered (`calls`). The exact statements are in
//! `docs/design/simulator.md`. The first violation ends the simulation.

mod calls;
mod decisions;
mod fleet;
mod hosts;
mod records;
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::observation::InstanceState;
use plimsoll_model::plan::{HostPlan, Plan};
use plimsoll_model::record::{BackReason, Outcome};
use plimsoll_model::{Fence, HostName, InstanceId, ReleaseId, Share, Timestamp};

use crate::sim::Release;

/// The invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Weight to a side never exceeds its ready capacity.
    I1,
    /// Stable is never reduced below what its weight needs.
    I2,
    /// A failed verdict reaches weight 0 whatever pause or approval is open.
    I3,
    /// Every waiting state has a deadline or names the person.
    I4,
    /// A restart repeats and skips nothing, and pause clocks go on.
    I5,
    /// An old fencing token changes nothing.
    I6,
    /// "No data" is neither bad nor good.
    I7,
    /// A rolled-back release is not retried until it changes or a person says so.
    I8,
    /// Configuration and binary move together.
    I9,
    /// Exit code and audit match the data plane.
    I10,
    /// No more hosts are changed at once than may be, and a batch begins when the one before it is up.
    I11,
    /// A fleet goes back as a fleet: nothing is committed before every host that takes part serves the release.
    I12,
    /// No more hosts are set aside than may be, and none of them is said to serve.
    I13,
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When, by the true clock.
    pub at: Timestamp,
    /// What was seen.
    pub what: String,
}

/// Watches one simulation.
pub struct Watch {
    declared: u32,
    releases: BTreeMap<ReleaseId, Release>,
    /// Releases whose probes have changed their answers.
    turned: BTreeSet<u64>,
    first: Option<Violation>,
    /// Whether a coordinator's clock has jumped: lengths measured by it say nothing then.
    clocks_lie: bool,
    newest_fence: Fence,
    hosts: Vec<Seen>,
    rollout: Option<Rollout>,
    rolled_back: BTreeSet<ReleaseId>,
    /// Rollouts of each release that were to migrate.
    migrations: BTreeMap<ReleaseId, usize>,
    last_outcome: Option<Outcome>,
    /// The first decision of the coordinator that is at work, and the last one.
    deciding: Option<(u64, Timestamp)>,
    /// The last decision of any coordinator.
    last_decision: Timestamp,
}

/// What was last seen of a host.
#[derive(Default)]
struct Seen {
    shares: BTreeMap<ReleaseId, Share>,
    states: BTreeMap<InstanceId, InstanceState>,
    version: u64,
    /// The last time that an instance stopped being ready.
    lost_ready: Timestamp,
    /// Since when the host wants to go back and has not.
    returning_since: Option<Timestamp>,
}

/// What the journal says of the rollout under way, kept apart from the engine's own fold.
struct Rollout {
    plan: Plan,
    /// Where each host is in the plan.
    places: HashMap<HostName, usize>,
    /// What was current on each host when it was made. A service that was stopped or given up has that still.
    currents: HashMap<HostName, Option<ReleaseId>>,
    aside: BTreeSet<HostName>,
    committed: BTreeSet<HostName>,
    entered: Option<(u32, Timestamp)>,
    done: u32,
    waved_on: bool,
    skipped: bool,
    back: Option<(BackReason, Timestamp)>,
    over: bool,
    /// When the hook `migrate` passed.
    migrated: Option<Timestamp>,
    evidence: BTreeMap<String, Evidence>,
    watching_since: Option<Timestamp>,
    /// Requests that had come to the stable side when the rollout began.
    stable_before: Option<u64>,
}

/// What the looks of one analysis have shown.
#[derive(Default)]
struct Evidence {
    /// Requests to the new side, or values of a query.
    seen: u64,
    /// Requests to the new side.
    counted: u64,
    /// Bad ones among them.
    bad: u64,
    /// Requests to the stable side.
    stable: u64,
    /// The last look with any.
    last: Option<Timestamp>,
    /// Whether the very last look was unusable.
    unusable: bool,
}

impl Rollout {
    fn host(&self, name: &HostName) -> Option<&HostPlan> {
        self.places.get(name).map(|at| &self.plan.hosts[*at])
    }
}

impl Watch {
    /// A watch over an environment with this many instances on each host.
    pub fn new(declared: u32) -> Self {
        Self {
            declared,
            releases: BTreeMap::new(),
            turned: BTreeSet::new(),
            first: None,
            clocks_lie: false,
            newest_fence: Fence(0),
            hosts: Vec::new(),
            rollout: None,
            rolled_back: BTreeSet::new(),
            migrations: BTreeMap::new(),
            last_outcome: None,
            deciding: None,
            last_decision: Timestamp::default(),
        }
    }

    /// What was violated first.
    pub fn violation(&self) -> Option<&Violation> {
        self.first.as_ref()
    }

    /// Whether something was.
    pub fn is_broken(&self) -> bool {
        self.first.is_some()
    }

    /// Makes a release known.
    pub(crate) fn know(&mut self, release: &Release) {
        self.releases.insert(release.id.clone(), release.clone());
    }

    /// A release by its number.
    pub(crate) fn release(&self, number: u64) -> Option<&Release> {
        self.releases.values().find(|r| r.number == number)
    }

    /// The probes of a release are answered with this from now on.
    pub(crate) fn turns(&mut self, number: u64, status: u16) {
        if let Some(release) = self.releases.values_mut().find(|r| r.number == number) {
            release.behaviour.status = status;
            self.turned.insert(number);
        }
    }

    /// A coordinator's clock has jumped.
    pub(crate) fn clocks_lie(&mut self) {
        self.clocks_lie = true;
    }

    /// The newest fence that any host has seen.
    pub(crate) fn newest_fence(&self) -> Fence {
        self.newest_fence
    }

    /// The engine could not fold its own journal.
    pub(crate) fn unfitting(&mut self, what: &str, now: Timestamp) {
        self.broken(Invariant::I5, now, what);
    }

    /// A wait has gone on beyond every deadline.
    pub(crate) fn endless(&mut self, what: &str, now: Timestamp) {
        self.broken(Invariant::I4, now, what);
    }

    fn broken(&mut self, invariant: Invariant, at: Timestamp, what: impl Into<String>) {
        let mut what = what.into();
        for (id, release) in &self.releases {
            what = what.replace(id.as_str(), &format!("r{}", release.number));
        }
        self.first.get_or_insert(Violation { invariant, at, what });
    }

    fn name(&self, id: &ReleaseId) -> String {
        self.releases.get(id).map_or_else(|| id.to_string(), |r| format!("r{}", r.number))
    }
}
