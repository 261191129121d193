//! Instances as units of systemd.
//!
//! A start writes the template, the instance's drop-in and the file of its secrets, has systemd read them, enables the
//! instance for the next boot and asks for its start. `activation.rs` says which activation a run is, `once.rs` starts
//! what runs once.

mod once;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::agent::LogLine;
use plimsoll_model::release::{Limits, RunSpec};
use plimsoll_model::{InstanceId, Secret, ServiceName, Timestamp};

use super::account::{self, Account, AccountError};
use super::activation::{Order, RunFolder};
use super::bus::{BusError, Via};
use super::files::{FilesError, UnitFiles};
use super::manager::{MainProcess, Systemd, UnitState};
use super::units::{InstanceUnit, UnitNames, instance, instance_secrets, template};
use super::{Scope, journal, label};
use crate::durable;
use crate::layout::Layout;
use crate::process::checks::Checks;
use crate::process::{find_program, log_read, log_write, ports, secret, sockets};
use crate::runtime::{
    Check, CheckResult, Exit, Holder, InstanceOrder, LogQuery, OnceProcess, ProcessHandle, ProcessStatus,
    Runtime, RuntimeError, Signal,
};

/// SIGKILL.
const KILL: i32 = 9;

/// Instances as units.
#[derive(Debug)]
pub struct SystemdRuntime {
    layout: Layout,
    service: ServiceName,
    names: UnitNames,
    files: UnitFiles,
    systemd: Systemd,
    checks: Checks,
}

/// Why an instance's unit could not be prepared.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("`{0}` is no capability")]
    Capability(String),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl PrepareError {
    /// The same for whoever asked for the start.
    fn of_start(self, instance: &InstanceId) -> RuntimeError {
        let instance = instance.clone();
        match self {
            Self::Files(FilesError::Conflict { .. }) | Self::Account(AccountError::Unknown { .. }) => {
                RuntimeError::Conflict { instance, why: self.to_string() }
            }
            Self::Write { source, .. } if durable::is_full(&source) => {
                RuntimeError::Start { instance, why: source.to_string(), exhausted: true }
            }
            error => RuntimeError::Start { instance, why: error.to_string(), exhausted: false },
        }
    }
}

impl SystemdRuntime {
    /// Instances of the layout's service.
    pub fn new(layout: Layout, service: ServiceName, scope: Scope) -> Self {
        Self {
            names: UnitNames::new(&service),
            files: UnitFiles::new(scope, layout.folder()),
            systemd: Systemd::new(scope),
            checks: Checks::default(),
            layout,
            service,
        }
    }

    fn run(&self, process: &ProcessHandle) -> RunFolder {
        RunFolder(self.layout.run(process))
    }

    /// What systemd says of a unit and its main process.
    fn ask(&mut self, unit: &str) -> Result<(UnitState, MainProcess), BusError> {
        loop {
            let state = self.systemd.unit(unit)?;
            let main = self.systemd.main_process(unit)?;
            // Both are of the same activation, or they are asked for again.
            if self.systemd.unit(unit)? == state {
                return Ok((state, main));
            }
        }
    }

    fn look(&mut self, process: &ProcessHandle) -> ProcessStatus {
        let run = self.run(process);
        if let Some(known) = run.known() {
            return known;
        }
        let Some(order) = run.order() else { return ProcessStatus::Absent };
        match self.ask(&order.unit) {
            Ok((unit, main)) => run.judge(&order, &unit, &main, &recall(self.systemd.scope())),
            // Nothing is known: it is not started again, and takes no traffic because its checks fail.
            Err(_) => ProcessStatus::Launching,
        }
    }

    /// Writes the files of an instance; `true` where something changed.
    fn prepare(&mut self, order: &InstanceOrder, unit: &str) -> Result<bool, PrepareError> {
        let scope = self.systemd.scope();
        let shared = absolute(self.layout.shared());
        let account = self.account(&order.run_spec, &shared)?;
        let executable = absolute(order.executable.clone());
        label::as_program(&executable);
        let common = template(self.service.as_str(), self.layout.folder(), scope, env!("CARGO_PKG_VERSION"));
        let mut changed = self.files.write(&mut self.systemd, &self.names.template(), &common)?;
        let secrets = self.secrets(unit);
        let order = &InstanceOrder { executable, ..order.clone() };
        changed |= write_secrets(&secrets, &instance_secrets(order))?;
        let text = instance(&InstanceUnit {
            order,
            service: self.service.as_str(),
            shared: &shared,
            account: account.as_ref().map(|account| account.name.as_str()),
            secrets: &secrets,
            scope,
        });
        changed |= self.files.write_drop_in(unit, &text)?;
        Ok(changed)
    }

