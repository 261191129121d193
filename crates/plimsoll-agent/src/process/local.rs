//! The agent's side of local processes: starts shims, reads what they wrote, signals, checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;

use plimsoll_model::agent::LogLine;
use plimsoll_model::release::Limits;
use plimsoll_model::{InstanceId, Secret, Timestamp};
use rustix::process::{Pid, Signal as Kernel, kill_process_group};

use super::checks::Checks;
use super::run::{Order, Run};
use super::{cgroup, exec, find_program, log_read, log_write, ports, procfs, secret, sockets};
use crate::durable;
use crate::layout::Layout;
use crate::runtime::{
    Check, CheckResult, Holder, InstanceOrder, LogQuery, OnceProcess, ProcessHandle, ProcessStatus, Runtime,
    RuntimeError, Signal,
};

/// Instances as local processes of this user.
#[derive(Debug)]
pub struct LocalRuntime {
    layout: Layout,
    /// The program that knows the steps `shim` and `launch`.
    plimsoll: PathBuf,
    /// Shims that this agent started, to be collected when they end. Those of agents before belong to init.
    shims: BTreeMap<ProcessHandle, Child>,
    checks: Checks,
    /// What cannot be enforced, for the limits asked about last.
    remarks: Option<(Limits, Vec<String>)>,
}

impl LocalRuntime {
    /// Processes of the layout's service; `plimsoll` is our own program, with the steps `shim` and `launch`.
    pub fn new(layout: Layout, plimsoll: PathBuf) -> Self {
        Self { layout, plimsoll, shims: BTreeMap::new(), checks: Checks::default(), remarks: None }
    }

    fn run(&self, process: &ProcessHandle) -> Run {
        Run(self.layout.run(process))
    }

    /// Ends what runs of an instance under other names, and removes the traces of what has ended.
    fn end_others(&mut self, process: &ProcessHandle) {
        for other in self.layout.runs_of(&process.instance).into_iter().filter(|other| other != process) {
            match self.look(&other) {
                ProcessStatus::Exited(_) => self.remove_run(&other),
                _ => drop(self.signal(&other, Signal::Kill)),
            }
        }
    }

    fn remove_run(&mut self, process: &ProcessHandle) {
        let run = self.run(process);
        cgroup::remove(&run.cgroups());
        let _ = fs::remove_dir_all(&run.0);
    }

    fn look(&mut self, process: &ProcessHandle) -> ProcessStatus {
        let lives = self.shims.get_mut(process).is_some_and(|shim| matches!(shim.try_wait(), Ok(None)));
        if !lives {
            self.shims.remove(process);
        }
        match self.run(process).status() {
            // It has not come to take its lock yet.
            ProcessStatus::Absent if lives => ProcessStatus::Launching,
            status => status,
        }
    }

    fn write_order(&self, order: &InstanceOrder) -> io::Result<Run> {
        let run = self.run(&order.process);
        DirBuilder::new().recursive(true).mode(0o700).create(&run.0)?;
        let written = Order {
            instance: order.process.instance.clone(),
            executable: order.executable.clone(),
            args: order.args.clone(),
            variables: order.variables.clone(),
            limits: order.run_spec.limits.clone(),
            folder: fs::canonicalize(self.layout.shared())?,
            log: self.layout.log(&order.process.instance),
            name: format!("plimsoll-{}-{}", self.layout.tag(), order.process),
            plimsoll: self.plimsoll.clone(),
        };
        run.write_order(&written, &order.secrets)?;
        Ok(run)
    }

    fn start_shim(&mut self, order: &InstanceOrder) -> io::Result<()> {
        let run = self.write_order(order)?;
        // The shim's working folder is another one.
        let path = fs::canonicalize(run.order_path())?;
        let shim = exec::spawn_detached(&self.plimsoll, &["shim".as_ref(), path.as_os_str()])?;
        self.shims.insert(order.process.clone(), shim);
        Ok(())
    }
}

