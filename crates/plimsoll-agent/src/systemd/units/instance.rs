//! An instance's unit: a template for what all have in common, and a drop-in for each with what its release says.

use std::path::Path;

use plimsoll_model::release::RunSpec;

use super::super::Scope;
use super::agent::wanted_by;
use super::sandbox::{Needs, lines as sandbox};
use super::text::{Line, UnitText, environment_file, line, path_value, quote, quote_argument};
use crate::runtime::InstanceOrder;

/// What an instance's drop-in is made of.
#[derive(Debug, Clone, Copy)]
pub struct InstanceUnit<'a> {
    /// What to run.
    pub order: &'a InstanceOrder,
    /// The service.
    pub service: &'a str,
    /// The working folder, the only one that it writes.
    pub shared: &'a Path,
    /// Whose rights it has; absent in a user's systemd.
    pub account: Option<&'a str>,
    /// The file of its secrets.
    pub secrets: &'a Path,
    /// Which systemd runs it.
    pub scope: Scope,
}

/// The template: it starts nothing without a drop-in.
pub fn template(service: &str, folder: &Path, scope: Scope, version: &str) -> UnitText {
    UnitText::default()
        .section(
            "Unit",
            vec![
                line("Description", format!("{service}, instance on port %i"), "for people"),
                line("After", "network.target", "it listens"),
            ],
        )
        .section(
            "Service",
            vec![
                line("KillMode", "mixed", "SIGTERM to the program alone, SIGKILL to all that it left behind"),
                line(
                    "OOMPolicy",
                    "kill",
                    "what is left after the kernel ended one of its processes is no service",
                ),
                line("StandardInput", "null", "a service reads nothing there"),
                line("StandardOutput", "journal", "kept, bounded and dated also while no agent runs"),
                line("StandardError", "journal", "the same"),
            ],
        )
        .section(
            "Install",
            vec![line("WantedBy", wanted_by(scope), "it returns with a reboot, agent or not")],
        )
        .made_for(folder, version)
}

/// The drop-in of one instance.
pub fn instance(unit: &InstanceUnit<'_>) -> UnitText {
    let run = &unit.order.run_spec;
    let about = vec![
        line("Description", describe(unit), "for people"),
        line("StartLimitIntervalSec", millis(run.restart.window), "the release's restart policy"),
        line(
            "StartLimitBurst",
            (u64::from(run.restart.attempts) + 1).to_string(),
            "its restarts and the first start",
        ),
    ];
    UnitText::default().section("Unit", about).section("Service", service(unit, run))
}

fn describe(unit: &InstanceUnit<'_>) -> String {
    let id = &unit.order.process.instance;
    format!("{}: {id} on port {}", unit.service, unit.order.port)
}

fn service(unit: &InstanceUnit<'_>, run: &RunSpec) -> Vec<Line> {
    let kind = if run.notify { "notify" } else { "exec" };
    let mut lines = vec![line("Type", kind, "started is what was executed, or what said that it is ready")];
    lines.extend(restart(run));
    lines.extend(program(unit));
    lines
}

/// What holds for every program of a release: what it is, what it finds, what it may use and reach.
pub(super) fn program(unit: &InstanceUnit<'_>) -> Vec<Line> {
    let run = &unit.order.run_spec;
    let mut lines = command(unit);
    lines.extend(environment(unit));
    lines.extend(limits(run));
    lines.extend(sandbox(&Needs {
        hardening: run.hardening,
        scope: unit.scope,
        capabilities: &run.capabilities,
        writes: &[unit.shared],
    }));
    lines
}

fn command(unit: &InstanceUnit<'_>) -> Vec<Line> {
    let mut command = quote(&unit.order.executable.display().to_string());
    for argument in &unit.order.args {
        command.push(' ');
        command.push_str(&quote_argument(argument));
    }
    let mut lines = vec![
        line("ExecStart", command, "the program itself, no link that could move"),
        line("WorkingDirectory", path_value(unit.shared), "what outlives a release"),
        line(
            "SyslogIdentifier",
            format!("{}/{}", unit.service, unit.order.process.instance),
            "its lines are found by it",
        ),
    ];
    if let Some(account) = unit.account {
        lines.push(line("User", account, "an account without login and without rights"));
        lines.push(line("Group", account, "the same"));
    }
    lines
}

fn environment(unit: &InstanceUnit<'_>) -> Vec<Line> {
    let home = unit.shared.display().to_string();
    let fixed = [("HOME", home.as_str()), ("LANG", "C.UTF-8")];
    let given = &unit.order.variables;
    let fixed = fixed.iter().filter(|(name, _)| !given.contains_key(*name)).copied();
    let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let set = |(name, value): (&str, &str)| {
        line("Environment", quote(&format!("{name}={value}")), "the release's variables, and its port")
    };
    let mut lines: Vec<_> = fixed.chain(given).map(set).collect();
    if !unit.order.secrets.is_empty() {
        let why = "secrets: read by systemd as root, in no unit and on no bus";
        lines.push(line("EnvironmentFile", path_value(unit.secrets), why));
    }
    lines
}

/// The file of an order's secrets.
pub(in crate::systemd) fn secrets(order: &InstanceOrder) -> String {
    environment_file(order.secrets.iter().map(|(name, value)| (name.as_str(), value.expose())))
}

