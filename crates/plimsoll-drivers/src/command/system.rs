//! Commands as real processes.

use std::env;
use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_model::Masker;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::passing::{Passing, Pipe};
use super::{CLEAN_VARIABLES, CommandOrder, Commands, Ending, Outcome, Output, StartError, Stream, find};

/// Time between SIGTERM and SIGKILL.
const STOP_TIME: Duration = Duration::from_secs(2);
/// Time that others may hold the output open after the command itself has exited.
const LINGER: Duration = Duration::from_millis(500);
/// The longest time between two looks at the flag and the clock.
const TICK: Duration = Duration::from_millis(20);

/// Starts real processes.
///
/// Each command gets no input and leads a process group of its own. At a timeout or a cancel the whole group gets
/// SIGTERM and, two seconds later, SIGKILL. When the command exits by itself, whatever it left in its group is ended
/// too: a build that is over is over. Only a process that starts a session of its own escapes, as daemons mean to.
///
/// Since the group is not the terminal's, Ctrl-C does not reach the command: the binary's handler has to set the flag.
/// When this process itself dies of SIGKILL, nothing can be done: the command goes on until it ends or writes
/// to the closed pipe.
#[derive(Debug, Clone, Default)]
pub struct SystemCommands {
    cancel: Arc<AtomicBool>,
    secrets: Masker,
    withheld: Vec<String>,
}

impl SystemCommands {
    /// Commands that end when `cancel` becomes true; from then on none is started.
    pub fn new(cancel: Arc<AtomicBool>) -> Self {
        Self { cancel, ..Self::default() }
    }

    /// Masks these values in what the commands print, beside those that only their names call secret.
    #[must_use]
    pub fn masking(self, secrets: Masker) -> Self {
        Self { secrets, ..self }
    }

    /// Starts no command with these variables of this process's environment.
    #[must_use]
    pub fn withholding(self, names: &[&str]) -> Self {
        Self { withheld: names.iter().map(ToString::to_string).collect(), ..self }
    }
}

impl Commands for SystemCommands {
    fn run(&self, order: &CommandOrder, on_output: &mut dyn FnMut(Output<'_>)) -> Outcome {
        let started = Instant::now();
        let mut output = Passing::new(order, &self.secrets, on_output);
        let ending = if self.cancel.load(Ordering::Relaxed) {
            Ending::Cancelled
        } else {
            match Group::start(order, &self.withheld) {
                Ok(group) => Run { group, order, cancel: &self.cancel, started }.follow(&mut output),
                Err(error) => Ending::NotStarted(error),
            }
        };
        Outcome { ending, took: started.elapsed(), last_lines: output.last_lines() }
    }

    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }
}

/// A running command, its group and the ends of its pipes.
struct Group {
    child: Child,
    pid: Pid,
    pipes: Vec<Pipe>,
    reaped: bool,
}