impl Runtime for LocalRuntime {
    fn start(&mut self, order: &InstanceOrder, _now: Timestamp) -> Result<(), RuntimeError> {
        self.end_others(&order.process);
        if self.look(&order.process) != ProcessStatus::Absent {
            return Ok(());
        }
        self.start_shim(order).map_err(|error| RuntimeError::Start {
            instance: order.process.instance.clone(),
            exhausted: durable::is_full(&error)
                || matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock),
            why: error.to_string(),
        })
    }

    fn start_once(&mut self, order: &OnceProcess, now: Timestamp) -> Result<(), RuntimeError> {
        let program = find_program(order, &self.layout.shared())?;
        self.start(&order.clone().with_program(&program), now)
    }

    fn status(&mut self, process: &ProcessHandle, _now: Timestamp) -> ProcessStatus {
        self.look(process)
    }

    fn signal(&mut self, process: &ProcessHandle, signal: Signal) -> Result<(), RuntimeError> {
        let run = self.run(process);
        let failed = |error: io::Error| RuntimeError::Signal {
            instance: process.instance.clone(),
            why: error.to_string(),
        };
        if let ProcessStatus::Running { pid, start_ticks } = self.look(process) {
            match signal {
                Signal::Terminate => procfs::send(pid, start_ticks, Kernel::TERM).map_err(failed)?,
                Signal::Kill => {
                    // Its group first, as long as its head is surely the process that is meant.
                    if procfs::is_alive(pid, start_ticks)
                        && let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw)
                    {
                        let _ = kill_process_group(group, Kernel::KILL);
                    }
                    procfs::send(pid, start_ticks, Kernel::KILL).map_err(failed)?;
                }
            }
        }
        if signal == Signal::Kill {
            cgroup::kill(&run.cgroups());
        }
        Ok(())
    }

    fn lease_port(&mut self, instance: &InstanceId, taken: &BTreeSet<u16>) -> Result<u16, RuntimeError> {
        ports::lease(&self.layout.tag(), instance, taken).ok_or(RuntimeError::NoPort)
    }

    fn port_holder(&mut self, port: u16) -> Option<Holder> {
        sockets::any_holder_of(port)
    }

    fn begin_check(&mut self, process: &ProcessHandle, check: &Check, now: Timestamp) {
        let pid = match self.look(process) {
            ProcessStatus::Running { pid, start_ticks } => Some((pid, start_ticks)),
            _ => None,
        };
        self.checks.begin(process, pid, check, now);
    }

    fn take_check(&mut self, process: &ProcessHandle, _now: Timestamp) -> Option<CheckResult> {
        self.checks.take(process)
    }

    fn read_secret(&mut self, path: &Path) -> Result<Secret, RuntimeError> {
        secret::read(path)
    }

    fn note(&mut self, instance: &InstanceId, at: Timestamp, text: &str) {
        log_write::note(&self.layout.log(instance), at, text);
    }

    fn logs(&mut self, query: &LogQuery) -> Result<Vec<LogLine>, RuntimeError> {
        let path = self.layout.logs();
        log_read::select(&path, query).map_err(|error| RuntimeError::Logs { path, why: error.to_string() })
    }

    fn forget(&mut self, instance: &InstanceId) {
        for process in self.layout.runs_of(instance) {
            if matches!(self.look(&process), ProcessStatus::Exited(_) | ProcessStatus::Absent) {
                self.remove_run(&process);
            }
        }
        let _ = fs::remove_dir_all(self.layout.log(instance));
    }

    fn remarks(&mut self, limits: &Limits) -> Vec<String> {
        if let Some((known, remarks)) = &self.remarks
            && known == limits
        {
            return remarks.clone();
        }
        let remarks = cgroup::remarks(limits, &format!("plimsoll-{}", self.layout.tag()));
        self.remarks = Some((limits.clone(), remarks.clone()));
        remarks
    }
}
