//! A service that is not started again after a crash. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::PlacedUnit;

pub(super) const RULE: Rule = Rule {
    id: "SYSD005",
    name: "not-restarted",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd005.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let restart = placed.service("Restart").unwrap_or("no");
    if placed.is_long_running()
        && restart == "no"
        && !placed.is_on("RemainAfterExit")
        && !is_of_a_socket(placed)
    {
        let place = placed.place(&["Restart"], "Service");
        sheet.add(
            place,
            "nothing starts the service again when it ends",
            "add `Restart=on-failure` and `RestartSec=1s`",
        );
    }
}

/// A service for one connection ends with it.
fn is_of_a_socket(placed: &PlacedUnit) -> bool {
    placed.service("StandardInput") == Some("socket") && placed.unit.name.instance.is_some()
}
