//! How bad each row is for an effective unit.

use std::net::IpAddr;

use super::address;
use super::capabilities::Capabilities;
use super::effective::{Effective, NAMESPACES};
use super::table::{Measure, Row};

/// How bad a row is, from 0 to its range; nothing where it does not apply.
pub fn badness(row: &Row, unit: &Effective) -> Option<u32> {
    if row.default_dependencies_only && !unit.default_dependencies {
        return None;
    }
    Some(match row.measure {
        // Root has all groups, and its shared memory stays.
        Measure::SupplementaryGroups | Measure::RemoveIpc if unit.is_root() => return None,
        Measure::Flag(flag) => u32::from(!flag(&unit.flags)),
        Measure::Delegate => u32::from(unit.flags.delegate),
        Measure::User => user(unit),
        Measure::SupplementaryGroups => u32::from(!unit.supplementary_groups.is_empty()),
        Measure::RemoveIpc => u32::from(!unit.flags.remove_ipc),
        Measure::Capabilities(names) => {
            u32::from(unit.capability_bounding_set.has_any(Capabilities::of(names)))
        }
        Measure::Ambient => u32::from(unit.ambient_capabilities != Capabilities::NONE),
        Measure::Namespace(name) => u32::from(may_make(unit, name)),
        Measure::Families(names) => u32::from(!unit.address_families.refuses(names)),
        Measure::Calls(group) => calls(unit, group),
        Measure::Architectures => architectures(&unit.system_call_architectures),
        Measure::Home => match &*unit.protect_home {
            "yes" => 0,
            "tmpfs" => 1,
            "read-only" => 5,
            _ => 10,
        },
        Measure::System => match &*unit.protect_system {
            "strict" => 0,
            "full" => 3,
            "yes" => 5,
            _ => 10,
        },
        Measure::Root => u32::from(is_host(&unit.root_directory) && is_host(&unit.root_image)),
        Measure::Keyring => u32::from(unit.keyring_mode != "private"),
        Measure::Notify => u32::from(unit.notify_access == "all"),
        Measure::Proc => match &*unit.protect_proc {
            "invisible" | "ptraceable" => 0,
            "noaccess" => 1,
            _ => 3,
        },
        Measure::ProcSubset => u32::from(unit.proc_subset != "pid"),
        Measure::Devices => devices(unit),
        Measure::Addresses => addresses(unit),
        Measure::UMask => umask(unit.umask),
    })
}

fn user(unit: &Effective) -> u32 {
    match &*unit.user {
        "nobody" => 9,
        "" if unit.dynamic_user => 0,
        "" | "0" | "root" => 10,
        _ => 0,
    }
}

fn may_make(unit: &Effective, name: &str) -> bool {
    let bit = NAMESPACES.iter().position(|known| *known == name).map_or(0, |at| 1_u8 << at);
    unit.restrict_namespaces.is_none_or(|bits| bits & bit != 0)
}

fn calls(unit: &Effective, group: &str) -> u32 {
    let filter = &unit.system_call_filter;
    match (filter.is_open(), filter.offender(group)) {
        (true, _) => 10,
        (false, None) => 0,
        (false, Some(_)) => {
            if filter.allows {
                9
            } else {
                10
            }
        }
    }
}

fn architectures(named: &[String]) -> u32 {
    match named {
        [] => 10,
        _ if named.iter().all(|name| name == "native") => 0,
        // The native one by its own name too: systemd compares names.
        _ => 8,
    }
}

fn is_host(root: &str) -> bool {
    root.chars().all(|c| c == '/')
}

fn devices(unit: &Effective) -> u32 {
    match (&*unit.device_policy, unit.device_allow) {
        ("strict" | "closed", false) => 0,
        ("strict" | "closed", true) => 5,
        _ => 10,
    }
}

fn addresses(unit: &Effective) -> u32 {
    let is_local = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    };
    if unit.ip_ingress_filter || unit.ip_egress_filter {
        0
    } else if !address::is_all(&unit.ip_address_deny) {
        10
    } else if unit.ip_address_allow.is_empty() {
        0
    } else if unit.ip_address_allow.iter().all(|(address, _)| is_local(address)) {
        2
    } else {
        5
    }
}

/// The first of these bits that is not masked: others write, others read, the group writes, the group reads.
fn umask(mask: u32) -> u32 {
    let bits = [(0o002, 10), (0o004, 5), (0o020, 2), (0o040, 1)];
    bits.iter().find(|(bit, _)| mask & bit == 0).map_or(0, |(_, badness)| *badness)
}
