//! A plan leaves nothing to choose: which release, which instances on which host, which share at each step, and
//! the state that it was made from.

use serde::{Deserialize, Serialize};

use crate::agent::{ArmWeight, HostSettings};
use crate::hook::HookSpec;
use crate::observation::LostHost;
use crate::release::RunSpec;
use crate::rollout::{RolloutSpec, Step};
use crate::{Digest, EnvironmentName, HostName, InstanceId, ReleaseId, RolloutId, ServiceName, Share};

/// How one release is brought into one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The rollout that carries it out.
    pub rollout: RolloutId,
    /// The service.
    pub service: ServiceName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Why it is made.
    pub kind: PlanKind,
    /// The release to bring in.
    pub release: ReleaseId,
    /// SHA-256 of its artifact.
    pub artifact: Digest,
    /// The release that serves now, to go back to; none where nothing does. Hosts that serve another one say so in their own plan.
    pub replaces: Option<ReleaseId>,
    /// What each host gets, in the order in which they are changed.
    pub hosts: Vec<HostPlan>,
    /// Hosts that take no part because they cannot be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<LostHost>,
    /// Hosts that are changed at the same time.
    #[serde(default = "all_at_once")]
    pub max_parallel: u32,
    /// Hosts that may be set aside on the way, beside those that are.
    #[serde(default)]
    pub may_lose: u32,
    /// The steps; empty where there is nothing to compare with or nothing to watch.
    pub steps: Vec<PlannedStep>,
    /// Analyses, policies and deadlines.
    pub rules: RolloutSpec,
    /// What an instance runs with, for drain times and secrets.
    pub run: RunSpec,
    /// What the service is on each host.
    pub settings: HostSettings,
    /// Fingerprint of the state that the plan was made from; a host in another state refuses it.
    pub basis: Digest,
}

/// As it was before plans had batches.
const fn all_at_once() -> u32 {
    u32::MAX
}

/// Why a plan is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Nothing serves, be it that nothing ever did or that it was stopped: no canary, no analysis.
    Initial,
    /// A new release replaces the one that serves.
    Update,
    /// Back to an earlier release, on the same path without steps.
    Rollback,
    /// The release that serves already, brought to hosts that serve another one and to the declared number of
    /// instances.
    Converge,
}

/// What one host gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostPlan {
    /// The host.
    pub host: HostName,
    /// What serves there now, where that is not the plan's `replaces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<Before>,
    /// Instances of the release that serves now.
    pub old: Vec<InstanceId>,
    /// Instances of the new release, in the order of their start.
    pub new: Vec<InstanceId>,
}

/// What a host served before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// Nothing.
    Nothing,
    /// This release.
    Release(ReleaseId),
}

/// A step with everything worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedStep {
    /// What the user declared.
    pub step: Step,
    /// For a weight: what it means on each host that has a share by then.
    pub shares: Vec<HostShare>,
}

/// What a weight means on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostShare {
    /// The host.
    pub host: HostName,
    /// How many of the new instances must be ready.
    pub instances: u32,
    /// Share of the host's traffic that they take.
    pub weight: Share,
}

/// One change on one host. Each can be repeated: the second time changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Tell the host what the service is, and have its proxy run.
    Prepare,
    /// Bring the release's content to the host, verified and sealed there.
    Publish,
    /// Start the hook `migrate`, unless this rollout has started it before.
    Migrate,
    /// Arm the dead man's switch.
    Arm,
    /// Start instances.
    Start {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Spread the traffic.
    Route {
        /// The sides.
        weights: Vec<ArmWeight>,
    },
    /// Drain and stop instances.
    Retire {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// Make the new release the current one. There is no way back by itself after this.
    Commit,
    /// Take the switch off.
    Disarm,
}

impl Action {
    /// The action's name, for messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Publish => "publish",
            Self::Migrate => "start the hook migrate",
            Self::Arm => "arm the switch",
            Self::Start { .. } => "start",
            Self::Route { .. } => "route",
            Self::Retire { .. } => "retire",
            Self::Commit => "commit",
            Self::Disarm => "disarm the switch",
        }
    }
}

/// An action and where it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostAction {
    /// The host.
    pub host: HostName,
    /// The change.
    pub action: Action,
}

impl Plan {
    /// The release that `host` goes back to; `None` where nothing serves before.
    pub fn before<'p>(&'p self, host: &'p HostPlan) -> Option<&'p ReleaseId> {
        match &host.differs {
            None => self.replaces.as_ref(),
            Some(Before::Nothing) => None,
            Some(Before::Release(release)) => Some(release),
        }
    }

    /// Whether `host` already serves the plan's release, and only gets another number of instances.
    pub fn is_level(&self, host: &HostPlan) -> bool {
        self.before(host) == Some(&self.release)
    }

    /// What runs once before any instance of the release does. Going back and bringing hosts level do not migrate.
    pub fn migration(&self) -> Option<&HookSpec> {
        self.run.migrate.as_ref().filter(|_| matches!(self.kind, PlanKind::Initial | PlanKind::Update))
    }

    /// Whether `host` takes no part.
    pub fn is_set_aside(&self, host: &HostName) -> bool {
        self.set_aside.iter().any(|lost| lost.host == *host)
    }

    /// How many hosts the environment has, those that are set aside among them.
    pub fn total(&self) -> usize {
        self.hosts.len() + self.set_aside.len()
    }

    /// What `host` gets.
    pub fn host(&self, host: &HostName) -> Option<&HostPlan> {
        self.hosts.iter().find(|h| h.host == *host)
    }
}
