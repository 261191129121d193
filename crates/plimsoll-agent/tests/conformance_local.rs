//! The conformance suite over a real agent process with real instances and a real proxy.

mod support;

use std::time::Instant;

use plimsoll_agent::conformance::{CHECKS, Driver};
use support::{LocalSubject, service};

/// Each check has a host of its own; a few run at the same time, because most of them wait.
#[test]
fn the_agent_on_this_machine_conforms() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(check) = CHECKS.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let began = Instant::now();
                    let mut subject = LocalSubject::new();
                    (check.run)(&mut Driver::new(&mut subject, service()));
                    println!("{} ok, {} ms", check.name, began.elapsed().as_millis());
                }
            });
        }
    });
}
