//! Processes in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use plimsoll_model::agent::{LogLine, LogStream};
use plimsoll_model::observation::Proof;
use plimsoll_model::release::Limits;
use plimsoll_model::{InstanceId, Secret, Timestamp};

use super::behaviour::Fault;
use super::host::{Host, World};
use crate::runtime::{
    Check, CheckResult, Exit, Holder, Identity, InstanceOrder, LogQuery, OnceProcess, PORTS, ProbeOutcome,
    ProcessHandle, ProcessStatus, Runtime, RuntimeError, Signal,
};

pub(super) struct MemoryRuntime(pub(super) Host);

/// One process.
pub(super) struct Process {
    order: InstanceOrder,
    pid: u32,
    started: Timestamp,
    ends: Option<(Timestamp, Exit)>,
}

impl Process {
    /// What it runs, where it is one that runs once.
    pub(super) fn command(&self) -> Option<Vec<String>> {
        let id = &self.order.process.instance;
        let program = self.order.executable.display().to_string();
        id.is_once().then(|| std::iter::once(program).chain(self.order.args.iter().cloned()).collect())
    }

    /// Ends it at `at`, unless it has ended before.
    pub(super) fn end(&mut self, at: Timestamp, exit: Exit) {
        if self.ends.as_ref().is_none_or(|(ends, _)| at < *ends) {
            self.ends = Some((at, exit));
        }
    }

    /// How it has ended by `now`.
    pub(super) fn exit_by(&self, now: Timestamp) -> Option<Exit> {
        self.ends.as_ref().filter(|(at, _)| *at <= now).map(|(_, exit)| exit.clone())
    }

    /// Clock ticks of a hundredth of a second.
    fn start_ticks(&self) -> u64 {
        self.started.as_millis() / 10
    }
}

impl Runtime for MemoryRuntime {
    fn start(&mut self, order: &InstanceOrder, now: Timestamp) -> Result<(), RuntimeError> {
        let failed = |why: &str| RuntimeError::Start {
            instance: order.process.instance.clone(),
            why: why.to_owned(),
            exhausted: false,
        };
        let started = self.0.effect(|world| world.start(order, now));
        started.ok_or_else(|| failed("the agent died"))?.map_err(|()| failed("the host was told to fail"))
    }

    fn start_once(&mut self, order: &OnceProcess, now: Timestamp) -> Result<(), RuntimeError> {
        let failed = |why: &str| RuntimeError::Start {
            instance: order.process.instance.clone(),
            why: why.to_owned(),
            exhausted: false,
        };
        let started = self.0.effect(|world| world.start_once(order, now));
        started.ok_or_else(|| failed("the agent died"))?.map_err(|()| failed("the host was told to fail"))
    }

    fn status(&mut self, process: &ProcessHandle, now: Timestamp) -> ProcessStatus {
        let mut world = self.0.world();
        world.now = world.now.max(now);
        match world.processes.get(process) {
            None => ProcessStatus::Absent,
            Some(process) => process.exit_by(now).map_or(
                ProcessStatus::Running { pid: process.pid, start_ticks: process.start_ticks() },
                ProcessStatus::Exited,
            ),
        }
    }

    fn signal(&mut self, process: &ProcessHandle, signal: Signal) -> Result<(), RuntimeError> {
        let failed =
            |why: &str| RuntimeError::Signal { instance: process.instance.clone(), why: why.to_owned() };
        let sent = self.0.effect(|world| world.signal(process, signal));
        sent.ok_or_else(|| failed("the agent died"))?.map_err(|()| failed("the host was told to fail"))
    }

    fn lease_port(&mut self, instance: &InstanceId, taken: &BTreeSet<u16>) -> Result<u16, RuntimeError> {
        let world = self.0.world();
        let now = world.now;
        let running = world.processes.values().filter(|process| process.exit_by(now).is_none());
        let used: BTreeSet<u16> = running.map(|process| process.order.port).collect();
        let first = usize::try_from(instance.ordinal % 1000).unwrap_or(0);
        let mut ports = PORTS.cycle_from(first);
        ports
            .find(|port| !taken.contains(port) && !used.contains(port) && !world.strangers.contains_key(port))
            .ok_or(RuntimeError::NoPort)
    }

    fn port_holder(&mut self, port: u16) -> Option<Holder> {
        self.0.world().strangers.get(&port).cloned()
    }

    fn begin_check(&mut self, process: &ProcessHandle, check: &Check, now: Timestamp) {
        self.0.world().checks.insert(process.clone(), (check.clone(), now));
    }

    fn take_check(&mut self, process: &ProcessHandle, now: Timestamp) -> Option<CheckResult> {
        let mut world = self.0.world();
        let (check, began) = world.checks.get(process)?.clone();
        let takes = world.behaviour(&process.instance.release).probe_takes;
        if now < began + takes.min(check.timeout.duration()) {
            return None;
        }
        world.checks.remove(process);
        Some(world.check(process, &check, takes, now))
    }

    fn read_secret(&mut self, path: &Path) -> Result<Secret, RuntimeError> {
        let found = path.to_str().and_then(|path| self.0.world().secret_files.get(path).cloned());
        found.ok_or_else(|| RuntimeError::Secret { path: path.to_owned(), why: "no such file".to_owned() })
    }

