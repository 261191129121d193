//! The parent of one instance's process: it outlives the agent, keeps the log, and says how the process ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plimsoll_model::Masker;
use plimsoll_model::agent::LogStream;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::log_write::{LARGEST, LogFile, OUTPUT, copy, now};
use super::run::{Order, Run};
use super::{brood, cgroup, exec, removal};
use crate::runtime::Exit;

/// How long another shim, or an agent that looks, may hold the lock before this one gives way.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How long output is read on after the process has ended; what it left behind may hold the pipe open.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);

/// How often a running process is looked after.
const CARE: Duration = Duration::from_secs(1);

/// The step `shim <order.json>`.
pub fn shim_main(order: &Path) -> ExitCode {
    exec::detach();
    brood::adopt();
    let Some(run) = Run::of_order(order) else { return ExitCode::FAILURE };
    let Some(_lock) = lock(&run) else { return ExitCode::SUCCESS };
    // Executed at most once, however often it is asked for.
    if run.process().is_some() || run.exit().is_some() {
        return ExitCode::SUCCESS;
    }
    let exit = match run.order() {
        Ok(order) => supervise(&run, &order),
        Err(error) => Exit::NotStarted { why: format!("its order cannot be read: {error}") },
    };
    match run.write_exit(&exit) {
        Ok(()) => ExitCode::SUCCESS,
        // The agent then finds neither process nor exit, and knows that it does not know.
        Err(_) => ExitCode::FAILURE,
    }
}

fn lock(run: &Run) -> Option<File> {
    let began = Instant::now();
    loop {
        match run.lock() {
            Ok(Some(lock)) => return Some(lock),
            Ok(None) if began.elapsed() < LOCK_PATIENCE => thread::sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}

/// Runs the process from its beginning to its end.
fn supervise(run: &Run, order: &Order) -> Exit {
    let cgroups = cgroup::create(&order.name, &order.limits);
    let started = run.write_cgroups(&cgroups).and_then(|()| start(run, order));
    let exit = match started {
        Ok(started) => watch(run, started, &cgroups),
        Err(error) => Exit::NotStarted { why: error.to_string() },
    };
    cgroup::remove(&cgroups);
    exit
}

/// A process that was started, and what reads its output.
struct Started {
    child: Child,
    log: Arc<LogFile>,
    readers: Vec<JoinHandle<()>>,
}

fn start(run: &Run, order: &Order) -> std::io::Result<Started> {
    let log = Arc::new(LogFile::new(&order.log, OUTPUT, LARGEST)?);
    // Before the launch takes them away: what is not known cannot be masked.
    let secrets = Arc::new(Masker::new(run.secrets()?.values()));
    let mut command = Command::new(&order.plimsoll);
    command.arg("launch").arg(run.order_path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut readers = Vec::new();
    if let Some(output) = child.stdout.take() {
        readers.push(read(output, LogStream::Stdout, &log, &secrets)?);
    }
    if let Some(output) = child.stderr.take() {
        readers.push(read(output, LogStream::Stderr, &log, &secrets)?);
    }
    Ok(Started { child, log, readers })
}

fn read(
    output: impl Read + Send + 'static,
    stream: LogStream,
    log: &Arc<LogFile>,
    secrets: &Arc<Masker>,
) -> std::io::Result<JoinHandle<()>> {
    let (log, secrets) = (Arc::clone(log), Arc::clone(secrets));
    thread::Builder::new().spawn(move || copy(output, stream, &log, &secrets))
}

fn watch(run: &Run, started: Started, cgroups: &[std::path::PathBuf]) -> Exit {
    let Started { mut child, log, readers } = started;
    let ended = Arc::new(AtomicBool::new(false));
    let caretaker = care(run, child.id(), Arc::clone(&ended));
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Not collected yet, so that its number cannot be given to another process while its group is killed.
        let ended = || waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while matches!(ended(), Err(rustix::io::Errno::INTR)) {}
        let _ = kill_process_group(group, Signal::KILL);
    }
    ended.store(true, Ordering::Release);
    caretaker.thread().unpark();
    let _ = caretaker.join();
    let status = child.wait();
    cgroup::kill(cgroups);
    let left = brood::end();
    if !left.is_empty() {
        log.line(now(), LogStream::Agent, &left_behind(&left));
    }
    let began = Instant::now();
    while began.elapsed() < OUTPUT_PATIENCE && !readers.iter().all(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(2));
    }
    match (run.failure(), status) {
        (Some(why), _) => Exit::NotStarted { why },
        (None, Ok(status)) => describe(status, cgroups),
        (None, Err(_)) => Exit::Unknown,
    }
}

/// While the process runs: collects what ends below it, and sees whether all that is known of it was removed.
fn care(run: &Run, process: u32, ended: Arc<AtomicBool>) -> JoinHandle<()> {
    let folder = removal::Watched::open(&run.0);
    thread::spawn(move || {
        let mut orphaned = removal::Orphaned::default();
        while !ended.load(Ordering::Acquire) {
            thread::park_timeout(CARE);
            brood::collect(process);
            if folder.as_ref().is_some_and(removal::Watched::is_removed) {
                orphaned.end(process);
            }
        }
    })
}

/// `ended 2 processes that it left behind: 711 (/srv/greeter), 712`.
fn left_behind(left: &BTreeMap<u32, Option<PathBuf>>) -> String {
    let one = |(pid, program): (&u32, &Option<PathBuf>)| match program {
        Some(program) => format!("{pid} ({})", program.display()),
        None => pid.to_string(),
    };
    let processes = if left.len() == 1 { "1 process" } else { &format!("{} processes", left.len()) };
    format!("ended {processes} that it left behind: {}", left.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn describe(status: ExitStatus, cgroups: &[std::path::PathBuf]) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code { code },
        (None, Some(signal)) => {
            let out_of_memory = signal == Signal::KILL.as_raw() && cgroup::ran_out_of_memory(cgroups);
            Exit::Signal { signal, out_of_memory }
        }
        (None, None) => Exit::Unknown,
    }
}
