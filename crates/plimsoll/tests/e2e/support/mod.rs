//! What the tests of the whole binary share: a project in a folder of its own, commands run in it, a client that counts.
//!
//! Each test has its own folder, ports and processes. A project stops everything that it started when it is dropped.

#![allow(unreachable_pub, reason = "a module of a test program")]

mod host;
pub mod hosts;
mod load;
mod program;
mod project;
mod terminal;

pub use host::{Part, eventually, kill};
pub use load::Load;
pub use plimsoll_testkit::ports::free_port;
pub use program::{plimsoll, service_program};
pub use project::{Project, Run};
pub use terminal::Terminal;

/// Says that a test was not run, and why; collected by `cargo xtask test`.
pub fn skip(name: &str, why: &str) {
    eprintln!("skipped: {name}: {why}");
}

/// Waits until something is so, at most half a minute.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "waited too long for: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
