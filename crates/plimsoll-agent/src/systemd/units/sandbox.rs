//! The lines that keep a program in: what it may see, call and become.

use std::path::Path;

use plimsoll_model::release::Hardening;

use super::super::Scope;
use super::text::{Line, line, path_value};

/// What a program needs in spite of its sandbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs<'a> {
    /// How much of the sandbox is on.
    pub(super) hardening: Hardening,
    /// Which systemd makes it.
    pub(super) scope: Scope,
    /// Capabilities that the program keeps.
    pub(super) capabilities: &'a [String],
    /// Folders that it writes.
    pub(super) writes: &'a [&'a Path],
}

/// The lines of a program's sandbox.
pub(super) fn lines(needs: &Needs<'_>) -> Vec<Line> {
    let mut lines =
        vec![line("NoNewPrivileges", "yes", "no program that it starts gets more rights than it has")];
    if needs.hardening == Hardening::Off {
        return lines;
    }
    lines.extend(calls(needs));
    if needs.scope == Scope::System {
        lines.extend(capabilities(needs));
        lines.extend(view(needs));
    }
    lines
}

/// What holds for any user's systemd: filters of system calls.
fn calls(needs: &Needs<'_>) -> Vec<Line> {
    let mut lines = vec![
        line(
            "RestrictAddressFamilies",
            "AF_INET AF_INET6 AF_UNIX",
            "a service speaks TCP and to local sockets",
        ),
        line("RestrictNamespaces", "yes", "it makes no containers"),
        line("RestrictRealtime", "yes", "it cannot take a processor for itself"),
        line("RestrictSUIDSGID", "yes", "it leaves no program behind that others run with its rights"),
        line("LockPersonality", "yes", "it stays in the execution domain that it was built for"),
        line("SystemCallArchitectures", "native", "the filters below cannot be walked around"),
        line("UMask", "0027", "what it writes is not for everybody to read"),
    ];
    if needs.hardening == Hardening::Strict {
        lines.extend([
            line("MemoryDenyWriteExecute", "yes", "injected data does not become code"),
            line("SystemCallFilter", "@system-service", "the calls that services need"),
            line("SystemCallFilter", system_calls_left_out(needs), "and none that administer a host"),
            line("SystemCallErrorNumber", "EPERM", "a refused call is an error that a program can name"),
        ]);
    }
    lines
}

/// A program that keeps a capability needs the calls that go with it.
fn system_calls_left_out(needs: &Needs<'_>) -> &'static str {
    let binds_only = needs.capabilities.iter().all(|name| name == "CAP_NET_BIND_SERVICE");
    if binds_only { "~@privileged @resources" } else { "~@resources" }
}

fn capabilities(needs: &Needs<'_>) -> Vec<Line> {
    let kept = needs.capabilities.join(" ");
    let why = "a capability is a part of root's rights";
    if kept.is_empty() {
        // Its own view of accounts hides the host's; a capability in such a view would be worth nothing outside.
        return vec![
            line("CapabilityBoundingSet", "", why),
            line("PrivateUsers", "yes", "all accounts but its own look like nobody's"),
        ];
    }
    vec![
        line("CapabilityBoundingSet", kept.clone(), why),
        line("AmbientCapabilities", kept, "the release asks for it"),
    ]
}

/// What it sees of the host.
fn view(needs: &Needs<'_>) -> Vec<Line> {
    let mut lines = vec![
        line("ProtectSystem", "strict", "the whole file system is read-only"),
        line("ProtectHome", "yes", "homes are not there"),
        line("PrivateTmp", "yes", "a /tmp of its own"),
        line("PrivateDevices", "yes", "no devices but /dev/null and the like"),
        line("DevicePolicy", "closed", "the same, in the kernel"),
        line("PrivateMounts", "yes", "what it mounts stays with it"),
        line("ProtectKernelTunables", "yes", "/proc/sys and /sys are read-only"),
        line("ProtectKernelModules", "yes", "it loads no modules"),
        line("ProtectKernelLogs", "yes", "it does not read the kernel's log"),
        line("ProtectControlGroups", "yes", "it does not lift its own limits"),
        line("ProtectClock", "yes", "it does not set the clock"),
        line("ProtectHostname", "yes", "it does not rename the host"),
        line("ProtectProc", "invisible", "other accounts' processes are not there"),
        line("ProcSubset", "pid", "of /proc only processes"),
        line("RemoveIPC", "yes", "what it shares in memory goes with it"),
        line("KeyringMode", "private", "it sees no other keys of the kernel"),
    ];
    let writes = needs
        .writes
        .iter()
        .map(|path| line("ReadWritePaths", path_value(path), "the one place that it writes"));
    lines.extend(writes);
    lines
}
