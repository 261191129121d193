//! Commands that are stopped at a chosen moment, so that something can be broken exactly then.

use std::fs;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_engine::journal::{Journal as _, Query, SqliteJournal};
use plimsoll_model::record::{Entry, Record};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, Run};

/// A moment of a command, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It has written what it is about to change, and nothing of it is done.
    Intent(u64),
    /// The change is done, and that is not written.
    Deed(u64),
}

impl Moment {
    fn text(self) -> String {
        match self {
            Self::Intent(n) => format!("intent:{n}"),
            Self::Deed(n) => format!("deed:{n}"),
        }
    }
}

/// A command that runs, or is stopped. It does not outlive the test.
pub struct Running {
    child: Option<Child>,
    output: Vec<JoinHandle<String>>,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        Self { child: Some(child), output: vec![read(stdout), read(stderr)] }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let mut child = self.child.take().expect("it is taken once");
        let status = child.wait().expect("it ends");
        let mut texts = self.output.drain(..).map(|text| text.join().expect("it is read"));
        let mut next = || texts.next().expect("two pipes");
        Run { code: status.code(), stdout: next(), stderr: next() }
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().expect("it is taken once").id();
        let pid = Pid::from_raw(i32::try_from(id).expect("a process number")).expect("a process number");
        // It may have ended.
        let _ = kill_process(pid, signal);
    }

    /// Waits until it has stopped itself. `false` where it ended before its time came.
    fn stops(&mut self) -> bool {
        let child = self.child.as_mut().expect("it is taken once");
        let stat = format!("/proc/{}/stat", child.id());
        loop {
            if child.try_wait().expect("it is asked").is_some() {
                return false;
            }
            let text = fs::read_to_string(&stat).unwrap_or_default();
            if text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn read(mut from: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Project {
    /// Starts a command.
    pub fn begin(&self, args: &[&str]) -> Running {
        Running::new(self.start(args))
    }

    /// Starts a command that stops itself at a moment, and waits until it has: `Err` where it ended before.
    pub fn stopped_at(&self, args: &[&str], moment: Moment) -> Result<Running, Run> {
        let mut command = self.command(args);
        command.env("PLIMSOLL_STOP_AT", moment.text());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("plimsoll runs");
        let mut running = Running::new(child);
        if running.stops() { Ok(running) } else { Err(running.end()) }
    }

    /// All that the journal holds.
    pub fn journal(&self) -> Vec<Record> {
        let mut journal = SqliteJournal::open(&self.path().join(".plimsoll/journal.db")).expect("a journal");
        journal.read(&Query::default()).expect("records")
    }

    /// The change that was written last, in words: `start on web1, web2`.
    pub fn last_change(&self) -> String {
        let journal = self.journal();
        let last = journal.iter().rev().find_map(|record| match &record.entry {
            Entry::Intended { actions } => Some(actions),
            _ => None,
        });
        let actions = last.expect("a change");
        let mut names: Vec<_> = actions.iter().map(|of| of.action.name()).collect();
        names.dedup();
        let hosts: Vec<_> = actions.iter().map(|of| of.host.as_str()).collect();
        format!("{} on {}", names.join(" and "), hosts.join(", "))
    }
}
