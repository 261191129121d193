//! Whole hosts: ssh, systemd, accounts, control groups, everything as on real ones, with real services.
//!
//! Each test has a fleet of its own (`plimsoll_testkit::fleet`); where there can be none it is skipped by name. What needs
//! only another user's login is in `ssh/fleet.rs`.

#![allow(clippy::print_stdout, reason = "a run over real hosts says its figures")]
#![allow(unreachable_pub, reason = "a module of a test program")]

mod confined;
mod gone;
mod migrate;
mod readme;
mod service;
mod story;

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_testkit::fleet::{Fleet, FleetOptions};

use crate::support::hosts;
pub use crate::support::hosts::{get, instances, light_plimsoll, property, said};

/// A fleet while it is its test's turn.
pub struct Turn {
    fleet: Fleet,
    _turn: MutexGuard<'static, ()>,
}

impl Deref for Turn {
    type Target = Fleet;

    fn deref(&self) -> &Fleet {
        &self.fleet
    }
}

/// A fleet, one at a time: hosts of several tests together ask more of two processors than a client's patience allows. `None`
/// and a word about what is missing where there can be none.
pub fn fleet(test: &str, options: FleetOptions) -> Option<Turn> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed in its turn has said so.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Some(Turn { fleet: hosts::fleet(test, options)?, _turn: turn })
}
