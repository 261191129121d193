//! The agent's unit: resident, back after a kill and after a reboot, so that the dead man's switch does not depend on
//! anybody's connection.

use std::path::Path;

use super::super::Scope;
use super::text::{Line, UnitText, line, quote, quote_argument};

/// What an agent's unit is made of.
#[derive(Debug, Clone, Copy)]
pub struct AgentUnit<'a> {
    /// The program.
    pub executable: &'a Path,
    /// Folder of releases and state of all services.
    pub root: &'a Path,
    /// The service.
    pub service: &'a str,
    /// Which systemd runs it.
    pub scope: Scope,
    /// Version of the program.
    pub version: &'a str,
}

/// The unit.
pub fn agent(unit: &AgentUnit<'_>) -> UnitText {
    let about = vec![
        line("Description", format!("plimsoll's agent for {}", unit.service), "for people"),
        line("Documentation", "man:systemd.service(5)", "for people"),
        line("StartLimitIntervalSec", "0", "it comes back however often it was killed"),
    ];
    let install = vec![line("WantedBy", wanted_by(unit.scope), "it returns with a reboot")];
    let folder = unit.root.join(unit.service);
    UnitText::default()
        .section("Unit", about)
        .section("Service", service(unit))
        .section("Install", install)
        .made_for(&folder, unit.version)
}

fn service(unit: &AgentUnit<'_>) -> Vec<Line> {
    let mut command = format!(
        "{} agent --root {} --service {} --runtime systemd",
        quote(&unit.executable.display().to_string()),
        quote_argument(&unit.root.display().to_string()),
        unit.service
    );
    if unit.scope == Scope::User {
        command.push_str(" --scope user");
    }
    let mut lines = vec![
        line("Type", "exec", "a program that cannot be executed is known at once"),
        line("ExecStart", command, "the program that was installed last"),
        line("Restart", "always", "it comes back after a kill"),
        line("RestartSec", "100ms", "at once, but not in a tight loop"),
        line("KillMode", "mixed", "it ends first, then what it started"),
        line("TimeoutStopSec", "10s", "it has nothing to finish: its state is saved before each deed"),
        line("StandardOutput", "journal", "its messages are in the journal"),
        line("SyslogIdentifier", format!("plimsoll-{}", unit.service), "found by the service's name"),
        line("NoNewPrivileges", "yes", "it starts nothing with more rights than its own"),
        line("LockPersonality", "yes", "it needs no other execution domain"),
        line("MemoryDenyWriteExecute", "yes", "it makes no code"),
        line("RestrictRealtime", "yes", "it needs no real-time scheduling"),
        line("SystemCallArchitectures", "native", "it makes no foreign system calls"),
        line("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6", "what probes and D-Bus need"),
    ];
    if unit.scope == Scope::System {
        lines.extend([
            line("OOMScoreAdjust", "-500", "the switch must work when memory is short"),
            line("ProtectClock", "yes", "it sets no clock"),
            line("ProtectKernelModules", "yes", "it loads no modules"),
            line("ProtectKernelLogs", "yes", "it reads no kernel log"),
            line("RestrictNamespaces", "yes", "it makes none"),
            line("CapabilityBoundingSet", CAPABILITIES, "files of other accounts, and who holds a socket"),
        ]);
    }
    lines
}

/// `CHOWN`, `FOWNER`, `DAC_*`: shared folders belong to the service's account. `SYS_PTRACE`: `/proc/PID/exe` and
/// `/proc/PID/fd` of other accounts, for the proof. `KILL`: signals to them. `NET_BIND_SERVICE`: whether a port below
/// 1024 is free is found by binding to it, with the right that systemd has when it takes the port.
const CAPABILITIES: &str =
    "CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_KILL CAP_NET_BIND_SERVICE";

/// The target that comes with every boot, or with every login of the user.
pub(super) fn wanted_by(scope: Scope) -> &'static str {
    match scope {
        Scope::System => "multi-user.target",
        Scope::User => "default.target",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_comes_back() {
        let unit = AgentUnit {
            executable: Path::new("/opt/plimsoll/bin/ab 12/plimsoll"),
            root: Path::new("/opt/plimsoll"),
            service: "greeter",
            scope: Scope::User,
            version: "0.1.0",
        };
        let text = agent(&unit);
        assert_eq!(
            text.values("ExecStart"),
            [
                "\"/opt/plimsoll/bin/ab 12/plimsoll\" agent --root \"/opt/plimsoll\" --service greeter --runtime systemd --scope user"
            ]
        );
        assert_eq!(text.values("Restart"), ["always"]);
        assert_eq!(text.values("WantedBy"), ["default.target"]);
        assert!(text.values("CapabilityBoundingSet").is_empty(), "a user's systemd may not drop any");
        let system = agent(&AgentUnit { scope: Scope::System, ..unit });
        assert_eq!(system.values("WantedBy"), ["multi-user.target"]);
    }
}
