//! How the core reaches processes: a narrow trait over plain data.
//!
//! A process is named by its instance and a *run*, a number that the core gives out and saves before it asks for
//! the start. So a crash at any moment leaves nothing that cannot be found again: the same run can be asked for
//! twice and is executed at most once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use plimsoll_model::agent::{LogCursor, LogLine, RefusalReason};
use plimsoll_model::observation::Proof;
use plimsoll_model::release::{Limits, RunSpec};
use plimsoll_model::{Digest, InstanceId, ReleaseId, Secret, Span, Timestamp};

/// The lowest and highest port that instances are given.
pub const PORTS: std::ops::RangeInclusive<u16> = 20_000..=29_999;

/// Starts, watches and ends the processes of one service.
pub trait Runtime: Send {
    /// Starts a process. Returns as soon as the start is under way; [`Runtime::status`] tells what became of it.
    /// Must guarantee: the same handle asked for twice is executed once, also when the agent died in between; the
    /// process survives the agent; `/proc/PID/exe` is the executable named in the order.
    fn start(&mut self, order: &InstanceOrder, now: Timestamp) -> Result<(), RuntimeError>;

    /// Starts a process that runs once, of any program. Must guarantee what [`Runtime::start`] does but for
    /// `/proc/PID/exe`; and that [`Runtime::status`], [`Runtime::signal`], [`Runtime::logs`] and [`Runtime::forget`]
    /// know it by its handle as they know instances. It runs as they do: same user, folder and bounds. A program without
    /// `/` is looked for in the `PATH` of its variables, or the runtime's.
    fn start_once(&mut self, order: &OnceProcess, now: Timestamp) -> Result<(), RuntimeError>;

    /// What became of a process. Must never take a later process with the same number for it.
    fn status(&mut self, process: &ProcessHandle, now: Timestamp) -> ProcessStatus;

    /// Sends a signal to the process; [`Signal::Kill`] also ends what it left behind. Nothing happens where it is
    /// gone already.
    fn signal(&mut self, process: &ProcessHandle, signal: Signal) -> Result<(), RuntimeError>;

    /// A port from [`PORTS`] that nobody listens on and that is not in `taken`.
    fn lease_port(&mut self, instance: &InstanceId, taken: &BTreeSet<u16>) -> Result<u16, RuntimeError>;

    /// Who listens on a port of this host, if anybody does.
    fn port_holder(&mut self, port: u16) -> Option<Holder>;

    /// Begins to probe a process and to prove who answers, in the background. At most one check of a process is
    /// under way; a second call replaces the first.
    fn begin_check(&mut self, process: &ProcessHandle, check: &Check, now: Timestamp);

    /// The result of the check, once. It must come at the latest shortly after the probe's timeout.
    fn take_check(&mut self, process: &ProcessHandle, now: Timestamp) -> Option<CheckResult>;

    /// Reads a secret from a file of the host, without its final line break.
    fn read_secret(&mut self, path: &Path) -> Result<Secret, RuntimeError>;

    /// Adds the agent's own line to an instance's log. A log that cannot be written is no reason to stop.
    fn note(&mut self, instance: &InstanceId, at: Timestamp, text: &str);

    /// Lines of the logs that match, oldest first.
    fn logs(&mut self, query: &LogQuery) -> Result<Vec<LogLine>, RuntimeError>;

    /// The process will not be started again: what else would do that (a service manager, the next boot) must not, and
    /// what is left of it is ended. Called before the core writes down that it is gone, so perhaps twice.
    fn conclude(&mut self, process: &ProcessHandle) -> Result<(), RuntimeError> {
        let _ = process;
        Ok(())
    }

    /// Forgets a gone instance: its logs and traces may be removed.
    fn forget(&mut self, instance: &InstanceId);

    /// What this host cannot do, of what `limits` ask for.
    fn remarks(&mut self, limits: &Limits) -> Vec<String>;
}

/// Names one execution of an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProcessHandle {
    /// The instance.
    pub instance: InstanceId,
    /// Grows with every start on this host; never used twice.
    pub run: u64,
}

