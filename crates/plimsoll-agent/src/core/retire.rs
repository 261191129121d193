//! The way out: no new requests, the old ones finished, SIGTERM, SIGKILL. Deadlines are saved, so it goes on
//! without the coordinator and with the next agent.

use plimsoll_model::InstanceId;
use plimsoll_model::agent::{Refusal, RefusalReason, Response};
use plimsoll_model::observation::InstanceState;

use super::Agent;
use crate::runtime::{ProcessStatus, Signal};
use crate::state::{Ending, HostState};

impl Agent {
    pub(super) fn retire(&mut self, instances: &[InstanceId]) -> Result<Response, Refusal> {
        if let Some(unknown) = instances.iter().find(|id| !self.state.instances.contains_key(id)) {
            return Err(Refusal::new(
                RefusalReason::NotFound,
                format!("there is no instance {unknown} here"),
            ));
        }
        self.refuse_to_strand_a_side(instances)?;
        let now = self.now;
        self.change(|state| begin_retiring(state, instances, now))?;
        self.sync_traffic();
        Ok(Response::Done)
    }

    /// A side with weight keeps an instance that can take it.
    fn refuse_to_strand_a_side(&self, leaving: &[InstanceId]) -> Result<(), Refusal> {
        for arm in self.state.weights.iter().filter(|arm| arm.weight.points() > 0) {
            let ready: Vec<_> = arm.instances.iter().filter(|id| self.is_ready(id)).collect();
            if !ready.is_empty() && ready.iter().all(|id| leaving.contains(id)) {
                return Err(Refusal::new(
                    RefusalReason::Precondition,
                    format!(
                        "release {} takes {} of the traffic, and this would retire its last ready instance",
                        arm.release, arm.weight
                    ),
                )
                .with_help("move the traffic first (`route`), or stop the whole service (`plimsoll down`)"));
            }
        }
        Ok(())
    }

    pub(super) fn is_ready(&self, id: &InstanceId) -> bool {
        self.state.instances.get(id).is_some_and(|record| record.state == InstanceState::Ready)
    }

    /// Time passing for an instance on its way out.
    pub(super) fn tick_ending(&mut self, id: &InstanceId) {
        let Some(record) = self.state.instances.get(id) else { return };
        let (process, ending) = (record.process(id), record.ending.clone());
        let status = self.parts.runtime.status(&process, self.now);
        match (ending, status) {
            (None, _) => {}
            (Some(_), ProcessStatus::Absent) => self.finish_ending(id, "never started"),
            (Some(_), ProcessStatus::Exited(exit)) => {
                let what = exit.describe(&record.run_spec.limits);
                self.finish_ending(id, &what);
            }
            (Some(Ending::Draining { until }), _) => {
                if self.now >= until || self.has_drained(id) {
                    self.begin_stopping(id);
                }
            }
            (Some(Ending::Stopping { kill_at }), status) => self.tick_stopping(id, kill_at, &status),
        }
    }

    fn begin_stopping(&mut self, id: &InstanceId) {
        let now = self.now;
        let saved = self.edit(id, |record| {
            let kill_at = now + record.run_spec.stop_timeout.duration();
            record.ending = Some(Ending::Stopping { kill_at });
            "drained, told to stop".clone_into(&mut record.detail);
        });
        if saved {
            self.tick_ending(id);
        }
    }

    fn tick_stopping(&mut self, id: &InstanceId, kill_at: plimsoll_model::Timestamp, status: &ProcessStatus) {
        let Some(process) = self.state.instances.get(id).map(|record| record.process(id)) else { return };
        let signal = if self.now >= kill_at {
            Signal::Kill
        } else if !self.watch_of(id, process.run).told_to_stop && *status != ProcessStatus::Launching {
            Signal::Terminate
        } else {
            return;
        };
        match self.parts.runtime.signal(&process, signal) {
            Ok(()) => {
                self.watch_of(id, process.run).told_to_stop = true;
                self.troubles.remove("runtime");
            }
            Err(error) => drop(self.troubles.insert("runtime", error.to_string())),
        }
    }

    fn finish_ending(&mut self, id: &InstanceId, what: &str) {
        let now = self.now;
        // Before it is written down: once it is, nobody would come back to it.
        let process = self.state.instances.get(id).map(|record| record.process(id));
        if let Some(Err(error)) = process.map(|process| self.parts.runtime.conclude(&process)) {
            self.troubles.insert("runtime", error.to_string());
            return;
        }
        let saved = self.edit(id, |record| {
            record.ending = None;
            record.proof = None;
            if record.state != InstanceState::Failed {
                record.enter(InstanceState::Stopped, now, what);
            }
        });
        if saved {
            self.troubles.remove("runtime");
            self.watches.remove(id);
            self.parts.runtime.note(id, now, &format!("stopped: {what}"));
            self.drop_secrets(id);
        }
    }

    /// Secrets are kept for restarts only. The switch may have to start an instance again.
    fn drop_secrets(&mut self, id: &InstanceId) {
        if !self.secrets.contains_key(id) || self.switch_needs(id) {
            return;
        }
        let mut next = self.secrets.clone();
        next.remove(id);
        match self.parts.state.save_secrets(&next) {
            Ok(()) => self.secrets = next,
            Err(error) => drop(self.troubles.insert("state", error.to_string())),
        }
    }
}

/// Marks live instances as retiring. Those that are gone or already on their way stay as they are.
pub(super) fn begin_retiring(
    state: &mut HostState,
    instances: &[InstanceId],
    now: plimsoll_model::Timestamp,
) {
    for id in instances {
        if let Some(record) = state.instances.get_mut(id).filter(|r| r.state.is_live() && r.ending.is_none())
        {
            record.ending = Some(Ending::Draining { until: now + record.run_spec.drain_timeout.duration() });
            record.enter(InstanceState::Draining, now, "finishing its requests");
        }
    }
}
