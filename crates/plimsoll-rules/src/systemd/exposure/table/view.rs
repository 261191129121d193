//! Rows about what a service sees of the host.

use super::{Measure, Row, row};

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row("RootDirectoryOrRootImage", "RootDirectory=/RootImage=", (200, 1), Measure::Root).default_dependencies_only()
        .says("its root is the host's", "RootDirectory= or RootImage=", "programs whose libraries and files are not all in that root"),
    row("ProtectSystem", "ProtectSystem=", (1000, 10), Measure::System).default_dependencies_only()
        .says("it may write the system's files", "ProtectSystem=strict", "writing outside of ReadWritePaths=, StateDirectory= and their like"),
    row("ProtectHome", "ProtectHome=", (1000, 10), Measure::Home).default_dependencies_only()
        .says("it sees the homes", "ProtectHome=yes", "programs that live or keep files below /home or /root"),
    row("PrivateTmp", "PrivateTmp=", (1000, 1), Measure::Flag(|flags| flags.private_tmp)).default_dependencies_only()
        .says("it sees others' temporary files", "PrivateTmp=yes", "programs that meet others in /tmp (sockets of X11 and of some databases)"),
    row("PrivateDevices", "PrivateDevices=", (1000, 1), Measure::Flag(|flags| flags.private_devices))
        .says("it sees devices", "PrivateDevices=yes", "programs that use hardware: GPUs, serial ports, /dev/fuse, /dev/kvm"),
    row("DeviceAllow", "DeviceAllow=", (1000, 10), Measure::Devices)
        .says("no list says which devices it may open", "DevicePolicy=closed and no DeviceAllow= (PrivateDevices=yes implies it; ProtectClock=yes adds a device)", "programs that use a device that is not named"),
    row("ProtectClock", "ProtectClock=", (1000, 1), Measure::Flag(|flags| flags.protect_clock))
        .says("it may write the clock", "ProtectClock=yes", "NTP clients"),
    row("ProtectControlGroups", "ProtectControlGroups=", (1000, 1), Measure::Flag(|flags| flags.protect_control_groups))
        .says("it may write control groups", "ProtectControlGroups=yes", "container runtimes"),
    row("ProtectHostname", "ProtectHostname=", (50, 1), Measure::Flag(|flags| flags.protect_hostname))
        .says("it may rename the machine", "ProtectHostname=yes", "programs that set the name, or that must see it change"),
    row("ProtectKernelLogs", "ProtectKernelLogs=", (1000, 1), Measure::Flag(|flags| flags.protect_kernel_logs))
        .says("it may read the kernel's log", "ProtectKernelLogs=yes", "log collectors that read /dev/kmsg"),
    row("ProtectKernelModules", "ProtectKernelModules=", (1000, 1), Measure::Flag(|flags| flags.protect_kernel_modules))
        .says("it may load kernel modules", "ProtectKernelModules=yes", "programs that load drivers"),
    row("ProtectKernelTunables", "ProtectKernelTunables=", (1000, 1), Measure::Flag(|flags| flags.protect_kernel_tunables))
        .says("it may write /proc/sys and /sys", "ProtectKernelTunables=yes", "programs that tune the kernel"),
    row("ProtectProc", "ProtectProc=", (1000, 3), Measure::Proc)
        .says("it sees other accounts' processes", "ProtectProc=invisible", "monitoring of other processes"),
    row("ProcSubset", "ProcSubset=", (10, 1), Measure::ProcSubset)
        .says("it sees all of /proc", "ProcSubset=pid", "programs that read /proc/meminfo, /proc/cpuinfo or /proc/sys (the JVM, Node.js, Go for transparent huge pages)"),
];
