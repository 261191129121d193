//! Rows about whose rights a service has and what it may become.

use super::{Measure, Row, row};

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row("UserOrDynamicUser", "User=/DynamicUser=", (2000, 10), Measure::User)
        .says("it runs as root", "DynamicUser=yes, or User= with an account of its own", "services that need rights of root; one that only binds to a port below 1024 needs AmbientCapabilities=CAP_NET_BIND_SERVICE"),
    row("SupplementaryGroups", "SupplementaryGroups=", (200, 1), Measure::SupplementaryGroups)
        .says("it has groups besides its own", "SupplementaryGroups= removed", "access that comes by those groups"),
    row("RemoveIPC", "RemoveIPC=", (100, 1), Measure::RemoveIpc)
        .says("shared memory stays behind when it ends", "RemoveIPC=yes", "programs that share memory with a later run (PostgreSQL)"),
    row("NoNewPrivileges", "NoNewPrivileges=", (1000, 1), Measure::Flag(|flags| flags.no_new_privileges))
        .says("programs that it starts may get more rights", "NoNewPrivileges=yes", "sudo, su, setuid helpers (sendmail)"),
    row("AmbientCapabilities", "AmbientCapabilities=", (500, 1), Measure::Ambient)
        .says("it is given a part of root's rights", "AmbientCapabilities= removed", "what needs that right"),
    row("RestrictSUIDSGID", "RestrictSUIDSGID=", (1000, 1), Measure::Flag(|flags| flags.restrict_suid_sgid))
        .says("it may leave setuid programs behind", "RestrictSUIDSGID=yes", "installers and archivers that keep these bits"),
    row("RestrictRealtime", "RestrictRealtime=", (500, 1), Measure::Flag(|flags| flags.restrict_realtime))
        .says("it may take a processor for itself", "RestrictRealtime=yes", "audio and other real-time programs"),
    row("LockPersonality", "LockPersonality=", (100, 1), Measure::Flag(|flags| flags.lock_personality))
        .says("it may change its execution domain", "LockPersonality=yes", "emulators of old systems"),
    row("MemoryDenyWriteExecute", "MemoryDenyWriteExecute=", (100, 1), Measure::Flag(|flags| flags.memory_deny_write_execute))
        .says("data may become code", "MemoryDenyWriteExecute=yes", "everything that compiles while it runs: Node.js, the JVM, .NET, LuaJIT, PCRE with JIT, WebAssembly"),
    row("UMask", "UMask=", (100, 10), Measure::UMask)
        .says("others may read what it writes", "UMask=0077", "programs whose files another account reads"),
];
