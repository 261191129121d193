//! The agent on a host with systemd: the conformance suite, and what only a real systemd can show.
//!
//! These tests install units, so they run on a host of the test fleet (`place.rs`), or here where `PLIMSOLL_TEST_HOST` says
//! that the machine is there for it.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // all of it is test code

mod confined;
mod lasting;
mod place;
mod reboot;
mod subject;
#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use place::is_test_host;
use plimsoll_agent::conformance::{CHECKS, Driver};
use subject::SystemdSubject;

/// Each check has a service of its own; a few run at the same time, because most of them wait.
#[test]
fn the_agent_under_systemd_conforms() {
    if !is_test_host("the_agent_under_systemd_conforms") {
        return;
    }
    let next = AtomicUsize::new(0);
    let only = std::env::var("PLIMSOLL_CHECK").ok();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((number, check)) = pick(&next) {
                    if only.as_ref().is_some_and(|only| !check.name.contains(only)) {
                        continue;
                    }
                    let began = Instant::now();
                    let mut subject = SystemdSubject::new(&format!("check{number}"));
                    let service = subject.service.clone();
                    (check.run)(&mut Driver::new(&mut subject, service));
                    println!("{} ok, {} ms", check.name, began.elapsed().as_millis());
                }
            });
        }
    });
}

fn pick(next: &AtomicUsize) -> Option<(usize, &'static plimsoll_agent::conformance::Check)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    CHECKS.get(number).map(|check| (number, check))
}
