//! Address families: their names, and the list that a unit puts together.

use std::collections::BTreeSet;

/// Families as the C library names them.
pub const NAMES: [&str; 50] = [
    "AF_UNIX",
    "AF_LOCAL",
    "AF_FILE",
    "AF_INET",
    "AF_AX25",
    "AF_IPX",
    "AF_APPLETALK",
    "AF_NETROM",
    "AF_BRIDGE",
    "AF_ATMPVC",
    "AF_X25",
    "AF_INET6",
    "AF_ROSE",
    "AF_DECnet",
    "AF_NETBEUI",
    "AF_SECURITY",
    "AF_KEY",
    "AF_NETLINK",
    "AF_ROUTE",
    "AF_PACKET",
    "AF_ASH",
    "AF_ECONET",
    "AF_ATMSVC",
    "AF_RDS",
    "AF_SNA",
    "AF_IRDA",
    "AF_PPPOX",
    "AF_WANPIPE",
    "AF_LLC",
    "AF_IB",
    "AF_MPLS",
    "AF_CAN",
    "AF_TIPC",
    "AF_BLUETOOTH",
    "AF_IUCV",
    "AF_RXRPC",
    "AF_ISDN",
    "AF_PHONET",
    "AF_IEEE802154",
    "AF_CAIF",
    "AF_ALG",
    "AF_NFC",
    "AF_VSOCK",
    "AF_KCM",
    "AF_QIPCRTR",
    "AF_SMC",
    "AF_XDP",
    "AF_MCTP",
    "AF_UNSPEC",
    "none",
];

/// The name under which a family counts, or nothing where there is no such family. Two names of one are one.
pub fn family(word: &str) -> Option<&'static str> {
    let name = NAMES.iter().find(|name| name.eq_ignore_ascii_case(word) && name.starts_with("AF_"))?;
    Some(match *name {
        "AF_LOCAL" | "AF_FILE" => "AF_UNIX",
        "AF_ROUTE" => "AF_NETLINK",
        other => other,
    })
}

/// What a unit says about families.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Families {
    /// Whether the set holds what is allowed.
    allows: bool,
    set: Option<BTreeSet<&'static str>>,
}

impl Families {
    /// An assignment of `RestrictAddressFamilies=`.
    pub fn assign(&mut self, value: &str) {
        match value {
            "" => return *self = Self::default(),
            "none" => return *self = Self { allows: true, set: None },
            _ => {}
        }
        let (inverted, list) = value.strip_prefix('~').map_or((false, value), |list| (true, list));
        if self.set.is_none() {
            *self = Self { allows: !inverted, set: Some(BTreeSet::new()) };
        }
        let Some(set) = &mut self.set else { return };
        for name in super::super::words::readable(list).iter().filter_map(|word| family(word)) {
            if inverted == self.allows {
                set.remove(name);
            } else {
                set.insert(name);
            }
        }
    }

    /// Whether sockets of these families are refused; of all that are not named where this is empty. As systemd judges:
    /// any one of them decides.
    pub fn refuses(&self, wanted: &[&str]) -> bool {
        const NAMED: [&str; 5] = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"];
        let is_meant =
            |name: &&str| if wanted.is_empty() { !NAMED.contains(name) } else { wanted.contains(name) };
        let is_listed = self.set.iter().flatten().filter(|name| **name != "AF_UNSPEC").any(is_meant);
        is_listed != self.allows
    }
}
