//! A package has no hash, or a weak one. The page beside this file says why.

use plimsoll_model::Severity;

use crate::lock::{Integrity, Manager, Origin};
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK005",
    name: "package-without-hash",
    aliases: &["lockfile-lint:validate-integrity"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("lock005.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    let file = subject.file;
    let is_locked = |origin: &Origin| matches!(origin, Origin::Registry | Origin::Url(_));
    let packages: Vec<_> = file.packages.iter().filter(|package| is_locked(&package.origin)).collect();
    // Requirements without any hash are what people write; only where some have one, the others lack it.
    if file.manager == Manager::Pip && packages.iter().all(|package| package.integrity == Integrity::Missing)
    {
        return;
    }
    for package in packages {
        let what = match package.integrity {
            Integrity::Missing => "nothing verifies what is fetched",
            Integrity::Weak => "only SHA-1 verifies what is fetched, which can be forged",
            Integrity::Strong | Integrity::NotSaid => continue,
        };
        sheet.add(
            package.place,
            format!("{}: {what}", package.name),
            "lock again with a manager that writes hashes of SHA-256 or better",
        );
    }
}
