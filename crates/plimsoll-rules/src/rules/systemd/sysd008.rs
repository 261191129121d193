//! A variable whose value systemd cuts or leaves out. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::SYSTEMD;
use crate::systemd::keys;

pub(super) const RULE: Rule = Rule {
    id: "SYSD008",
    name: "environment-not-quoted",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd008.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    for assignment in
        subject.file.file.assignments.iter().filter(|assignment| assignment.key == "Environment")
    {
        let Some(key) = keys::find(&assignment.section, "Environment") else { continue };
        if let Err(what) = key.value.check(&assignment.value, SYSTEMD) {
            let message = format!("{what}; systemd leaves it out");
            sheet
                .add(
                    assignment.place,
                    message,
                    "put the whole assignment in quotes: `Environment=\"NAME=a b\"`",
                )
                .hide_values();
        }
    }
}
