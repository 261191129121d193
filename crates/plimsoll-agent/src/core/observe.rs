//! What the host sees of itself.

use plimsoll_model::Timestamp;
use plimsoll_model::observation::{HostObservation, InstanceObservation};
use plimsoll_model::release::Limits;

use super::Agent;
use crate::runtime::ProcessStatus;

impl Agent {
    /// What the host sees now. Changes nothing.
    pub fn observe(&mut self, now: Timestamp) -> HostObservation {
        self.now = self.now.max(now);
        let mut remarks = self.remarks();
        let releases = self.parts.store.sealed().unwrap_or_else(|error| {
            remarks.push(error.to_string());
            Vec::new()
        });
        let known_good = self.state.known_good.iter().filter(|id| releases.contains(id)).cloned().collect();
        HostObservation {
            at: self.now,
            fence: self.state.fence,
            current: self.state.current.clone(),
            known_good,
            committed: self.state.committed.clone(),
            releases,
            instances: self.instances(),
            traffic: self.report_now().cloned(),
            switch: self.state.switch.clone(),
            remarks,
        }
    }

    fn instances(&mut self) -> Vec<InstanceObservation> {
        let now = self.now;
        let (runtime, watches) = (&mut self.parts.runtime, &self.watches);
        let see = |(id, record): (&plimsoll_model::InstanceId, &crate::state::InstanceRecord)| {
            let may_run = record.state.is_live() || record.ending.is_some();
            let status = may_run.then(|| runtime.status(&record.process(id), now));
            let pid = match status {
                Some(ProcessStatus::Running { pid, .. }) => Some(pid),
                _ => None,
            };
            let last = watches.get(id).filter(|watch| watch.run == record.run).and_then(|w| w.last.clone());
            InstanceObservation {
                instance: id.clone(),
                state: record.state,
                since: record.since,
                port: record.port,
                pid,
                restarts: record.restarts,
                proof: record.proof.clone(),
                detail: last.filter(|_| record.state.is_live()).map_or_else(
                    || record.detail.clone(),
                    |last| format!("{}; last check: {last}", record.detail),
                ),
            }
        };
        self.state.instances.iter().map(see).collect()
    }

    fn remarks(&mut self) -> Vec<String> {
        let mut remarks: Vec<String> = self.troubles.values().cloned().collect();
        let live = self.state.instances.values().filter(|record| record.state.is_live());
        let limits = live.fold(Limits::default(), |sum, record| {
            let limits = &record.run_spec.limits;
            Limits {
                memory: sum.memory.or(limits.memory),
                cpu: sum.cpu.or(limits.cpu),
                open_files: sum.open_files.or(limits.open_files),
            }
        });
        remarks.extend(self.parts.runtime.remarks(&limits));
        if self.state.returning {
            remarks.push("the dead man's switch went off; nothing to return to is ready yet".to_owned());
        }
        remarks
    }
}
