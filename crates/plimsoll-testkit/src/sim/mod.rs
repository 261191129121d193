//! The world in memory.
//!
//! A [`Universe`] has hosts (the real agent core over memory), traffic, a journal and one true clock. A [`Process`] is
//! a coordinator in it: the real engine, which can die, sleep through its lease, or have a wrong clock. Everything
//! happens on one thread, so that a seed tells the same story every time. [`schedule`] draws stories, `scenario` says what is
//! drawn.

mod connection;
pub mod faults;
pub(crate) mod host;
pub mod metrics;
pub mod process;
pub mod release;
pub mod scenario;
pub mod schedule;
pub mod traffic;
pub mod universe;
pub mod words;

pub use process::{CommandEnd, Order, Process};
pub use release::{Answers, Release};
pub use universe::Universe;
