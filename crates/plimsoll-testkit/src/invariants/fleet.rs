//! I11, I12 and I13: what must hold between hosts.

use std::time::Duration;

use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::{HostName, Share, Timestamp};

use super::{Invariant, Rollout, Watch, truth};
use crate::sim::host::SimHost;
use crate::sim::universe::weight;

/// What went wrong on a host this lately may not have been seen by the decision that is carried out.
const HINDSIGHT: Duration = Duration::from_secs(5);

impl Watch {
    /// I11: the number of hosts, and that the batches before are up. I12: no commit before all of them are.
    pub(super) fn intended(&mut self, actions: &[HostAction], hosts: &[SimHost], now: Timestamp) {
        let rollout = self.rollout.as_ref().expect("the caller has one");
        if rollout.back.is_some() || actions.is_empty() {
            return;
        }
        let changes = actions.iter().filter(|a| {
            matches!(
                a.action,
                Action::Start { .. } | Action::Route { .. } | Action::Commit | Action::Retire { .. }
            )
        });
        let changed = changes.clone().count();
        if changed > 0 && rollout.plan.migration().is_some() && rollout.migrated.is_none() {
            let what = "the release is started or given traffic, and its hook migrate has not passed";
            return self.broken(Invariant::I5, now, what);
        }
        let allowed = rollout.plan.max_parallel as usize;
        let places = || changes.clone().filter_map(|a| rollout.places.get(&a.host)).copied();
        if changed > allowed {
            let what = format!("{changed} hosts are changed at once, and {allowed} may be");
            return self.broken(Invariant::I11, now, what);
        }
        let raises = changes.clone().any(|a| raises_to_all(rollout, &a.action));
        let commits = actions.iter().any(|a| a.action == Action::Commit);
        let before = match places().min().filter(|_| raises) {
            Some(first) => first - first % allowed.max(1),
            None if commits && rollout.committed.is_empty() => rollout.plan.hosts.len(),
            None => return,
        };
        let down = hosts
            .iter()
            .find(|h| rollout.places.get(&h.name).is_some_and(|at| *at < before) && !is_up(rollout, h, now));
        if let Some(host) = down {
            let (name, has) = (host.name.clone(), weight(host, &rollout.plan.release));
            let (invariant, what) = if commits {
                (Invariant::I12, "it is committed")
            } else {
                (Invariant::I11, "the next batch begins")
            };
            self.broken(invariant, now, format!("{what} while {name} gives the release {has}"));
        }
    }

    /// I13: no more than may be.
    pub(super) fn set_aside(&mut self, host: &HostName, now: Timestamp) {
        let rollout = self.rollout.as_mut().expect("the caller has one");
        rollout.aside.insert(host.clone());
        let plan = &rollout.plan;
        let total = u32::try_from(plan.total()).expect("few hosts");
        let aside = rollout.aside.len() + plan.set_aside.len();
        let allowed = plan.rules.max_unavailable.at_most(total) as usize;
        if aside > allowed {
            let what = format!("{aside} of {total} hosts are set aside, and {allowed} may be");
            self.broken(Invariant::I13, now, what);
        }
    }
}

/// Whether the new release alone takes the traffic of a host afterwards, beyond what a step asks for.
fn raises_to_all(rollout: &Rollout, action: &Action) -> bool {
    let Action::Route { weights } = action else { return false };
    let all =
        |w: &plimsoll_model::agent::ArmWeight| w.release == rollout.plan.release && w.weight == Share::ALL;
    rollout.entered.is_none() && rollout.done as usize >= rollout.plan.steps.len() && weights.iter().any(all)
}

/// Whether the host gives the release all of its traffic, or need not be known to.
fn is_up(rollout: &Rollout, host: &SimHost, now: Timestamp) -> bool {
    let troubled = now.since(host.troubled) < HINDSIGHT || truth::has_fired(host);
    let aside = rollout.aside.contains(&host.name);
    let unknown = host.memory.table().is_none_or(|t| t.version == 0);
    aside || troubled || unknown || weight(host, &rollout.plan.release) == Share::ALL
}
