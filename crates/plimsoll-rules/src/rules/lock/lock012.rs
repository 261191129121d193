//! A package runs a program when it is installed. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK012",
    name: "package-that-runs-when-installed",
    aliases: &[],
    severity: Severity::Info,
    on: true,
    page: include_str!("lock012.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    let packages: Vec<_> = subject.file.packages.iter().filter(|package| package.scripts).collect();
    let Some(first) = packages.first() else { return };
    let names: Vec<_> = packages.iter().take(5).map(|package| package.name.as_str()).collect();
    let more = if packages.len() > names.len() {
        format!(" and {} more", packages.len() - names.len())
    } else {
        String::new()
    };
    let message = format!("{}{more} run programs of their own when they are installed", names.join(", "));
    sheet.add(first.place, message, "install with `--ignore-scripts`, and allow by name those that need it");
}