/// Everything that a process is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceOrder {
    /// Its name.
    pub process: ProcessHandle,
    /// The released program.
    pub executable: PathBuf,
    /// SHA-256 of the program.
    pub digest: Digest,
    /// Arguments, with the port filled in.
    pub args: Vec<String>,
    /// Environment; the runtime adds `PATH`, `HOME`, `LANG` and `TZ` where they are not set.
    pub variables: BTreeMap<String, String>,
    /// More environment, whose values are never shown.
    pub secrets: BTreeMap<String, Secret>,
    /// The rest of what its release says: limits, restarts, its sandbox.
    pub run_spec: RunSpec,
    /// Where it shall listen, on 127.0.0.1 at least.
    pub port: u16,
}

impl InstanceOrder {
    /// An order of what a release says, with the port and its own names filled in. Secrets are left to the caller.
    pub fn of_release(
        process: ProcessHandle,
        executable: PathBuf,
        digest: Digest,
        run_spec: &RunSpec,
        environment: &str,
        port: u16,
    ) -> Self {
        let number = port.to_string();
        let mut variables = run_spec.variables.clone();
        variables.insert("PORT".to_owned(), number.clone());
        variables.insert("PLIMSOLL_RELEASE".to_owned(), process.instance.release.to_string());
        variables.insert("PLIMSOLL_INSTANCE".to_owned(), process.instance.to_string());
        variables.insert("PLIMSOLL_ENVIRONMENT".to_owned(), environment.to_owned());
        let args = run_spec.args.iter().map(|arg| arg.replace("{port}", &number)).collect();
        let (run_spec, secrets) = (run_spec.clone(), BTreeMap::new());
        Self { process, executable, digest, args, variables, secrets, run_spec, port }
    }
}

/// Everything that a process that runs once is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceProcess {
    /// Its name.
    pub process: ProcessHandle,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Environment; the runtime adds `PATH`, `HOME`, `LANG` and `TZ` where they are not set.
    pub variables: BTreeMap<String, String>,
    /// More environment, whose values are never shown.
    pub secrets: BTreeMap<String, Secret>,
    /// The rest of what its release says: limits, its sandbox.
    pub run_spec: RunSpec,
    /// How long it may take. Whoever asked ends it then; a runtime that can do so by itself does it a little later.
    pub timeout: Span,
}

impl OnceProcess {
    /// The same as an order of an instance that listens nowhere, of the program that was found. Its digest is that of
    /// the path: nobody compares it.
    pub fn with_program(self, program: &Path) -> InstanceOrder {
        InstanceOrder {
            process: self.process,
            digest: Digest::of(program.as_os_str().as_encoded_bytes()),
            executable: program.to_owned(),
            args: self.command.into_iter().skip(1).collect(),
            variables: self.variables,
            secrets: self.secrets,
            run_spec: self.run_spec,
            port: 0,
        }
    }
}

/// What became of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessStatus {
    /// It was never started.
    Absent,
    /// It is being started and has no process number yet.
    Launching,
    /// It runs.
    Running {
        /// Process number.
        pid: u32,
        /// Its start in clock ticks since boot.
        start_ticks: u64,
    },
    /// It ended.
    Exited(Exit),
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Exit {
    /// By itself.
    Code {
        /// Its exit code.
        code: i32,
    },
    /// By a signal.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Whether the kernel ended it because its memory limit was reached.
        out_of_memory: bool,
    },
    /// The program could not be executed at all.
    NotStarted {
        /// Why.
        why: String,
    },
    /// It is gone and nobody saw how: the host restarted, or the process that watched it was killed.
    Unknown,
}

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: finish and go.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// One health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The port to probe.
    pub port: u16,
    /// The path to ask for.
    pub path: String,
    /// How long the probe may take.
    pub timeout: Span,
    /// The digest that the process's executable must have.
    pub digest: Digest,
}

/// What a health check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// What the probe was answered.
    pub probe: ProbeOutcome,
    /// Who listens.
    pub identity: Identity,
}

/// What a probe was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// With this HTTP status.
    Status(u16),
    /// Not at all, or not in HTTP.
    Failed {
        /// Why, as a fragment.
        why: String,
    },
}

