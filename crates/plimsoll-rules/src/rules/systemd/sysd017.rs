//! A service that is gone after a reboot. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SYSD017",
    name: "not-enabled-at-boot",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd017.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let name = &placed.unit.name;
    let is_installed = placed.unit.section("Install").any(|assignment| !assignment.value.is_empty());
    let starters = ["socket", "timer", "path"].map(|kind| {
        let at = if name.instance.is_some() { "@" } else { "" };
        [format!("{}{at}.{kind}", name.prefix), format!("{}.{kind}", name.prefix)]
    });
    let is_started = starters.iter().flatten().any(|file| subject.around.has(file) == Some(true));
    let is_other = placed.service("Type") == Some("dbus") || placed.service("BusName").is_some();
    if placed.is_long_running() && !is_installed && !is_started && !is_other {
        let place = placed.place(&[], "Service");
        sheet
            .add(
                place,
                "nothing starts the service at boot: it has no [Install]",
                "add `[Install]` with `WantedBy=multi-user.target`",
            )
            .note("would be", "`systemctl enable` does nothing, and after a reboot the service is gone");
    }
}
