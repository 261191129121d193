//! A value that systemd ignores. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::SYSTEMD;
use crate::systemd::value::Type;
use crate::systemd::words::unknown_specifiers;
use crate::systemd::{keys, value};

pub(super) const RULE: Rule = Rule {
    id: "SYSD003",
    name: "ignored-unit-value",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd003.md"),
    check: Check::Unit(look),
};

/// Settings whose values other rules judge: commands (SYSD004) and environments (SYSD008).
const ELSEWHERE: [&str; 2] = ["exec", "environment"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    for assignment in &subject.file.file.assignments {
        let Some(key) = keys::find(&assignment.section, &assignment.key) else { continue };
        let name = key.name;
        for specifier in unknown_specifiers(&assignment.value) {
            let effect =
                if key.is_fatal { "systemd refuses the whole unit" } else { "systemd ignores the line" };
            let message = format!("`{specifier}` in `{name}=` is no specifier: {effect}");
            sheet.add(assignment.place, message, "write `%%` for a percent sign");
        }
        let is_elsewhere = matches!(&key.value, Type::Of(kind, _) if ELSEWHERE.contains(kind));
        // What a specifier becomes is known only on the host.
        if is_elsewhere || value::has_specifier(&assignment.value) {
            continue;
        }
        if let Err(what) = key.value.check(&assignment.value, CURRENT) {
            let effect = if key.is_fatal { "systemd refuses the whole unit" } else { "systemd ignores it" };
            let message = format!("`{name}={}`: {what}; {effect}", shown(&assignment.value));
            sheet.add(
                assignment.place,
                message,
                "write a value that systemd understands; `man systemd.directives` says which page has it",
            );
        } else if let Err(what) = key.value.check(&assignment.value, SYSTEMD) {
            let message = format!("`{name}={}`: {what}; older ones ignore it", shown(&assignment.value));
            sheet
                .add(assignment.place, message, "see to it that all hosts have that systemd")
                .severity(Severity::Info);
        }
    }
}

/// A version that has everything that is known here.
const CURRENT: u32 = u32::MAX;

fn shown(value: &str) -> String {
    let short: String = value.chars().take(60).collect();
    if short.len() < value.len() { format!("{short}...") } else { short }
}
