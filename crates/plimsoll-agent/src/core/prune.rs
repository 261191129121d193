//! Removing releases. What serves, served last, runs or may be gone back to cannot be named for removal.

use std::collections::BTreeSet;

use plimsoll_model::agent::{Refusal, Response};
use plimsoll_model::{ReleaseId, retention};

use super::Agent;

impl Agent {
    pub(super) fn prune(&mut self, keep: u32, pinned: &[ReleaseId]) -> Result<Response, Refusal> {
        let protected = self.protected(pinned);
        let sealed = self.parts.store.sealed()?;
        let old = retention::removable(&sealed, keep as usize, &protected);
        for release in &old {
            // Its remembered instances first: a record without a release could not be shown to anybody.
            let gone: Vec<_> =
                self.state.instances.keys().filter(|id| id.release == *release).cloned().collect();
            self.change(|state| {
                state.instances.retain(|id, _| id.release != *release);
                state.known_good.retain(|known| known != release);
            })?;
            self.forget_onces_of(release);
            for id in &gone {
                self.watches.remove(id);
                self.parts.runtime.forget(id);
            }
            self.parts.store.remove(release)?;
        }
        Ok(Response::Pruned { removed: old })
    }

    fn protected(&self, pinned: &[ReleaseId]) -> BTreeSet<ReleaseId> {
        let state = &self.state;
        let runs = |id: &plimsoll_model::InstanceId| {
            let record = &state.instances[id];
            record.state.is_live() || record.ending.is_some()
        };
        let mut protected: BTreeSet<ReleaseId> = pinned.iter().cloned().collect();
        protected.extend(state.current.clone());
        protected.extend(state.known_good.first().cloned());
        protected.extend(state.instances.keys().filter(|id| runs(id)).map(|id| id.release.clone()));
        let once = state.once.values().filter(|record| record.ended.is_none());
        protected.extend(once.map(|record| record.instance.release.clone()));
        protected.extend(state.weights.iter().map(|arm| arm.release.clone()));
        let orders = self.switch_orders();
        protected.extend(orders.iter().flat_map(|orders| &orders.back_to).map(|arm| arm.release.clone()));
        protected.extend(orders.iter().flat_map(|orders| &orders.retire).map(|id| id.release.clone()));
        protected
    }
}
