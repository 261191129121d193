//! The unit of a process that runs once: kept in like an instance, never started a second time, not even by a boot.

use std::path::Path;

use plimsoll_model::Span;

use super::instance::{InstanceUnit, millis, program};
use super::text::{UnitText, line};

/// The whole unit of one such process. `folder` is the service's, `version` the program's.
pub fn once(unit: &InstanceUnit<'_>, timeout: Span, folder: &Path, version: &str) -> UnitText {
    let id = &unit.order.process.instance;
    let about = vec![
        line("Description", format!("{}: {id} runs once", unit.service), "for people"),
        line("After", "network.target", "it may ask others"),
    ];
    let mut lines = vec![
        line("Type", "exec", "started is what was executed"),
        line("RemainAfterExit", "yes", "systemd would forget it, and with it that it has run"),
        line("Restart", "no", "it runs once"),
        line("RuntimeMaxSec", millis(timeout), "its time is over also where no agent runs"),
        line("TimeoutStopSec", "5s", "the time between SIGTERM and SIGKILL"),
        line("KillMode", "mixed", "SIGTERM to the program alone, SIGKILL to all that it left behind"),
        line("StandardInput", "null", "nobody types"),
        line("StandardOutput", "journal", "kept, bounded and dated, as what instances print"),
        line("StandardError", "journal", "the same"),
    ];
    lines.extend(program(unit));
    UnitText::default().section("Unit", about).section("Service", lines).made_for(folder, version)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_model::release::{Hardening, RunSpec};
    use plimsoll_model::{InstanceId, Secret};

    use super::*;
    use crate::runtime::{OnceProcess, ProcessHandle};
    use crate::systemd::Scope;

    #[test]
    fn it_is_kept_in_as_instances_are_and_never_repeated() {
        let instance = InstanceId::once("0123456789ab".parse().unwrap(), 12);
        let order = OnceProcess {
            process: ProcessHandle { instance, run: 12 },
            command: ["migrate", "--to", "5 %"].map(str::to_owned).to_vec(),
            variables: BTreeMap::from([("MODE".to_owned(), "once".to_owned())]),
            secrets: BTreeMap::from([("TOKEN".to_owned(), Secret::new("hunter2"))]),
            run_spec: RunSpec { hardening: Hardening::Jit, notify: true, ..RunSpec::default() },
            timeout: Span::from_secs(60),
        };
        let timeout = order.timeout;
        let order = order.with_program(Path::new("/usr/bin/migrate"));
        let unit = InstanceUnit {
            order: &order,
            service: "greeter",
            shared: Path::new("/opt/plimsoll/greeter/shared"),
            account: Some("plimsoll-greeter"),
            secrets: Path::new("/opt/plimsoll/greeter/state/secrets/once"),
            scope: Scope::System,
        };
        let text = once(&unit, timeout, Path::new("/opt/plimsoll/greeter"), "1.0.0");
        for (key, value) in [
            ("Type", "exec"),
            ("RemainAfterExit", "yes"),
            ("Restart", "no"),
            ("RuntimeMaxSec", "60000ms"),
            ("ExecStart", "\"/usr/bin/migrate\" \"--to\" \"5 %%\""),
            ("User", "plimsoll-greeter"),
            ("EnvironmentFile", "/opt/plimsoll/greeter/state/secrets/once"),
            ("ProtectSystem", "strict"),
            ("ReadWritePaths", "/opt/plimsoll/greeter/shared"),
        ] {
            assert_eq!(text.values(key), [value], "{key}");
        }
        assert!(text.values("WantedBy").is_empty(), "no boot starts it");
        assert!(!text.render().contains("hunter2"), "a unit is for everybody to read");
    }
}
