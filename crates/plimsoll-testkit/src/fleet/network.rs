//! A fleet's network: one bridge with the coordinator's address, and for each host a namespace joined by a pair of links.
//!
//! Names are made from the fleet's number: bridge `pf7b`, the outer end of host 3's link `pf7h3`, its namespace
//! `pf7-web3`; addresses are `10.83.7.1` for us and `10.83.7.(10+n)` for host n.

use std::net::Ipv4Addr;
use std::path::Path;

use super::FleetError;
use super::relay::SlowLink;
use super::tools::ip;

/// The most hosts that a network has room for.
pub(super) const MOST: u8 = 200;

/// What was done to a host's link, which a new boot does not change.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) is_cut: bool,
    pub(super) slow: Option<SlowLink>,
}

/// The bridge's name.
pub(super) fn bridge(slot: u8) -> String {
    format!("pf{slot}b")
}

/// The outer end of a host's link.
pub(super) fn link(slot: u8, host: u8) -> String {
    format!("pf{slot}h{host}")
}

/// A host's address.
pub(super) fn address(slot: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 83, slot, 10 + host)
}

/// Our own address in a fleet's network.
fn ours(slot: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 83, slot, 1)
}

/// Makes the bridge.
pub(super) fn make(slot: u8) -> Result<(), FleetError> {
    let bridge = bridge(slot);
    ip(&format!("link add {bridge} type bridge"))?;
    ip(&format!("address add {}/24 dev {bridge}", ours(slot)))?;
    ip(&format!("link set {bridge} up"))
}

/// Whether a host has its namespace.
pub(super) fn is_joined(space: &str) -> bool {
    Path::new("/run/netns").join(space).exists()
}

/// Makes a host's namespace and joins it to the bridge, by a link that is still down. The link has the same hardware
/// address each time, so nobody has to learn it anew.
pub(super) fn join(slot: u8, host: u8, space: &str) -> Result<(), FleetError> {
    let (link, bridge) = (link(slot, host), bridge(slot));
    ip(&format!("netns add {space}"))?;
    ip(&format!(
        "link add {link} type veth peer name host0 address 02:83:00:00:{slot:02x}:{host:02x} netns {space}"
    ))?;
    ip(&format!("link set {link} master {bridge}"))?;
    ip(&format!("-n {space} link set lo up"))?;
    ip(&format!("-n {space} address add {}/24 dev host0", address(slot, host)))?;
    ip(&format!("-n {space} link set host0 up"))?;
    ip(&format!("-n {space} route add default via {}", ours(slot)))
}

/// Takes a host's namespace away, with its link and all that was open in it.
pub(super) fn part(slot: u8, host: u8, space: &str) -> Result<(), FleetError> {
    // A link goes with its namespace as well, but some time later.
    ip(&format!("link delete {}", link(slot, host)))?;
    ip(&format!("netns delete {space}"))
}

/// Sets the outer end of a host's link up or down.
pub(super) fn set_link(slot: u8, host: u8, up: bool) -> Result<(), FleetError> {
    ip(&format!("link set {} {}", link(slot, host), if up { "up" } else { "down" }))
}