/// Who listens on an instance's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The instance's process, or a descendant of it, and its executable is the released one.
    Proved(Proof),
    /// Nobody.
    NotListening {
        /// Where the instance's process waits for connections instead.
        elsewhere: Vec<u16>,
    },
    /// Somebody else.
    WrongProcess(Holder),
    /// The instance's process, but it runs another program.
    WrongExecutable {
        /// Digest of what it runs.
        digest: Digest,
    },
    /// It could not be found out.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number; absent where the host does not show it (another user's).
    pub pid: Option<u32>,
    /// Its program.
    pub executable: Option<PathBuf>,
}

/// Which log lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only of this release.
    pub release: Option<ReleaseId>,
    /// Only of this instance.
    pub instance: Option<InstanceId>,
    /// At most so many of the newest.
    pub lines: usize,
    /// Only after this point.
    pub after: Option<LogCursor>,
}

/// A runtime that could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// The instance could not be started.
    #[error("instance {instance} could not be started: {why}")]
    Start {
        /// The instance.
        instance: InstanceId,
        /// Why.
        why: String,
        /// Whether the host is out of processes, memory or disk.
        exhausted: bool,
    },
    /// The instance could not be sent a signal.
    #[error("instance {instance} could not be signalled: {why}")]
    Signal {
        /// The instance.
        instance: InstanceId,
        /// Why.
        why: String,
    },
    /// Somebody else has what it needs on this host.
    #[error("instance {instance} could not be started: {why}")]
    Conflict {
        /// The instance.
        instance: InstanceId,
        /// Who has what.
        why: String,
    },
    /// No port is free.
    #[error("no port from {} to {} is free for an instance", PORTS.start(), PORTS.end())]
    NoPort,
    /// A secret's file could not be read.
    #[error("the secret in {} could not be read: {why}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The logs could not be read.
    #[error("the logs in {} could not be read: {why}", path.display())]
    Logs {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl RuntimeError {
    /// What kind of refusal it becomes.
    pub fn reason(&self) -> RefusalReason {
        match self {
            Self::Start { exhausted: true, .. } | Self::NoPort => RefusalReason::Exhausted,
            Self::Secret { .. } => RefusalReason::Precondition,
            Self::Conflict { .. } => RefusalReason::Conflict,
            _ => RefusalReason::Failed,
        }
    }
}

impl std::fmt::Display for ProcessHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.instance, self.run)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, &self.executable) {
            (Some(pid), Some(path)) => write!(f, "process {pid} ({})", path.display()),
            (Some(pid), None) => write!(f, "process {pid}"),
            (None, _) => write!(f, "a process that this user may not see"),
        }
    }
}

impl Exit {
    /// How it ended, as a fragment: `killed by signal 9 (out of memory, limit 256 MB)`.
    pub fn describe(&self, limits: &Limits) -> String {
        match self {
            Self::Code { code } => format!("exited with code {code}"),
            Self::Signal { signal, out_of_memory: false } => format!("killed by signal {signal}"),
            Self::Signal { signal, out_of_memory: true } => match limits.memory {
                Some(limit) => {
                    format!("killed by signal {signal} (out of memory, limit {})", megabytes(limit))
                }
                None => format!("killed by signal {signal} (out of memory)"),
            },
            Self::NotStarted { why } => format!("could not be executed: {why}"),
            Self::Unknown => "exited; nobody saw how".to_owned(),
        }
    }
}

impl LogQuery {
    /// The lines that match, of lines that are in order already.
    pub fn select(&self, lines: Vec<LogLine>) -> Vec<LogLine> {
        let mut same_time = 0;
        let mut found: Vec<_> = lines.into_iter().filter(|line| self.is_about(&line.instance)).collect();
        if let Some(after) = self.after {
            found.retain(|line| {
                same_time += u32::from(line.at == after.at);
                line.at > after.at || (line.at == after.at && same_time > after.seen)
            });
        }
        let surplus = found.len().saturating_sub(self.lines);
        found.drain(..surplus);
        found
    }

    /// Whether the instance's lines are wanted.
    pub fn is_about(&self, instance: &InstanceId) -> bool {
        self.instance.as_ref().is_none_or(|wanted| wanted == instance)
            && self.release.as_ref().is_none_or(|wanted| *wanted == instance.release)
    }
}

fn megabytes(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB { format!("{} MB", bytes / MIB) } else { format!("{} kB", bytes / 1024) }
}
