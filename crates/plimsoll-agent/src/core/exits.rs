//! An instance whose process ended by itself: restarted by its policy, moved to another port where a stranger holds
//! its own, or given up.

use plimsoll_model::InstanceId;
use plimsoll_model::observation::InstanceState;

use super::Agent;
use crate::runtime::{Exit, Holder, Signal};

/// How often an instance is moved to another port before it is given up.
const PORT_MOVES: u32 = 2;

impl Agent {
    pub(super) fn exited(&mut self, id: &InstanceId, exit: &Exit) {
        let Some(record) = self.state.instances.get(id).cloned() else { return };
        let what = exit.describe(&record.run_spec.limits);
        let listened = record.proof.is_some() || self.watch_of(id, record.run).listened;
        if !listened
            && matches!(exit, Exit::Code { .. } | Exit::Signal { .. })
            && let Some(holder) = self.parts.runtime.port_holder(record.port)
        {
            return self.move_port(id, &holder);
        }
        self.parts.runtime.note(id, self.now, &what);
        let (now, policy) = (self.now, &record.run_spec.restart);
        let mut exits = record.exits.clone();
        exits.retain(|at| now.since(*at) < policy.window.duration());
        exits.push(now);
        if exits.len() > policy.attempts as usize {
            let why = match policy.attempts {
                0 => format!("{what}; its policy is not to restart it"),
                _ => {
                    format!("crash loop: ended {} times within {}; last: {what}", exits.len(), policy.window)
                }
            };
            return self.give_up(id, &why);
        }
        let detail = format!("{what}; restart {} of {} in {}", exits.len(), policy.attempts, policy.delay);
        let start_at = now + policy.delay.duration();
        self.begin_run(id, &detail, |record| {
            record.exits = exits;
            record.restarts += 1;
            record.start_at = start_at;
        });
    }

    /// A stranger listens where the instance should: another port, at most twice.
    pub(super) fn move_port(&mut self, id: &InstanceId, holder: &Holder) {
        let Some(record) = self.state.instances.get(id) else { return };
        let held = format!("port {} is held by {holder}, not by this instance", record.port);
        let (process, moves) = (record.process(id), record.port_moves);
        if moves >= PORT_MOVES {
            return self.give_up(id, &held);
        }
        // Killed before the new run is saved: a run that is saved over could not be found again.
        if let Err(error) = self.parts.runtime.signal(&process, Signal::Kill) {
            self.troubles.insert("runtime", error.to_string());
            return;
        }
        match self.free_port(id) {
            Ok(port) => {
                let now = self.now;
                self.troubles.remove("runtime");
                self.parts.runtime.note(id, now, &format!("{held}; moved to port {port}"));
                self.begin_run(id, &format!("{held}; moved to port {port}"), |record| {
                    record.port = port;
                    record.port_moves += 1;
                    record.start_at = now;
                });
            }
            Err(error) => self.give_up(id, &format!("{held}; {error}")),
        }
    }

    fn begin_run(
        &mut self,
        id: &InstanceId,
        detail: &str,
        edit: impl FnOnce(&mut crate::state::InstanceRecord),
    ) {
        let now = self.now;
        let saved = self.change(|state| {
            let run = state.take_run();
            let Some(record) = state.instances.get_mut(id) else { return };
            let next = if record.was_ready { InstanceState::Unready } else { InstanceState::Starting };
            record.enter(next, now, detail);
            record.run = run;
            record.proof = None;
            edit(record);
        });
        if saved.is_err() {
            // The next tick tries again; until then it is not ready at least.
            self.withdraw(id, detail);
        }
    }
}
