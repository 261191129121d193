//! Ports for tests to listen on later.
//!
//! The system's own choice (port 0) will not do: it comes from the range of outgoing connections, and between the choice
//! and the use some health check or client beside us may get that very port for its end.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range of outgoing connections, and below the ports that plimsoll gives to instances by itself.
const FIRST: u16 = 10_000;
/// How many are tried.
const COUNT: u16 = 10_000;

/// A port of the loopback address that is free now and that this process gives to nobody else.
///
/// # Panics
///
/// Where none of ten thousand is free.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Other test programs begin elsewhere.
    let start =
        u16::try_from(u64::from(std::process::id()) * 97 % u64::from(COUNT)).expect("it is below the count");
    let ports = (0..COUNT).map(|_| FIRST + (start + GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT);
    let mut free = ports.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("a port between 10,000 and 20,000 is free")
}
