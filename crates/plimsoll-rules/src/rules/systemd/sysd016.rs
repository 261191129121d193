//! A service without any limit. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SYSD016",
    name: "no-resource-limits",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd016.md"),
    check: Check::Unit(look),
};

const LIMITS: [&str; 5] = ["MemoryMax", "MemoryHigh", "MemoryLimit", "TasksMax", "CPUQuota"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let is_limited =
        LIMITS.iter().any(|key| placed.service(key).is_some()) || placed.service("Slice").is_some();
    if placed.is_long_running() && !is_limited {
        let place = placed.place(&[], "Service");
        sheet.add(
            place,
            "the service may take all memory and all processors of the host",
            "add `MemoryMax=` with what it needs and a half more",
        );
    }
}
