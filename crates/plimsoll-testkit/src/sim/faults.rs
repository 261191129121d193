//! What can go wrong, and when.

use std::time::Duration;

use plimsoll_agent::memory::{Fault, Moment};
use plimsoll_model::record::Command;

/// Something that happens to the world at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The process of an instance ends: of the new side or the old one, the nth that runs.
    Crash {
        /// Which host.
        host: usize,
        /// Which of the running processes, counted round.
        nth: usize,
    },
    /// The host restarts.
    Reboot {
        /// Which host.
        host: usize,
        /// How long it is away.
        away: Duration,
    },
    /// The proxy's process ends.
    KillProxy {
        /// Which host.
        host: usize,
    },
    /// The agent dies at one of its next changes of the world.
    AgentDies {
        /// Which host.
        host: usize,
        /// At the how-manieth change from now.
        effects: u64,
        /// Before or after it.
        moment: Moment,
        /// How long it is away.
        away: Duration,
    },
    /// The next call of a kind fails on the host.
    Fails {
        /// Which host.
        host: usize,
        /// What fails.
        fault: Fault,
        /// How often.
        times: u32,
    },
    /// No call reaches the host for some time.
    Cut {
        /// Which host.
        host: usize,
        /// How long.
        lasts: Duration,
    },
    /// The connection breaks at the next calls.
    Lose {
        /// Which host.
        host: usize,
        /// Whether the request took effect before it broke.
        done: bool,
        /// How many calls.
        calls: u32,
    },
    /// Every coordinator that is at work dies.
    CoordinatorsDie,
    /// A person asks for something.
    Person(Command),
    /// The metrics server does not answer for some time.
    MetricsDown(Duration),
    /// The traffic changes to this many requests a second.
    Rate(f64),
    /// A release begins to answer badly with this share.
    TurnsBad {
        /// The release's number.
        release: u64,
        /// The share of 5xx.
        errors: f64,
    },
    /// The probes of a release begin to fail, and perhaps pass again.
    TurnsSick {
        /// The release's number.
        release: u64,
        /// What they are answered from now on.
        status: u16,
    },
}

/// Something that happens to a coordinator when it comes to a point of its work.
#[derive(Debug, Clone, PartialEq)]
pub struct Upset {
    /// The point.
    pub at: Point,
    /// What happens there.
    pub what: Mishap,
}

/// A point of a coordinator's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After its nth record, from 1.
    AfterRecord(u64),
    /// Before its nth record.
    BeforeRecord(u64),
    /// Before its nth fenced call to a host.
    BeforeCall(u64),
    /// At its nth sleep.
    Sleep(u64),
}

/// What happens to a coordinator.
#[derive(Debug, Clone, PartialEq)]
pub enum Mishap {
    /// It dies.
    Dies,
    /// It is suspended (a closed laptop lid), and another may take over meanwhile. Then it wakes up.
    Suspended {
        /// How long.
        lasts: Duration,
        /// What happens to the one that takes over meanwhile; `None` where nobody does.
        successor: Option<Vec<Upset>>,
    },
    /// Its clock jumps by so many milliseconds.
    ClockJumps(i64),
}