impl Group {
    fn start(order: &CommandOrder, withheld: &[String]) -> Result<Self, StartError> {
        let path = find::program(order)?;
        let mut command = Command::new(&path);
        command.arg0(&order.program).args(&order.args).current_dir(&order.folder).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if order.clean {
            command.env_clear();
            command.envs(CLEAN_VARIABLES.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        }
        for name in order.removed.iter().chain(withheld) {
            command.env_remove(name);
        }
        // What the shell that started us called its folder is not where the command runs.
        command.env("PWD", &order.folder).envs(&order.variables);
        let mut child = spawn(&mut command).map_err(|error| explain(path, &error))?;
        let pipe = |stream, end: Option<OwnedFd>| end.map(|end| Pipe { stream, file: File::from(end) });
        let out = pipe(Stream::Out, child.stdout.take().map(OwnedFd::from));
        let err = pipe(Stream::Err, child.stderr.take().map(OwnedFd::from));
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid, pipes: out.into_iter().chain(err).collect(), reaped: false })
    }

    /// Whether the command has exited. It is not reaped yet: as long as it is a zombie its number stands for its
    /// group and nobody else's, and the group can be signalled safely.
    fn exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None) | Err(rustix::io::Errno::INTR))
    }

    fn signal(&self, signal: Signal) {
        // It fails where nobody is left, which is what is wanted.
        let _ = kill_process_group(self.pid, signal);
    }

    /// Ends what is left of the group and takes the exit status.
    fn reap(&mut self) -> std::io::Result<ExitStatus> {
        if !self.reaped {
            self.signal(Signal::KILL);
            self.reaped = true;
        }
        self.child.wait()
    }

    /// Waits for output, at most `wait`, and passes on what there is. Returns whether anything came.
    fn pass_on(&mut self, wait: Duration, output: &mut Passing<'_>) -> bool {
        let mut fds: Vec<PollFd<'_>> =
            self.pipes.iter().map(|pipe| PollFd::new(&pipe.file, PollFlags::IN)).collect();
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        // Interrupted or out of memory: the next round looks again.
        let ready = poll(&mut fds, Some(&wait)).unwrap_or(0);
        let ready: Vec<bool> = fds.iter().map(|fd| ready > 0 && !fd.revents().is_empty()).collect();
        let mut ready_now = ready.iter();
        self.pipes.retain_mut(|pipe| !ready_now.next().is_some_and(|now| *now) || output.take(pipe));
        ready.contains(&true)
    }
}

impl Drop for Group {
    /// Reached without having been reaped only when a reader of the output panics.
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.reap();
        }
    }
}

/// Follows one command to its end.
struct Run<'a> {
    group: Group,
    order: &'a CommandOrder,
    cancel: &'a AtomicBool,
    started: Instant,
}

impl Run<'_> {
    fn follow(mut self, output: &mut Passing<'_>) -> Ending {
        let mut stopped: Option<Ending> = None;
        let mut exited_at: Option<Instant> = None;
        let mut kill_at: Option<Instant> = None;
        let mut wait = Duration::from_millis(1);
        loop {
            let now = Instant::now();
            if exited_at.is_none() && self.group.exited() {
                exited_at = Some(now);
            }
            if exited_at.is_some() && self.group.pipes.is_empty() || kill_at.is_some_and(|at| now >= at) {
                break;
            }
            if kill_at.is_none() {
                stopped = if exited_at.is_none() { self.must_stop() } else { None };
                let lingers = exited_at.is_some_and(|at| now >= at + LINGER);
                if stopped.is_some() || lingers {
                    self.group.signal(Signal::TERM);
                    kill_at = Some(now + STOP_TIME);
                }
            }
            let came = self.group.pass_on(wait, output);
            wait = if came { Duration::from_millis(1) } else { TICK.min(wait * 2) };
        }
        let status = self.group.reap();
        self.drain(output);
        output.finish();
        stopped.unwrap_or_else(|| match status {
            Ok(status) => match status.code() {
                Some(code) => Ending::Exited(code),
                None => Ending::Signalled(status.signal().unwrap_or(0)),
            },
            // Somebody else reaped it: how it ended is not known, so it did not end well.
            Err(_) => Ending::Signalled(0),
        })
    }

    fn must_stop(&self) -> Option<Ending> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(Ending::Cancelled);
        }
        let limit = self.order.timeout;
        (self.started.elapsed() >= limit).then_some(Ending::TimedOut(limit))
    }

    /// Takes what the dead have written. Bounded, since somebody outside the group may still write.
    fn drain(&mut self, output: &mut Passing<'_>) {
        let until = Instant::now() + Duration::from_millis(100);
        while !self.group.pipes.is_empty() && Instant::now() < until && self.group.pass_on(TICK, output) {}
    }
}

/// Starts it, again and again for a second where the file is being written: a process that another thread is just
/// starting may still hold a program open that we have finished writing.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn explain(path: PathBuf, error: &std::io::Error) -> StartError {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::NOEXEC) => StartError::Format { path },
        Some(rustix::io::Errno::NOENT) if Path::exists(&path) => StartError::Interpreter { path },
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => StartError::Denied { path },
        _ => StartError::Other { path, why: error.to_string() },
    }
}

#[cfg(test)]
#[path = "system_tests.rs"]
mod tests;
