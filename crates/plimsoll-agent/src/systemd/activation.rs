//! What is remembered of one run, and how it maps to one activation of a unit.
//!
//! ```text
//! state/runs/<instance>-<run>/
//!   order.json        the unit, and the activation that belongs to a run before   before the start is asked for
//!   activation.json   the activation that is this run, and its process            when it is first seen
//!   exit.json         how it ended                                                when that is first seen
//! ```
//!
//! Systemd gives every activation of a unit an identifier, also those that it starts by itself (a restart, a boot). The
//! rule is: the newest run that was asked for owns whatever activation comes after `before`. So a start that is asked for
//! twice, with a death of the agent in between, is found and not repeated; and a restart that systemd made on its own is
//! the exit of the run before, and is taken over by the next run instead of being started once more.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::manager::{MainProcess, UnitState};
use crate::durable;
use crate::process::procfs;
use crate::runtime::{Exit, ProcessStatus};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Order {
    pub(super) unit: String,
    /// The activation that does not count; empty where none was.
    pub(super) before: String,
    /// The boot in which it was asked for, where it may run in no other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<String>,
}

/// The activation that it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Activation {
    pub(super) invocation: String,
    boot: String,
    /// Absent until the program was executed.
    process: Option<(u32, u64)>,
}

/// The folder of a run.
#[derive(Debug, Clone)]
pub(super) struct RunFolder(pub(super) PathBuf);

/// Exit codes with which systemd says that it could not set a process up (`systemd.exec(5)`, "Process Exit Codes").
const SETUP_CODES: std::ops::RangeInclusive<i32> = 200..=245;

impl RunFolder {
    pub(super) fn order(&self) -> Option<Order> {
        read(&self.0.join("order.json"))
    }

    pub(super) fn write_order(&self, order: &Order) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        write(&self.0.join("order.json"), order)
    }

    pub(super) fn activation(&self) -> Option<Activation> {
        read(&self.0.join("activation.json"))
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        read(&self.0.join("exit.json"))
    }

    /// Remembers an exit; where that fails it is found out again.
    fn ended(&self, exit: Exit) -> ProcessStatus {
        let _ = write(&self.0.join("exit.json"), &exit);
        ProcessStatus::Exited(exit)
    }

    /// What is known without asking systemd: how it ended, or that its process lives.
    pub(super) fn known(&self) -> Option<ProcessStatus> {
        if let Some(exit) = self.exit() {
            return Some(ProcessStatus::Exited(exit));
        }
        let Some(activation) = self.activation() else {
            let Some(order) = self.order() else { return Some(ProcessStatus::Absent) };
            // It may have run before the reboot, and nobody saw it.
            let missed = order.boot.is_some_and(|boot| boot != procfs::boot_id());
            return missed.then(|| self.ended(Exit::Unknown));
        };
        let alive = |(pid, ticks): &(u32, u64)| procfs::is_alive(*pid, *ticks);
        let same_boot = activation.boot == procfs::boot_id();
        let (pid, start_ticks) = activation.process.filter(|process| same_boot && alive(process))?;
        Some(ProcessStatus::Running { pid, start_ticks })
    }

    /// What became of the run, by what systemd says of its unit. `recall` says how an activation ended that systemd has
    /// forgotten, because another one came after it.
    pub(super) fn judge(
        &self,
        order: &Order,
        unit: &UnitState,
        main: &MainProcess,
        recall: &dyn Fn(&str) -> Option<Exit>,
    ) -> ProcessStatus {
        let activation = match self.activation() {
            Some(activation) => activation,
            None if unit.invocation.is_empty() || unit.invocation == order.before => {
                return self.not_begun(unit, main);
            }
            None => {
                let boot = procfs::boot_id();
                let found = Activation { invocation: unit.invocation.clone(), boot, process: None };
                self.claim(&found);
                found
            }
        };
        if activation.invocation != unit.invocation {
            return self.ended(recall(&activation.invocation).unwrap_or(Exit::Unknown));
        }
        match (unit.active.as_str(), unit.sub.as_str()) {
            ("activating", "auto-restart" | "auto-restart-queued")
            | ("inactive" | "failed", _)
            | ("active", "exited") => self.ended(exit(&activation, main)),
            ("active" | "reloading", _) => self.running(activation, main.pid),
            // What it left behind is being ended: it counts as running until that is over.
            ("deactivating", _) => match activation.process {
                Some((pid, start_ticks)) => ProcessStatus::Running { pid, start_ticks },
                None => ProcessStatus::Launching,
            },
            _ => ProcessStatus::Launching,
        }
    }

    fn not_begun(&self, unit: &UnitState, main: &MainProcess) -> ProcessStatus {
        if unit.has_job {
            return ProcessStatus::Launching;
        }
        if unit.load != "loaded" {
            return self
                .ended(Exit::NotStarted { why: format!("systemd says that its unit is `{}`", unit.load) });
        }
        if unit.active == "failed" && main.result == "start-limit-hit" {
            let why = "systemd has started it too often lately".to_owned();
            return self.ended(Exit::NotStarted { why });
        }
        ProcessStatus::Absent
    }

    fn running(&self, mut activation: Activation, pid: u32) -> ProcessStatus {
        let Some(stat) = procfs::stat(pid).filter(|stat| !stat.ended) else {
            return ProcessStatus::Launching;
        };
        let process = (pid, stat.start_ticks);
        if activation.process != Some(process) {
            activation.process = Some(process);
            self.claim(&activation);
        }
        ProcessStatus::Running { pid, start_ticks: stat.start_ticks }
    }

    /// Where it cannot be written it is found again the same way, as long as nothing else has begun.
    fn claim(&self, activation: &Activation) {
        let _ = write(&self.0.join("activation.json"), activation);
    }
}