    /// Whose rights a release's programs have; the service's own folder is given to it.
    fn account(&mut self, run_spec: &RunSpec, shared: &Path) -> Result<Option<Account>, PrepareError> {
        let strange = run_spec.capabilities.iter().find(|name| !is_capability(name));
        if let Some(name) = strange {
            return Err(PrepareError::Capability(name.clone()));
        }
        if self.systemd.scope() == Scope::User {
            return Ok(None);
        }
        let (own, _) = account::ensure(&mut self.systemd, &self.names, shared)?;
        let account = match &run_spec.user {
            Some(name) => account::named(name)?,
            None => own,
        };
        account.own(shared)?;
        Ok(Some(account))
    }

    fn secrets(&self, unit: &str) -> PathBuf {
        absolute(self.layout.state()).join("secrets").join(unit)
    }

    /// The activation that does not count for a new run.
    fn before(&mut self, unit: &str, changed: bool) -> Result<String, BusError> {
        if changed {
            // Whatever runs there was started with other files.
            return Ok(self.systemd.unit(unit)?.invocation);
        }
        let runs = fs::read_dir(self.layout.runs()).into_iter().flatten().flatten();
        let runs = runs.map(|entry| RunFolder(entry.path()));
        let of_unit = runs.filter(|run| run.order().is_some_and(|order| order.unit == unit));
        let current = self.systemd.unit(unit)?.invocation;
        let taken = of_unit
            .filter_map(|run| [run.order().map(|o| o.before), run.activation().map(|a| a.invocation)].into())
            .flat_map(|both: [Option<String>; 2]| both.into_iter().flatten());
        // Only the current one can be taken for the new run.
        Ok(taken.into_iter().find(|invocation| *invocation == current).unwrap_or_default())
    }

    fn start_unit(&mut self, order: &InstanceOrder) -> Result<(), PrepareError> {
        let unit = self.names.instance(order.port);
        let run = self.run(&order.process);
        let changed = self.prepare(order, &unit)?;
        if run.order().is_none() {
            let before = self.before(&unit, changed)?;
            let written = run.write_order(&Order { unit: unit.clone(), before, boot: None });
            written.map_err(|source| PrepareError::Write { path: run.0.clone(), source })?;
        }
        self.end_others(&order.process, &unit)?;
        if changed {
            self.systemd.enable(&unit)?;
            self.systemd.reload()?;
        }
        let (state, main) = self.ask(&unit)?;
        let order = run.order().unwrap_or(Order { unit: unit.clone(), before: String::new(), boot: None });
        if run.judge(&order, &state, &main, &recall(self.systemd.scope())) != ProcessStatus::Absent {
            return Ok(());
        }
        if changed && state.active == "active" {
            return Ok(self.systemd.restart(&unit)?);
        }
        if state.active == "failed" {
            self.systemd.reset_failed(&unit)?;
        }
        Ok(self.systemd.start(&unit)?)
    }

    /// Ends what runs of an instance in other units, and removes the traces of its runs before.
    fn end_others(&mut self, process: &ProcessHandle, unit: &str) -> Result<(), PrepareError> {
        for other in self.layout.runs_of(&process.instance).into_iter().filter(|other| other != process) {
            let run = self.run(&other);
            if let Some(order) = run.order().filter(|order| order.unit != unit) {
                self.take_away(&order.unit)?;
            }
            let _ = fs::remove_dir_all(&run.0);
        }
        Ok(())
    }

    /// Stops a unit for good and removes what was written for it.
    fn take_away(&mut self, unit: &str) -> Result<(), PrepareError> {
        if self.files.read_drop_in(unit).is_none() {
            return Ok(());
        }
        self.systemd.stop(unit)?;
        self.systemd.disable(unit)?;
        let secrets = self.secrets(unit);
        remove_file(&secrets)?;
        // Last, because it is what is looked for above.
        self.files.remove_drop_in(unit)?;
        // Not read again now: it is stopped and not enabled, and reading everything is the dearest thing to ask for. The
        // next start has other files and does it.
        Ok(self.systemd.reset_failed(unit)?)
    }

    fn signal_failed(process: &ProcessHandle, error: &dyn std::fmt::Display) -> RuntimeError {
        RuntimeError::Signal { instance: process.instance.clone(), why: error.to_string() }
    }
}

impl Runtime for SystemdRuntime {
    fn start(&mut self, order: &InstanceOrder, _now: Timestamp) -> Result<(), RuntimeError> {
        if self.look(&order.process) != ProcessStatus::Absent {
            return Ok(());
        }
        self.start_unit(order).map_err(|error| error.of_start(&order.process.instance))
    }

    fn start_once(&mut self, order: &OnceProcess, _now: Timestamp) -> Result<(), RuntimeError> {
        if self.look(&order.process) != ProcessStatus::Absent {
            return Ok(());
        }
        let program = find_program(order, &absolute(self.layout.shared()))?;
        let instance = order.process.instance.clone();
        let started = self.begin_once(&order.clone().with_program(&program), order.timeout);
        started.map_err(|error| error.of_start(&instance))
    }

