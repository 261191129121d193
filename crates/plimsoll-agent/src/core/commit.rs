//! The point of no return: the release that has all traffic becomes the current one.

use plimsoll_model::agent::{Refusal, RefusalReason, Response};
use plimsoll_model::observation::SwitchState;
use plimsoll_model::{ReleaseId, RolloutId, Share};

use super::Agent;

/// How many former releases are remembered.
const KNOWN_GOOD: usize = 32;

impl Agent {
    pub(super) fn commit(&mut self, release: &ReleaseId, rollout: &RolloutId) -> Result<Response, Refusal> {
        let done =
            self.state.committed.as_ref() == Some(rollout) && self.state.current.as_ref() == Some(release);
        if !done {
            self.refuse_after_firing("commit")?;
            self.check_serves_all(release)?;
            self.change(|state| {
                if let Some(old) = state.current.replace(release.clone()).filter(|old| old != release) {
                    state.known_good.insert(0, old);
                }
                state.known_good.retain(|known| known != release);
                let mut seen = std::collections::BTreeSet::new();
                state.known_good.retain(|known| seen.insert(known.clone()));
                state.known_good.truncate(KNOWN_GOOD);
                state.committed = Some(rollout.clone());
                state.switch = SwitchState::Off;
                state.returning = false;
            })?;
        }
        self.parts.store.point_current(Some(release))?;
        self.troubles.remove("store");
        Ok(Response::Done)
    }

    /// What is asked for and what the proxy does must agree: all traffic goes to the release.
    fn check_serves_all(&mut self, release: &ReleaseId) -> Result<(), Refusal> {
        let not = |why: String| {
            Err(Refusal::new(
                RefusalReason::Precondition,
                format!("release {release} cannot be committed: {why}"),
            ))
        };
        let asked = self.state.weights.iter().find(|arm| arm.release == *release).map(|arm| arm.weight);
        if asked != Some(Share::ALL) {
            return not(format!("it takes {} of the traffic, not all", asked.unwrap_or_default()));
        }
        let in_force = match self.report_now() {
            None => return not("the proxy does not answer".to_owned()),
            Some(report) => {
                report.table.arms.iter().find(|arm| arm.release == *release).map(|arm| arm.weight)
            }
        };
        if in_force != Some(Share::ALL) {
            return not(format!(
                "the proxy gives it {} of the traffic, not all",
                in_force.unwrap_or_default()
            ));
        }
        Ok(())
    }

    /// `current` follows the saved state; an agent may have died between the two.
    pub(super) fn repair_current(&mut self) {
        let wanted = self.state.current.clone();
        if self.parts.store.current() != wanted
            && let Err(error) = self.parts.store.point_current(wanted.as_ref())
        {
            self.troubles.insert("store", error.to_string());
        }
    }
}
