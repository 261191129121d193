//! Who listens on a port: sockets in `/proc/net/tcp` and `/proc/net/tcp6`, and the processes that hold them.

use std::collections::BTreeSet;
use std::fs;

use super::procfs;
use crate::runtime::Holder;

/// Inodes of the sockets that would take a connection to `127.0.0.1:port`.
pub(super) fn listeners(port: u16) -> std::io::Result<BTreeSet<u64>> {
    let mut found = parse(&fs::read_to_string("/proc/net/tcp")?, port);
    // A kernel without IPv6 has no such file.
    if let Ok(text) = fs::read_to_string("/proc/net/tcp6") {
        found.extend(parse(&text, port));
    }
    Ok(found)
}

fn parse(text: &str, port: u16) -> BTreeSet<u64> {
    text.lines().skip(1).filter_map(|line| listener(line, port)).collect()
}

/// `sl local_address rem_address st ... uid timeout inode`; state 0A is LISTEN.
fn listener(line: &str, port: u16) -> Option<u64> {
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let (address, local_port) = fields.get(1)?.split_once(':')?;
    let here = *fields.get(3)? == "0A"
        && u16::from_str_radix(local_port, 16).ok()? == port
        && takes_loopback(address);
    if here { fields.get(9)?.parse().ok() } else { None }
}

/// Whether a listener on this address takes connections to 127.0.0.1. The words are in the machine's byte order.
fn takes_loopback(address: &str) -> bool {
    let loopback = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
    let mapped = format!("{:016X}{:08X}{loopback}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]));
    address.bytes().all(|byte| byte == b'0') || address == loopback || address == mapped
}

/// Sockets that a process holds; `None` where that cannot be seen.
pub(super) fn held_by(pid: u32) -> Option<BTreeSet<u64>> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Some(
        links
            .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
            .collect(),
    )
}

/// Ports on which a process or a descendant of it waits for connections, lowest first.
pub(super) fn ports_of(pid: u32) -> BTreeSet<u16> {
    let held: BTreeSet<u64> = procfs::tree(pid).into_iter().filter_map(held_by).flatten().collect();
    let files = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default());
    let lines = files.iter().flat_map(|text| text.lines().skip(1));
    lines
        .filter_map(|line| waiting(line).filter(|(inode, _)| held.contains(inode)))
        .map(|(_, port)| port)
        .collect()
}

/// The socket of a line in state LISTEN, and its port.
fn waiting(line: &str) -> Option<(u64, u16)> {
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let (_, port) = fields.get(1)?.split_once(':')?;
    let inode = fields.get(9).filter(|_| fields[3] == "0A")?.parse().ok()?;
    Some((inode, u16::from_str_radix(port, 16).ok()?))
}

/// Who would take a connection to `127.0.0.1:port`, where somebody does and that can be seen.
pub(crate) fn holder_of(port: u16) -> Option<Holder> {
    any_holder_of(port).filter(|holder| holder.pid.is_some())
}

/// Who would take a connection to `127.0.0.1:port`, seen or not.
pub(crate) fn any_holder_of(port: u16) -> Option<Holder> {
    let found = listeners(port).ok().filter(|found| !found.is_empty())?;
    Some(holder(&found))
}

/// The process that holds one of these sockets, as far as this user can see.
pub(crate) fn holder(inodes: &BTreeSet<u64>) -> Holder {
    let holds = |pid: &u32| held_by(*pid).is_some_and(|held| !held.is_disjoint(inodes));
    let pid = procfs::all().find(holds);
    Holder { pid, executable: pid.and_then(procfs::executable) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_of_this_process_is_found() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                println!("skipped: {address} because this host cannot bind it");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let inodes = listeners(port).unwrap();
            assert_eq!(inodes.len(), 1, "{address}");
            assert!(held_by(std::process::id()).unwrap().is_superset(&inodes));
            assert_eq!(holder(&inodes).pid, Some(std::process::id()));
            assert_eq!(holder_of(port).and_then(|holder| holder.pid), Some(std::process::id()));
            assert!(ports_of(std::process::id()).contains(&port));
            drop(listener);
            assert!(listeners(port).unwrap().is_empty());
        }
    }

    #[test]
    fn listeners_elsewhere_do_not_count() {
        let line = |address: &str, state: &str| {
            format!(
                "  0: {address}:4E20 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0 0 777 1 0"
            )
        };
        let header = "sl\n";
        assert_eq!(parse(&format!("{header}{}", line("0100007F", "0A")), 0x4E20), [777].into());
        assert!(parse(&format!("{header}{}", line("0100007F", "01")), 0x4E20).is_empty());
        assert!(parse(&format!("{header}{}", line("0A00020F", "0A")), 0x4E20).is_empty());
        let v6 = "00000000000000000000000001000000";
        assert!(parse(&format!("{header}{}", line(v6, "0A")), 0x4E20).is_empty(), "::1 is not 127.0.0.1");
        let mapped = "0000000000000000FFFF00000100007F";
        assert_eq!(parse(&format!("{header}{}", line(mapped, "0A")), 0x4E20), [777].into());
    }
}
