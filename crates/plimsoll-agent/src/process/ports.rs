//! Ports for instances: free now, and each instance begins to look at its own place in the range.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use plimsoll_model::{Digest, InstanceId};

use super::sockets;
use crate::runtime::PORTS;

/// A port that nobody listens on. Beginning at the hash of `seed` and instance keeps services of one host, which
/// do not know of each other, apart.
pub(crate) fn lease(seed: &str, instance: &InstanceId, taken: &BTreeSet<u16>) -> Option<u16> {
    let count = PORTS.end() - PORTS.start() + 1;
    let digest = Digest::of(format!("{seed} {instance}").as_bytes());
    let [high, low, ..] = digest.as_bytes();
    let first = u16::from_be_bytes([*high, *low]) % count;
    let mut ports = (0..count).map(|step| PORTS.start() + (first + step) % count);
    ports.find(|port| !taken.contains(port) && is_free(*port))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && sockets::listeners(port).is_ok_and(|found| found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_not_given_out() {
        let instance = "0123456789ab.0".parse().unwrap();
        let first = lease("test", &instance, &BTreeSet::new()).unwrap();
        assert!(PORTS.contains(&first));
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, first));
        let second = lease("test", &instance, &BTreeSet::new()).unwrap();
        assert_ne!(first, second);
        drop(held);
        let third = lease("test", &instance, &[first, second].into()).unwrap();
        assert!(third != first && third != second);
    }
}
