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

pub use crate::support::hosts::{fleet, get, instances, light_plimsoll, property, said};