    fn status(&mut self, process: &ProcessHandle, _now: Timestamp) -> ProcessStatus {
        self.look(process)
    }

    fn signal(&mut self, process: &ProcessHandle, signal: Signal) -> Result<(), RuntimeError> {
        let run = self.run(process);
        let Some(order) = run.order() else { return Ok(()) };
        if run.exit().is_some() {
            // What ran once leaves nothing behind.
            let gone = if process.instance.is_once() { self.take_once_away(&order.unit) } else { Ok(()) };
            return gone.map_err(|error| Self::signal_failed(process, &error));
        }
        // A stop and not a signal alone: after a signal systemd would start it again. It sends SIGTERM, and SIGKILL when
        // the release's time is over, whether an agent runs or not.
        let failed = |error: BusError| Self::signal_failed(process, &error);
        self.systemd.stop(&order.unit).map_err(failed)?;
        if signal == Signal::Kill {
            self.systemd.kill(&order.unit, KILL).map_err(failed)?;
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
        let failed = |why: String| RuntimeError::Logs { path: path.clone(), why };
        let known = log_read::instances(&path, query).map_err(|error| failed(error.to_string()))?;
        let mut lines = Vec::new();
        for (instance, folder) in &known {
            lines.extend(log_read::notes(folder, instance).map_err(|error| failed(error.to_string()))?);
        }
        let instances: Vec<_> = known.into_iter().map(|(instance, _)| instance).collect();
        let since = query.after.map(|after| after.at);
        // More than asked for where a cursor may drop some.
        let most = query.lines.saturating_add(query.after.map_or(0, |after| after.seen as usize));
        let scope = self.systemd.scope();
        lines.extend(journal::lines(scope, self.service.as_str(), &instances, since, most).map_err(failed)?);
        lines.sort_by(|a, b| (a.at, &a.instance).cmp(&(b.at, &b.instance)));
        Ok(query.select(lines))
    }

    fn conclude(&mut self, process: &ProcessHandle) -> Result<(), RuntimeError> {
        let Some(order) = self.run(process).order() else { return Ok(()) };
        self.take_away(&order.unit).map_err(|error| Self::signal_failed(process, &error))
    }

    fn forget(&mut self, instance: &InstanceId) {
        for process in self.layout.runs_of(instance) {
            if matches!(self.look(&process), ProcessStatus::Exited(_) | ProcessStatus::Absent) {
                let _ = fs::remove_dir_all(self.run(&process).0);
            }
        }
        let _ = fs::remove_dir_all(self.layout.log(instance));
    }

    fn remarks(&mut self, limits: &Limits) -> Vec<String> {
        let mut remarks = Vec::new();
        match self.systemd.via() {
            Ok(Via::Bus) => {}
            Ok(Via::Private) => remarks.push(
                "the message bus does not answer; systemd is spoken to through its own socket".to_owned(),
            ),
            Err(error) => remarks.push(error.to_string()),
        }
        let controllers = controllers();
        let missing = |name: &str| !controllers.iter().any(|known| known == name);
        if limits.memory.is_some() && missing("memory") {
            remarks.push("memory limits cannot be enforced: no cgroup controller for it".to_owned());
        }
        if limits.cpu.is_some() && missing("cpu") {
            remarks.push("processor limits cannot be enforced: no cgroup controller for it".to_owned());
        }
        remarks
    }
}

/// What the journal knows of activations that systemd has forgotten.
fn recall(scope: Scope) -> impl Fn(&str) -> Option<Exit> {
    move |invocation| journal::exit_of(scope, invocation)
}

/// The controllers that systemd can use: version 2 lists them, version 1 has a folder for each.
fn controllers() -> Vec<String> {
    if let Ok(list) = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers") {
        return list.split_ascii_whitespace().map(str::to_owned).collect();
    }
    let names = ["memory", "cpu"].into_iter().filter(|name| Path::new("/sys/fs/cgroup").join(name).is_dir());
    names.map(str::to_owned).collect()
}

/// A name that cannot be anything else in a unit.
fn is_capability(name: &str) -> bool {
    name.starts_with("CAP_") && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Units know no working folder of ours.
fn absolute(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).unwrap_or(path)
}

/// Writes the file of secrets, readable by its owner only; `true` where it changed.
fn write_secrets(path: &Path, text: &str) -> Result<bool, PrepareError> {
    if text.is_empty() {
        remove_file(path)?;
        return Ok(false);
    }
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| durable::write(path, text.as_bytes()));
    written.map_err(|source| PrepareError::Write { path: path.to_owned(), source })?;
    Ok(true)
}

fn remove_file(path: &Path) -> Result<(), PrepareError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PrepareError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
