//! The port that clients use, and the ports of instances.
//!
//! Whether the address can be taken is asked of the kernel by binding a socket to it that never listens: nobody
//! notices, and the answer is the one that the proxy would get. Who has it is read from `/proc`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::facts::{Fact, InstancePorts, ListenFacts, PortUse};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};

use super::view::View;
use crate::layout::Layout;
use crate::process::holder;
use crate::runtime::{Holder, PORTS};
use crate::systemd;

/// The tables of a host with 100,000 connections have 15 MB.
const LARGEST_TABLE: u64 = 64 << 20;

pub(super) fn facts(view: &View, address: SocketAddr, layout: &Layout) -> ListenFacts {
    let nobody = Fact::Known(PortUse::Free);
    let yes = Fact::Known(true);
    let found = |port, is_ours, permitted| ListenFacts { address, port, is_ours, permitted };
    let not_asked = |why: &str| Fact::unknown(why);
    match try_bind(address) {
        Ok(()) => found(nobody, yes.clone(), yes),
        Err(Errno::ADDRINUSE) => found(holder_of(view, address, layout), yes.clone(), yes),
        Err(Errno::ADDRNOTAVAIL) => {
            let why = "the address is not this host's";
            found(Fact::unknown(why), Fact::Known(false), not_asked(why))
        }
        Err(Errno::ACCESS | Errno::PERM) => {
            let why = "this user may not take the port";
            found(Fact::unknown(why), Fact::unknown(why), Fact::Known(false))
        }
        Err(error) => {
            let why = format!("binding to {address}: {error}");
            found(Fact::unknown(why.clone()), Fact::unknown(why.clone()), Fact::unknown(why))
        }
    }
}

/// Binds as the proxy does, and lets go.
fn try_bind(address: SocketAddr) -> Result<(), Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)
}

fn holder_of(view: &View, address: SocketAddr, layout: &Layout) -> Fact<PortUse> {
    let sockets = match listeners(view) {
        Ok(found) => {
            found.into_iter().filter(|(at, _)| *at == address.port()).map(|(_, inode)| inode).collect()
        }
        Err(why) => return Fact::Unknown(why),
    };
    let holder = holder(&sockets);
    let ours = is_our_proxy(view, &holder, layout) || is_our_socket(&holder, address, layout);
    Fact::Known(if ours { PortUse::Ours } else { PortUse::Held(holder.to_string()) })
}

/// Whether it is a proxy that keeps its table in the service's folder.
fn is_our_proxy(view: &View, holder: &Holder, layout: &Layout) -> bool {
    let Some(pid) = holder.pid else { return false };
    let line = view.bytes(&format!("/proc/{pid}/cmdline"), 64 * 1024).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).map(|word| Path::new(OsStr::from_bytes(word)));
    words.nth(1) == Some(Path::new("proxy")) && words.any(|word| word.starts_with(layout.folder()))
}

/// Whether it is a systemd that holds the service's own socket, with a proxy behind it or none at the moment.
fn is_our_socket(holder: &Holder, address: SocketAddr, layout: &Layout) -> bool {
    let is_systemd = |program: &PathBuf| program.file_name() == Some(OsStr::new("systemd"));
    holder.executable.as_ref().is_some_and(is_systemd) && systemd::holds_socket(layout, address)
}

pub(super) fn instance_ports(view: &View) -> Fact<InstancePorts> {
    let count = |listeners: Vec<(u16, u64)>| {
        let taken: BTreeSet<u16> =
            listeners.into_iter().map(|(port, _)| port).filter(|port| PORTS.contains(port)).collect();
        InstancePorts {
            first: *PORTS.start(),
            last: *PORTS.end(),
            taken: u32::try_from(taken.len()).unwrap_or(u32::MAX),
            ephemeral: overlap(view),
        }
    };
    listeners(view).map(count).into()
}

/// The range of outgoing connections, where it and that of instances have ports in common.
fn overlap(view: &View) -> Option<(u16, u16)> {
    let line = view.line("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let (low, high) = line.split_once(char::is_whitespace)?;
    let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= *PORTS.end() && high >= *PORTS.start()).then_some((low, high))
}

/// Ports that somebody listens on, each with its socket.
fn listeners(view: &View) -> Result<Vec<(u16, u64)>, String> {
    let mut found = parse(&view.bytes("/proc/net/tcp", LARGEST_TABLE)?);
    // A kernel without IPv6 has no such file.
    if let Ok(table) = view.bytes("/proc/net/tcp6", LARGEST_TABLE) {
        found.extend(parse(&table));
    }
    Ok(found)
}

/// `sl local_address rem_address st ... uid timeout inode`; state 0A is LISTEN.
fn parse(table: &[u8]) -> Vec<(u16, u64)> {
    let text = String::from_utf8_lossy(table);
    let listener = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (_, port) = fields.nth(1)?.split_once(':')?;
        fields.nth(1).filter(|state| *state == "0A")?;
        Some((u16::from_str_radix(port, 16).ok()?, fields.nth(5)?.parse().ok()?))
    };
    text.lines().skip(1).filter_map(listener).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn layout() -> Layout {
        Layout::new(std::path::Path::new("/nowhere"), &"greeter".parse().unwrap())
    }

    #[test]
    fn a_port_is_free_then_held_then_free() {
        let view = View::of_this_host();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let held = facts(&view, address, &layout());
        let me = format!("process {}", std::process::id());
        assert!(matches!(&held.port, Fact::Known(PortUse::Held(who)) if who.starts_with(&me)), "{held:?}");
        assert_eq!((held.is_ours, held.permitted), (Fact::Known(true), Fact::Known(true)));
        // Whoever listens on one address is in the way of all.
        let all = facts(&view, SocketAddr::from(([0, 0, 0, 0], address.port())), &layout());
        assert!(matches!(all.port, Fact::Known(PortUse::Held(_))), "{all:?}");
        drop(listener);
        assert_eq!(facts(&view, address, &layout()).port, Fact::Known(PortUse::Free));
    }

    #[test]
    fn another_hosts_address_is_not_ours() {
        let found = facts(&View::of_this_host(), "192.0.2.1:8080".parse().unwrap(), &layout());
        assert_eq!(found.is_ours, Fact::Known(false));
    }

    #[test]
    fn tables_are_read_by_state() {
        let line = |state: &str| {
            format!(
                "sl\n  0: 0100007F:4E20 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0 0 777 1 0\n"
            )
        };
        assert_eq!(parse(line("0A").as_bytes()), [(20_000, 777)]);
        assert_eq!(parse(line("01").as_bytes()), []);
        assert_eq!(parse(b"sl\n\xff\xff : 0A\n0: 1:2"), []);
    }
}
