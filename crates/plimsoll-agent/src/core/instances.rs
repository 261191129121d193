//! Time passing for one instance: what its process does, and what follows from that.
//!
//! The way of an instance: `Starting` until the health gate lets it through (`health.rs`), then `Ready`, `Unready`
//! while it is not; exits and restarts are in `exits.rs`, the way out in `retire.rs`.

use plimsoll_model::InstanceId;
use plimsoll_model::observation::InstanceState;

use super::Agent;
use crate::runtime::{Exit, ProcessStatus};

impl Agent {
    pub(super) fn tick_instance(&mut self, id: &InstanceId) {
        let Some(record) = self.state.instances.get(id) else { return };
        if record.ending.is_some() {
            return self.tick_ending(id);
        }
        if !record.state.is_live() {
            return;
        }
        let (process, start_at) = (record.process(id), record.start_at);
        match self.parts.runtime.status(&process, self.now) {
            ProcessStatus::Absent if self.now >= start_at => {
                if let Err(refusal) = self.launch(id) {
                    self.exited(id, &Exit::NotStarted { why: refusal.message });
                }
            }
            ProcessStatus::Absent => {}
            ProcessStatus::Launching => self.check_deadline(id),
            ProcessStatus::Running { pid, start_ticks } => self.tick_health(id, pid, start_ticks),
            ProcessStatus::Exited(exit) => self.exited(id, &exit),
        }
    }

    /// Gives an instance up: it never takes traffic again, and what runs of it is ended.
    pub(super) fn give_up(&mut self, id: &InstanceId, why: &str) {
        let now = self.now;
        let saved = self.edit(id, |record| {
            record.enter(InstanceState::Failed, now, why);
            record.proof = None;
            let kill_at = now + record.run_spec.stop_timeout.duration();
            record.ending = Some(crate::state::Ending::Stopping { kill_at });
        });
        if saved {
            self.parts.runtime.note(id, now, &format!("given up: {why}"));
            self.tick_ending(id);
        }
    }
}
