//! Rows about capabilities.

use super::{Measure, Row, row};

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row(
        "CapabilityBoundingSet_CAP_AUDIT",
        "CapabilityBoundingSet=~CAP_AUDIT_*",
        (500, 1),
        Measure::Capabilities(&["AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE"]),
    )
    .says(
        "it may read and change the audit log",
        "CapabilityBoundingSet=~CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_AUDIT_WRITE",
        "programs that log in users, and audit daemons",
    ),
    row(
        "CapabilityBoundingSet_CAP_BLOCK_SUSPEND",
        "CapabilityBoundingSet=~CAP_BLOCK_SUSPEND",
        (25, 1),
        Measure::Capabilities(&["BLOCK_SUSPEND"]),
    )
    .says(
        "it may keep the machine awake",
        "CapabilityBoundingSet=~CAP_BLOCK_SUSPEND",
        "programs that hold wake locks",
    ),
    row(
        "CapabilityBoundingSet_CAP_BPF",
        "CapabilityBoundingSet=~CAP_BPF",
        (25, 1),
        Measure::Capabilities(&["BPF"]),
    )
    .says(
        "it may load BPF programs",
        "CapabilityBoundingSet=~CAP_BPF",
        "tracers and network agents built on BPF",
    ),
    row(
        "CapabilityBoundingSet_CAP_CHOWN_FSETID_SETFCAP",
        "CapabilityBoundingSet=~CAP_(CHOWN|FSETID|SETFCAP)",
        (1000, 1),
        Measure::Capabilities(&["CHOWN", "FSETID", "SETFCAP"]),
    )
    .says(
        "it may give files to other accounts and capabilities to programs",
        "CapabilityBoundingSet=~CAP_CHOWN CAP_FSETID CAP_SETFCAP",
        "installers, and servers that write files for several accounts",
    ),
    row(
        "CapabilityBoundingSet_CAP_DAC_FOWNER_IPC_OWNER",
        "CapabilityBoundingSet=~CAP_(DAC_*|FOWNER|IPC_OWNER)",
        (1000, 1),
        Measure::Capabilities(&["DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "IPC_OWNER"]),
    )
    .says(
        "it may pass over the permissions of files",
        "CapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_IPC_OWNER",
        "root services that read other accounts' files",
    ),
    row(
        "CapabilityBoundingSet_CAP_IPC_LOCK",
        "CapabilityBoundingSet=~CAP_IPC_LOCK",
        (50, 1),
        Measure::Capabilities(&["IPC_LOCK"]),
    )
    .says(
        "it may lock any amount of memory",
        "CapabilityBoundingSet=~CAP_IPC_LOCK",
        "databases and key stores that lock memory beyond LimitMEMLOCK=",
    ),
    row(
        "CapabilityBoundingSet_CAP_KILL",
        "CapabilityBoundingSet=~CAP_KILL",
        (500, 1),
        Measure::Capabilities(&["KILL"]),
    )
    .says(
        "it may signal processes of other accounts",
        "CapabilityBoundingSet=~CAP_KILL",
        "supervisors whose children change their account",
    ),
    row(
        "CapabilityBoundingSet_CAP_LEASE",
        "CapabilityBoundingSet=~CAP_LEASE",
        (25, 1),
        Measure::Capabilities(&["LEASE"]),
    )
    .says(
        "it may take leases on files",
        "CapabilityBoundingSet=~CAP_LEASE",
        "file servers such as Samba",
    ),
    row(
        "CapabilityBoundingSet_CAP_LINUX_IMMUTABLE",
        "CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE",
        (75, 1),
        Measure::Capabilities(&["LINUX_IMMUTABLE"]),
    )
    .says(
        "it may mark files immutable",
        "CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE",
        "programs that use chattr",
    ),
    row(
        "CapabilityBoundingSet_CAP_MAC",
        "CapabilityBoundingSet=~CAP_MAC_*",
        (100, 1),
        Measure::Capabilities(&["MAC_ADMIN", "MAC_OVERRIDE"]),
    )
    .says(
        "it may change mandatory access control",
        "CapabilityBoundingSet=~CAP_MAC_ADMIN CAP_MAC_OVERRIDE",
        "administration of Smack",
    ),
    row(
        "CapabilityBoundingSet_CAP_MKNOD",
        "CapabilityBoundingSet=~CAP_MKNOD",
        (500, 1),
        Measure::Capabilities(&["MKNOD"]),
    )
    .says("it may make device nodes", "CapabilityBoundingSet=~CAP_MKNOD", "container runtimes"),
    row(
        "CapabilityBoundingSet_CAP_NET_ADMIN",
        "CapabilityBoundingSet=~CAP_NET_ADMIN",
        (1000, 1),
        Measure::Capabilities(&["NET_ADMIN"]),
    )
    .says(
        "it may configure the network",
        "CapabilityBoundingSet=~CAP_NET_ADMIN",
        "VPNs, firewalls, DHCP clients",
    ),
    row(
        "CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW)",
        "CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)",
        (500, 1),
        Measure::Capabilities(&["NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW"]),
    )
    .says(
        "it may listen below port 1024 and send raw packets",
        "CapabilityBoundingSet=~CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_RAW",
        "servers that bind to a port below 1024 themselves, ping",
    ),
    row(
        "CapabilityBoundingSet_CAP_SET_UID_GID_PCAP",
        "CapabilityBoundingSet=~CAP_SET(UID|GID|PCAP)",
        (1500, 1),
        Measure::Capabilities(&["SETUID", "SETGID", "SETPCAP"]),
    )
    .says(
        "it may become any account",
        "CapabilityBoundingSet=~CAP_SETUID CAP_SETGID CAP_SETPCAP",
        "servers that start as root and drop to an account by themselves",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYSLOG",
        "CapabilityBoundingSet=~CAP_SYSLOG",
        (500, 1),
        Measure::Capabilities(&["SYSLOG"]),
    )
    .says(
        "it may read the kernel's log",
        "CapabilityBoundingSet=~CAP_SYSLOG",
        "log collectors that read /dev/kmsg",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_ADMIN",
        "CapabilityBoundingSet=~CAP_SYS_ADMIN",
        (1500, 1),
        Measure::Capabilities(&["SYS_ADMIN"]),
    )
    .says(
        "it may administer the machine",
        "CapabilityBoundingSet=~CAP_SYS_ADMIN",
        "container runtimes, mounting, many tracers",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_BOOT",
        "CapabilityBoundingSet=~CAP_SYS_BOOT",
        (100, 1),
        Measure::Capabilities(&["SYS_BOOT"]),
    )
    .says(
        "it may restart the machine",
        "CapabilityBoundingSet=~CAP_SYS_BOOT",
        "programs that call reboot()",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_CHROOT",
        "CapabilityBoundingSet=~CAP_SYS_CHROOT",
        (50, 1),
        Measure::Capabilities(&["SYS_CHROOT"]),
    )
    .says(
        "it may change its root",
        "CapabilityBoundingSet=~CAP_SYS_CHROOT",
        "servers that lock themselves into a folder (sshd, OpenSMTPD)",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_MODULE",
        "CapabilityBoundingSet=~CAP_SYS_MODULE",
        (1000, 1),
        Measure::Capabilities(&["SYS_MODULE"]),
    )
    .says(
        "it may load kernel modules",
        "CapabilityBoundingSet=~CAP_SYS_MODULE",
        "programs that load drivers",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_NICE_RESOURCE",
        "CapabilityBoundingSet=~CAP_SYS_(NICE|RESOURCE)",
        (500, 1),
        Measure::Capabilities(&["SYS_NICE", "SYS_RESOURCE"]),
    )
    .says(
        "it may lift its limits and its priority",
        "CapabilityBoundingSet=~CAP_SYS_NICE CAP_SYS_RESOURCE",
        "programs that raise their own limits or priority",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_PACCT",
        "CapabilityBoundingSet=~CAP_SYS_PACCT",
        (25, 1),
        Measure::Capabilities(&["SYS_PACCT"]),
    )
    .says("it may switch accounting of processes", "CapabilityBoundingSet=~CAP_SYS_PACCT", "acct"),
    row(
        "CapabilityBoundingSet_CAP_SYS_PTRACE",
        "CapabilityBoundingSet=~CAP_SYS_PTRACE",
        (1500, 1),
        Measure::Capabilities(&["SYS_PTRACE"]),
    )
    .says(
        "it may look into other accounts' processes",
        "CapabilityBoundingSet=~CAP_SYS_PTRACE",
        "debuggers, profilers, monitoring of other processes",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_RAWIO",
        "CapabilityBoundingSet=~CAP_SYS_RAWIO",
        (1000, 1),
        Measure::Capabilities(&["SYS_RAWIO"]),
    )
    .says(
        "it may reach hardware past the kernel",
        "CapabilityBoundingSet=~CAP_SYS_RAWIO",
        "tools for disks and firmware",
    ),
    row(
        "CapabilityBoundingSet_CAP_SYS_TIME",
        "CapabilityBoundingSet=~CAP_SYS_TIME",
        (1000, 1),
        Measure::Capabilities(&["SYS_TIME"]),
    )
    .says("it may set the clock", "CapabilityBoundingSet=~CAP_SYS_TIME", "NTP clients"),
    row(
        "CapabilityBoundingSet_CAP_SYS_TTY_CONFIG",
        "CapabilityBoundingSet=~CAP_SYS_TTY_CONFIG",
        (25, 1),
        Measure::Capabilities(&["SYS_TTY_CONFIG"]),
    )
    .says("it may hang up terminals", "CapabilityBoundingSet=~CAP_SYS_TTY_CONFIG", "gettys"),
    row(
        "CapabilityBoundingSet_CAP_WAKE_ALARM",
        "CapabilityBoundingSet=~CAP_WAKE_ALARM",
        (25, 1),
        Measure::Capabilities(&["WAKE_ALARM"]),
    )
    .says(
        "it may wake the machine",
        "CapabilityBoundingSet=~CAP_WAKE_ALARM",
        "programs with timers that wake the machine",
    ),
];