/// How the activation's main process ended.
fn exit(activation: &Activation, main: &MainProcess) -> Exit {
    const BY_ITSELF: i32 = 1;
    const BY_SIGNAL: std::ops::RangeInclusive<i32> = 2..=3;
    const KILL: i32 = 9;
    match (main.result.as_str(), main.code) {
        ("oom-kill", code) => {
            let signal = if BY_SIGNAL.contains(&code) { main.status } else { KILL };
            Exit::Signal { signal, out_of_memory: true }
        }
        (_, BY_ITSELF) if activation.process.is_none() && SETUP_CODES.contains(&main.status) => {
            let why = format!("systemd could not set it up (exit code {}, see systemd.exec(5))", main.status);
            Exit::NotStarted { why }
        }
        (_, BY_ITSELF) => Exit::Code { code: main.status },
        (_, code) if BY_SIGNAL.contains(&code) => Exit::Signal { signal: main.status, out_of_memory: false },
        ("success", _) => Exit::Unknown,
        (result, _) => Exit::NotStarted { why: format!("systemd says `{result}`") },
    }
}

fn write(path: &std::path::Path, value: &impl Serialize) -> io::Result<()> {
    durable::write(path, &serde_json::to_vec(value).expect("plain structures"))
}

fn read<T: DeserializeOwned>(path: &std::path::Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(active: &str, sub: &str, invocation: &str) -> UnitState {
        UnitState {
            load: "loaded".to_owned(),
            active: active.to_owned(),
            sub: sub.to_owned(),
            invocation: invocation.to_owned(),
            ..UnitState::default()
        }
    }

    fn main(pid: u32, result: &str, code: i32, status: i32) -> MainProcess {
        MainProcess { pid, result: result.to_owned(), code, status }
    }

    fn run(root: &tempfile::TempDir, number: u32, before: &str) -> (RunFolder, Order) {
        let order = Order { unit: "greeter@20000.service".to_owned(), before: before.to_owned(), boot: None };
        let folder = RunFolder(root.path().join(number.to_string()));
        folder.write_order(&order).unwrap();
        (folder, order)
    }

    #[test]
    fn a_restart_by_systemd_is_the_exit_of_one_run_and_the_start_of_the_next() {
        let root = tempfile::tempdir().unwrap();
        let me = std::process::id();
        let (first, order) = run(&root, 1, "");
        assert_eq!(first.known(), None);
        let ticks = procfs::stat(me).unwrap().start_ticks;
        let running = ProcessStatus::Running { pid: me, start_ticks: ticks };
        assert_eq!(
            first.judge(&order, &unit("active", "running", "a"), &main(me, "success", 0, 0), &|_| None),
            running
        );
        assert_eq!(first.known(), Some(running.clone()), "no need to ask again");
        let ended = first.judge(
            &order,
            &unit("activating", "auto-restart", "a"),
            &main(0, "exit-code", 1, 3),
            &|_| None,
        );
        assert_eq!(ended, ProcessStatus::Exited(Exit::Code { code: 3 }));
        // Systemd has started it again before the second run is asked for.
        let (second, order) = run(&root, 2, "a");
        let now = unit("active", "running", "b");
        assert_eq!(second.judge(&order, &now, &main(me, "success", 0, 0), &|_| None), running);
        assert_eq!(second.activation().unwrap().invocation, "b");
        assert_eq!(first.known(), Some(ended), "what ended stays ended");
    }

    #[test]
    fn what_runs_once_stays_ended_and_is_not_begun_after_a_reboot() {
        let root = tempfile::tempdir().unwrap();
        let (folder, order) = run(&root, 1, "");
        folder.write_order(&Order { boot: Some(procfs::boot_id()), ..order.clone() }).unwrap();
        assert_eq!(folder.known(), None);
        let seen = folder.judge(&order, &unit("active", "exited", "a"), &main(0, "success", 1, 0), &|_| None);
        assert_eq!(seen, ProcessStatus::Exited(Exit::Code { code: 0 }));
        let (later, order) = run(&root, 2, "");
        later.write_order(&Order { boot: Some("another".to_owned()), ..order }).unwrap();
        assert_eq!(later.known(), Some(ProcessStatus::Exited(Exit::Unknown)));
    }

    #[test]
    fn an_activation_that_nobody_saw_end_is_unknown() {
        let root = tempfile::tempdir().unwrap();
        let (folder, order) = run(&root, 1, "");
        folder.judge(&order, &unit("activating", "start", "a"), &main(0, "success", 0, 0), &|_| None);
        let seen =
            folder.judge(&order, &unit("active", "running", "c"), &main(1, "success", 0, 0), &|_| None);
        assert_eq!(seen, ProcessStatus::Exited(Exit::Unknown));
    }

    #[test]
    fn what_has_not_begun_is_absent_or_on_its_way() {
        let root = tempfile::tempdir().unwrap();
        let (folder, order) = run(&root, 1, "a");
        let dead = unit("inactive", "dead", "a");
        assert_eq!(folder.judge(&order, &dead, &MainProcess::default(), &|_| None), ProcessStatus::Absent);
        let waiting = UnitState { has_job: true, ..dead.clone() };
        assert_eq!(
            folder.judge(&order, &waiting, &MainProcess::default(), &|_| None),
            ProcessStatus::Launching
        );
        let broken = UnitState { load: "bad-setting".to_owned(), ..dead };
        let seen = folder.judge(&order, &broken, &MainProcess::default(), &|_| None);
        assert!(
            matches!(seen, ProcessStatus::Exited(Exit::NotStarted { why }) if why.contains("bad-setting"))
        );
    }

    #[test]
    fn exits_are_told_apart() {
        let began = Activation { invocation: String::new(), boot: String::new(), process: Some((1, 1)) };
        let never = Activation { process: None, ..began.clone() };
        let signal = |signal, out_of_memory| Exit::Signal { signal, out_of_memory };
        assert_eq!(exit(&began, &main(0, "oom-kill", 2, 9)), signal(9, true));
        assert_eq!(exit(&began, &main(0, "signal", 2, 11)), signal(11, false));
        assert_eq!(exit(&began, &main(0, "exit-code", 1, 203)), Exit::Code { code: 203 });
        assert!(matches!(exit(&never, &main(0, "exit-code", 1, 203)), Exit::NotStarted { .. }));
        assert_eq!(exit(&began, &main(0, "success", 1, 0)), Exit::Code { code: 0 });
        assert!(matches!(exit(&never, &main(0, "resources", 0, 0)), Exit::NotStarted { .. }));
    }
}