    fn note(&mut self, instance: &InstanceId, at: Timestamp, text: &str) {
        let line =
            LogLine { at, instance: instance.clone(), stream: LogStream::Agent, text: text.to_owned() };
        self.0.world().log.push(line);
    }

    fn logs(&mut self, query: &LogQuery) -> Result<Vec<LogLine>, RuntimeError> {
        let mut lines = self.0.world().log.clone();
        lines.sort_by_key(|line| line.at);
        Ok(query.select(lines))
    }

    fn forget(&mut self, instance: &InstanceId) {
        let mut world = self.0.world();
        world.log.retain(|line| line.instance != *instance);
        world.processes.retain(|handle, _| handle.instance != *instance);
    }

    fn remarks(&mut self, _limits: &Limits) -> Vec<String> {
        self.0.world().remarks.clone()
    }
}

impl World {
    fn start(&mut self, order: &InstanceOrder, now: Timestamp) -> Result<(), ()> {
        self.now = self.now.max(now);
        if self.fails(Fault::Start) {
            return Err(());
        }
        if self.processes.contains_key(&order.process) {
            return Ok(());
        }
        let killed = Exit::Signal { signal: 9, out_of_memory: false };
        let older = self.processes.iter_mut().filter(|(old, _)| old.instance == order.process.instance);
        older.for_each(|(_, process)| process.end(now, killed.clone()));
        let behaviour = self.behaviour(&order.process.instance.release);
        let ends = if self.strangers.contains_key(&order.port) && behaviour.ends_without_port {
            Some((now + Duration::from_millis(1), Exit::Code { code: 1 }))
        } else {
            behaviour.ends.map(|(after, exit)| (now + after, exit))
        };
        self.next_pid += 1;
        let process = Process { order: order.clone(), pid: self.next_pid, started: now, ends };
        self.processes.insert(order.process.clone(), process);
        Ok(())
    }

    fn start_once(&mut self, order: &OnceProcess, now: Timestamp) -> Result<(), ()> {
        self.now = self.now.max(now);
        if self.fails(Fault::Start) {
            return Err(());
        }
        if self.processes.contains_key(&order.process) {
            return Ok(());
        }
        let seconds = order.command.get(1).and_then(|word| word.parse().ok());
        let (after, exit) = match (order.command[0].as_str(), seconds) {
            ("sleep", Some(seconds)) => (Duration::from_secs(seconds), Exit::Code { code: 0 }),
            ("false", _) => (Duration::ZERO, Exit::Code { code: 1 }),
            _ => self.behaviour(&order.process.instance.release).once,
        };
        self.next_pid += 1;
        let (pid, order) = (self.next_pid, order.clone().with_program(Path::new(&order.command[0])));
        let process = Process { order: order.clone(), pid, started: now, ends: Some((now + after, exit)) };
        self.processes.insert(order.process, process);
        Ok(())
    }

    fn signal(&mut self, handle: &ProcessHandle, signal: Signal) -> Result<(), ()> {
        if self.fails(Fault::Signal) {
            return Err(());
        }
        let takes = self.behaviour(&handle.instance.release).stop_takes;
        let now = self.now;
        if let Some(process) = self.processes.get_mut(handle) {
            match signal {
                Signal::Kill => process.end(now, Exit::Signal { signal: 9, out_of_memory: false }),
                Signal::Terminate if takes == Duration::MAX => {}
                Signal::Terminate => process.end(now + takes, Exit::Code { code: 0 }),
            }
        }
        Ok(())
    }

    fn check(&self, handle: &ProcessHandle, check: &Check, takes: Duration, now: Timestamp) -> CheckResult {
        let behaviour = self.behaviour(&handle.instance.release);
        let failed = |why: &str| ProbeOutcome::Failed { why: why.to_owned() };
        if let Some(holder) = self.strangers.get(&check.port) {
            return CheckResult {
                probe: ProbeOutcome::Status(200),
                identity: Identity::WrongProcess(holder.clone()),
            };
        }
        let process = self.processes.get(handle).filter(|process| process.exit_by(now).is_none());
        let Some(process) = process
            .filter(|process| behaviour.listens && now.since(process.started) >= behaviour.listens_after)
        else {
            return CheckResult {
                probe: failed("connection refused"),
                identity: Identity::NotListening { elsewhere: Vec::new() },
            };
        };
        let probe = if takes > check.timeout.duration() {
            failed("no answer in time")
        } else if now.since(process.started) < behaviour.healthy_after {
            ProbeOutcome::Status(503)
        } else {
            ProbeOutcome::Status(behaviour.status)
        };
        let executable = behaviour.runs.unwrap_or(process.order.digest);
        let proof = Proof { pid: process.pid, start_ticks: process.start_ticks(), executable, at: now };
        let identity = if executable == check.digest {
            Identity::Proved(proof)
        } else {
            Identity::WrongExecutable { digest: executable }
        };
        CheckResult { probe, identity }
    }
}

/// All ports once, from one of them on.
trait CycleFrom {
    fn cycle_from(self, first: usize) -> impl Iterator<Item = u16>;
}

impl CycleFrom for std::ops::RangeInclusive<u16> {
    fn cycle_from(self, first: usize) -> impl Iterator<Item = u16> {
        self.clone().skip(first).chain(self.take(first))
    }
}
