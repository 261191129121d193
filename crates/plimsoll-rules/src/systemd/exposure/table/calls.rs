//! Rows about system calls.

use super::{Measure, Row, row};

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row("SystemCallFilter_clock", "SystemCallFilter=~@clock", (1000, 10), Measure::Calls("@clock")).says(
        "it may call what sets the clock",
        "SystemCallFilter=~@clock",
        "NTP clients",
    ),
    row(
        "SystemCallFilter_cpu_emulation",
        "SystemCallFilter=~@cpu-emulation",
        (250, 10),
        Measure::Calls("@cpu-emulation"),
    )
    .says(
        "it may call what emulates processors",
        "SystemCallFilter=~@cpu-emulation",
        "DOSEMU and its like",
    ),
    row("SystemCallFilter_debug", "SystemCallFilter=~@debug", (1000, 10), Measure::Calls("@debug")).says(
        "it may call what debuggers call",
        "SystemCallFilter=~@debug",
        "debuggers and profilers",
    ),
    row("SystemCallFilter_module", "SystemCallFilter=~@module", (1000, 10), Measure::Calls("@module")).says(
        "it may call what loads kernel modules",
        "SystemCallFilter=~@module",
        "programs that load drivers",
    ),
    row("SystemCallFilter_mount", "SystemCallFilter=~@mount", (1000, 10), Measure::Calls("@mount")).says(
        "it may call what mounts",
        "SystemCallFilter=~@mount",
        "container runtimes, programs that mount or chroot",
    ),
    row("SystemCallFilter_obsolete", "SystemCallFilter=~@obsolete", (250, 10), Measure::Calls("@obsolete"))
        .says(
            "it may call what nobody needs any more",
            "SystemCallFilter=~@obsolete",
            "programs decades old",
        ),
    row(
        "SystemCallFilter_privileged",
        "SystemCallFilter=~@privileged",
        (700, 10),
        Measure::Calls("@privileged"),
    )
    .says(
        "it may call what needs root's rights",
        "SystemCallFilter=~@privileged",
        "servers that change their account by themselves",
    ),
    row("SystemCallFilter_raw_io", "SystemCallFilter=~@raw-io", (1000, 10), Measure::Calls("@raw-io")).says(
        "it may call what reaches hardware",
        "SystemCallFilter=~@raw-io",
        "tools for disks and firmware",
    ),
    row("SystemCallFilter_reboot", "SystemCallFilter=~@reboot", (1000, 10), Measure::Calls("@reboot")).says(
        "it may call what restarts the machine",
        "SystemCallFilter=~@reboot",
        "programs that call reboot()",
    ),
    row(
        "SystemCallFilter_resources",
        "SystemCallFilter=~@resources",
        (700, 10),
        Measure::Calls("@resources"),
    )
    .says(
        "it may call what changes limits and priorities",
        "SystemCallFilter=~@resources",
        "programs that pin threads or change priorities (many databases; the JVM with NUMA)",
    ),
    row("SystemCallFilter_swap", "SystemCallFilter=~@swap", (1000, 10), Measure::Calls("@swap")).says(
        "it may call what switches swap",
        "SystemCallFilter=~@swap",
        "swapon",
    ),
    row("SystemCallArchitectures", "SystemCallArchitectures=", (1000, 10), Measure::Architectures).says(
        "it may make system calls of other architectures",
        "SystemCallArchitectures=native",
        "32-bit helpers of a 64-bit service",
    ),
];
