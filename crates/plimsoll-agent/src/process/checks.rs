//! Health checks in the background: one thread for each check under way, its result picked up later.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use plimsoll_model::Timestamp;

use super::identity::{self, Programs};
use super::probe::probe;
use crate::runtime::{Check, CheckResult, Identity, ProbeOutcome, ProcessHandle};

/// Checks under way.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    programs: Programs,
    running: BTreeMap<ProcessHandle, Receiver<CheckResult>>,
}

impl Checks {
    /// Begins a check of the process `pid`; absent where none runs.
    pub(crate) fn begin(
        &mut self,
        handle: &ProcessHandle,
        pid: Option<(u32, u64)>,
        check: &Check,
        now: Timestamp,
    ) {
        let (sender, receiver) = channel();
        let (programs, task) = (self.programs.clone(), check.clone());
        let spare = sender.clone();
        let work = move || {
            // The probe first: who is proved afterwards has held the port at least since then, or it is not proved.
            let probe = probe(task.port, &task.path, task.timeout.duration());
            let identity = match pid {
                Some((pid, ticks)) => identity::prove(pid, ticks, task.port, &task.digest, &programs, now),
                None => Identity::NotListening { elsewhere: Vec::new() },
            };
            // Nobody waits for a check that was replaced.
            let _ = sender.send(CheckResult { probe, identity });
        };
        if let Err(error) = thread::Builder::new().name("check".to_owned()).spawn(work) {
            let why = format!("no thread for the check: {error}");
            let probe = ProbeOutcome::Failed { why: why.clone() };
            let _ = spare.send(CheckResult { probe, identity: Identity::Unknown { why } });
        }
        self.running.insert(handle.clone(), receiver);
    }

    /// The result, once.
    pub(crate) fn take(&mut self, handle: &ProcessHandle) -> Option<CheckResult> {
        let result = self.running.get(handle)?.try_recv().ok()?;
        self.running.remove(handle);
        Some(result)
    }
}
