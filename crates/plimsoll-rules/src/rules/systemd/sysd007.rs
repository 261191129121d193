//! After=network-online.target, which nothing starts. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SYSD007",
    name: "online-ordering-without-want",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd007.md"),
    check: Check::Unit(look),
};

const TARGET: &str = "network-online.target";

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let names = |key: &str| placed.words("Unit", key).iter().any(|word| word == TARGET);
    let is_wanted = ["Wants", "Requires", "BindsTo", "Requisite", "Upholds"].into_iter().any(names);
    if placed.is_drop_in || is_wanted {
        return;
    }
    let after = placed
        .file
        .assignments
        .iter()
        .find(|a| a.key == "After" && a.value.split_whitespace().any(|word| word == TARGET));
    if let Some(after) = after {
        sheet.add(
            after.place,
            "it is ordered behind a target that nothing asks for: the order has no effect",
            "add `Wants=network-online.target`",
        );
    }
}
