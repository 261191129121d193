//! A package from a repository is not pinned to a commit. The page beside this file says why.

use plimsoll_model::Severity;

use crate::lock::{Origin, is_commit};
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK007",
    name: "repository-without-commit",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("lock007.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    for package in &subject.file.packages {
        let Origin::Git { revision, .. } = &package.origin else { continue };
        if !is_commit(revision) && !revision.contains('$') {
            let what = if revision.is_empty() {
                "no commit".to_owned()
            } else {
                format!("`{revision}`, which is no whole commit")
            };
            sheet.add(
                package.place,
                format!("{} is fetched from a repository at {what}", package.name),
                "name the whole commit, of 40 digits",
            );
        }
    }
}
