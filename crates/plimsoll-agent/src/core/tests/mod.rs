//! The conformance suite over the parts in memory, and what only a host in memory can be told to do.

mod dying;
mod faults;
mod random;

use crate::conformance::{CHECKS, Driver};
use crate::memory::{Host, MemorySubject};

#[test]
fn the_agent_in_memory_conforms() {
    for check in CHECKS {
        println!("{}", check.name);
        let service: plimsoll_model::ServiceName = "greeter".parse().unwrap();
        let mut subject = MemorySubject::new(Host::new(service.clone()));
        (check.run)(&mut Driver::new(&mut subject, service));
    }
}
