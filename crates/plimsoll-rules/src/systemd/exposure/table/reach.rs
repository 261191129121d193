//! Rows about what a service reaches: network, namespaces, keys, its manager.

use super::{Measure, Row, row};

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row("PrivateNetwork", "PrivateNetwork=", (2500, 1), Measure::Flag(|flags| flags.private_network))
        .says("it reaches the host's network", "PrivateNetwork=yes", "every program that speaks to others over the network; a listening socket can be handed over by a .socket unit"),
    row("IPAddressDeny", "IPAddressDeny=", (1000, 10), Measure::Addresses)
        .says("it may speak with any address", "IPAddressDeny=any, with IPAddressAllow= for its peers", "a program whose peers are not in IPAddressAllow="),
    row("RestrictAddressFamilies_AF_INET_INET6", "RestrictAddressFamilies=~AF_(INET|INET6)", (1500, 1), Measure::Families(&["AF_INET", "AF_INET6"]))
        .says("it may open Internet sockets", "RestrictAddressFamilies=~AF_INET AF_INET6", "every program that speaks TCP or UDP"),
    row("RestrictAddressFamilies_AF_NETLINK", "RestrictAddressFamilies=~AF_NETLINK", (200, 1), Measure::Families(&["AF_NETLINK"]))
        .says("it may open netlink sockets", "RestrictAddressFamilies=~AF_NETLINK", "programs that list network interfaces (Go: net.Interfaces; glibc: getifaddrs)"),
    row("RestrictAddressFamilies_AF_PACKET", "RestrictAddressFamilies=~AF_PACKET", (1000, 1), Measure::Families(&["AF_PACKET"]))
        .says("it may open packet sockets", "RestrictAddressFamilies=~AF_PACKET", "DHCP clients, sniffers"),
    row("RestrictAddressFamilies_AF_UNIX", "RestrictAddressFamilies=~AF_UNIX", (25, 1), Measure::Families(&["AF_UNIX"]))
        .says("it may open local sockets", "RestrictAddressFamilies=~AF_UNIX", "the journal, D-Bus, local databases"),
    row("RestrictAddressFamilies_OTHER", "RestrictAddressFamilies=~…", (1250, 1), Measure::Families(&[]))
        .says("it may open exotic sockets", "RestrictAddressFamilies= with only those that it needs", "Bluetooth, CAN, VSOCK and their like"),
    row("RestrictNamespaces_cgroup", "RestrictNamespaces=~cgroup", (500, 1), Measure::Namespace("cgroup"))
        .says("it may make cgroup namespaces", "RestrictNamespaces=~cgroup", "container runtimes"),
    row("RestrictNamespaces_ipc", "RestrictNamespaces=~ipc", (500, 1), Measure::Namespace("ipc"))
        .says("it may make IPC namespaces", "RestrictNamespaces=~ipc", "container runtimes"),
    row("RestrictNamespaces_mnt", "RestrictNamespaces=~mnt", (500, 1), Measure::Namespace("mnt"))
        .says("it may make mount namespaces", "RestrictNamespaces=~mnt", "container runtimes, sandboxes"),
    row("RestrictNamespaces_net", "RestrictNamespaces=~net", (500, 1), Measure::Namespace("net"))
        .says("it may make network namespaces", "RestrictNamespaces=~net", "container runtimes, VPNs"),
    row("RestrictNamespaces_pid", "RestrictNamespaces=~pid", (500, 1), Measure::Namespace("pid"))
        .says("it may make process namespaces", "RestrictNamespaces=~pid", "container runtimes, browsers without head"),
    row("RestrictNamespaces_user", "RestrictNamespaces=~user", (1500, 1), Measure::Namespace("user"))
        .says("it may make user namespaces", "RestrictNamespaces=~user", "rootless containers, browsers without head (their sandbox)"),
    row("RestrictNamespaces_uts", "RestrictNamespaces=~uts", (100, 1), Measure::Namespace("uts"))
        .says("it may make hostname namespaces", "RestrictNamespaces=~uts", "container runtimes"),
    row("PrivateUsers", "PrivateUsers=", (1000, 1), Measure::Flag(|flags| flags.private_users))
        .says("it sees other accounts", "PrivateUsers=yes", "services that keep a capability of the host, or that write files for several accounts"),
    row("PrivateMounts", "PrivateMounts=", (1000, 1), Measure::Flag(|flags| flags.private_mounts))
        .says("what it mounts is seen by the host", "PrivateMounts=yes", "services that mount for others"),
    row("KeyringMode", "KeyringMode=", (1000, 1), Measure::Keyring)
        .says("it shares keys of the kernel", "KeyringMode=private", "services that hand keys to others"),
    row("Delegate", "Delegate=", (100, 1), Measure::Delegate)
        .says("it governs a part of the control groups", "Delegate=no", "container runtimes"),
    row("NotifyAccess", "NotifyAccess=", (1000, 1), Measure::Notify)
        .says("its children may change the service's state", "NotifyAccess=main", "services that a shell script starts and that call systemd-notify"),
];