fn restart(run: &RunSpec) -> Vec<Line> {
    let again = if run.restart.attempts == 0 { "no" } else { "always" };
    vec![
        line("Restart", again, "the release's restart policy holds also while no agent runs"),
        line("RestartSec", millis(run.restart.delay), "its pause"),
        line(
            "TimeoutStartSec",
            millis(run.health.healthy_deadline),
            "the time that it has to become healthy",
        ),
        line("TimeoutStopSec", millis(run.stop_timeout), "the time between SIGTERM and SIGKILL"),
    ]
}

fn limits(run: &RunSpec) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(bytes) = run.limits.memory {
        lines.push(line("MemoryMax", bytes.to_string(), "beyond it the kernel ends the instance"));
        lines.push(line("MemorySwapMax", "0", "or it would go on, slowly, from the disk"));
    }
    if let Some(hundredths) = run.limits.cpu {
        lines.push(line("CPUQuota", format!("{}%", hundredths.max(1)), "its share of the processors"));
    }
    if let Some(files) = run.limits.open_files {
        lines.push(line("LimitNOFILE", files.to_string(), "its open files"));
    }
    lines
}

pub(super) fn millis(span: plimsoll_model::Span) -> String {
    format!("{}ms", span.duration().as_millis().max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_model::release::{Hardening, Limits};
    use plimsoll_model::{Digest, Secret};

    use super::*;
    use crate::runtime::ProcessHandle;

    fn order() -> InstanceOrder {
        let limits = Limits { memory: Some(64 << 20), cpu: Some(150), open_files: Some(1000) };
        InstanceOrder {
            process: ProcessHandle { instance: "0123456789ab.0".parse().unwrap(), run: 7 },
            executable: "/opt/plimsoll/greeter/releases/0123456789ab/greeter".into(),
            digest: Digest::of(b""),
            args: vec!["--greeting".to_owned(), "Hello $USER, 100 %".to_owned()],
            variables: BTreeMap::from([("PORT".to_owned(), "20001".to_owned())]),
            secrets: BTreeMap::from([("TOKEN".to_owned(), Secret::new("hunter2"))]),
            run_spec: RunSpec { limits, ..RunSpec::default() },
            port: 20_001,
        }
    }

    fn unit(order: &InstanceOrder, scope: Scope) -> UnitText {
        instance(&InstanceUnit {
            order,
            service: "greeter",
            shared: Path::new("/opt/plimsoll/greeter/shared"),
            account: (scope == Scope::System).then_some("plimsoll-greeter"),
            secrets: Path::new("/opt/plimsoll/greeter/state/secrets/20001"),
            scope,
        })
    }

    #[test]
    fn a_release_becomes_a_drop_in() {
        let text = unit(&order(), Scope::System);
        let expected =
            "\"/opt/plimsoll/greeter/releases/0123456789ab/greeter\" \"--greeting\" \"Hello $$USER, 100 %%\"";
        for (key, value) in [
            ("Type", "exec"),
            ("ExecStart", expected),
            ("User", "plimsoll-greeter"),
            ("EnvironmentFile", "/opt/plimsoll/greeter/state/secrets/20001"),
            ("StartLimitBurst", "4"),
            ("RestartSec", "1000ms"),
            ("TimeoutStopSec", "10000ms"),
            ("MemoryMax", "67108864"),
            ("CPUQuota", "150%"),
            ("LimitNOFILE", "1000"),
            ("CapabilityBoundingSet", ""),
            ("ProtectSystem", "strict"),
            ("ReadWritePaths", "/opt/plimsoll/greeter/shared"),
        ] {
            assert_eq!(text.values(key), [value], "{key}");
        }
        assert!(!text.render().contains("hunter2"), "a unit is for everybody to read");
        assert_eq!(secrets(&order()), "TOKEN=\"hunter2\"\n");
        let reasons = text.sections.iter().flat_map(|section| &section.lines);
        assert!(reasons.clone().all(|line| !line.why.is_empty()));
    }

    #[test]
    fn a_users_systemd_gets_no_line_that_it_cannot_keep() {
        let text = unit(&order(), Scope::User);
        for key in ["User", "CapabilityBoundingSet", "ProtectSystem", "PrivateDevices"] {
            assert!(text.values(key).is_empty(), "{key}");
        }
        assert_eq!(text.values("NoNewPrivileges"), ["yes"]);
    }

    #[test]
    fn a_release_may_ask_for_less_or_more() {
        let mut order = order();
        order.run_spec.hardening = Hardening::Off;
        order.run_spec.notify = true;
        let text = unit(&order, Scope::System);
        assert!(text.values("ProtectSystem").is_empty() && text.values("Type") == ["notify"]);
        order.run_spec.hardening = Hardening::Jit;
        let text = unit(&order, Scope::System);
        assert!(
            text.values("MemoryDenyWriteExecute").is_empty() && text.values("ProtectSystem") == ["strict"]
        );
        order.run_spec.hardening = Hardening::Strict;
        order.run_spec.capabilities = vec!["CAP_NET_BIND_SERVICE".to_owned()];
        let text = unit(&order, Scope::System);
        assert_eq!(text.values("AmbientCapabilities"), ["CAP_NET_BIND_SERVICE"]);
        assert!(text.values("PrivateUsers").is_empty());
    }
}
