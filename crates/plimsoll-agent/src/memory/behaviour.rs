//! What can be ordered of the world in memory: how programs behave, and what fails.

use std::time::Duration;

use plimsoll_model::Digest;

use crate::runtime::Exit;

/// How the program of a release behaves once started.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Time from its start until it listens.
    pub listens_after: Duration,
    /// Whether it ever listens.
    pub listens: bool,
    /// Time from its start until its probe answers with `status`; until then it answers 503.
    pub healthy_after: Duration,
    /// What its probe answers.
    pub status: u16,
    /// When and how it ends by itself, counted from its start.
    pub ends: Option<(Duration, Exit)>,
    /// Whether it ends with code 1 where its port is taken.
    pub ends_without_port: bool,
    /// How long it takes to end after SIGTERM; [`Duration::MAX`] ignores it.
    pub stop_takes: Duration,
    /// The digest of what it really runs, where that is not the released program.
    pub runs: Option<Digest>,
    /// How long a probe takes.
    pub probe_takes: Duration,
    /// When and how a process that runs once with its environment ends.
    pub once: (Duration, Exit),
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            listens_after: Duration::ZERO,
            listens: true,
            healthy_after: Duration::ZERO,
            status: 200,
            ends: None,
            ends_without_port: true,
            stop_takes: Duration::from_millis(10),
            runs: None,
            probe_takes: Duration::from_millis(5),
            once: (Duration::from_millis(100), Exit::Code { code: 0 }),
        }
    }
}

/// A call that fails once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The state cannot be saved: the disk is full.
    Save,
    /// A process cannot be started.
    Start,
    /// A process cannot be signalled.
    Signal,
    /// The proxy cannot be started.
    StartProxy,
    /// The proxy does not take a table.
    SetTable,
    /// The proxy does not answer.
    Report,
    /// The disk is full for a piece of a release.
    NoSpace,
    /// A sealed release does not verify any more.
    Verify,
}

/// Where in a call the agent dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the call did anything.
    Before,
    /// After it did everything, before the agent knows.
    After,
}
