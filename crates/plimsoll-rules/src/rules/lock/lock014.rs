//! Two managers lock the same packages. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK014",
    name: "rival-lock-file",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("lock014.md"),
    check: Check::Lock(look),
};

/// Lock files of managers that install the same things, from the one that is kept first.
const RIVALS: [&[&str]; 2] = [
    &["pnpm-lock.yaml", "yarn.lock", "bun.lock", "package-lock.json"],
    &["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"],
];

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    let source = &subject.file.source;
    let own = source.path.rsplit('/').next().unwrap_or_default();
    let Some(names) = subject.around.names() else { return };
    let Some(rivals) = RIVALS.iter().find(|rivals| rivals.contains(&own)) else { return };
    let others: Vec<_> = rivals.iter().filter(|name| names.contains(**name)).collect();
    // It is told once, in the last of them.
    if others.len() < 2 || others.last() != Some(&&own) {
        return;
    }
    let chosen = subject.around.json("package.json");
    let chosen = chosen.as_ref().and_then(|tree| tree.root()?.text_at(&["packageManager"]));
    let listed: Vec<_> = others.iter().take(others.len() - 1).map(|name| **name).collect();
    let message = format!("{own} and {} lock the same packages, each its own versions", listed.join(", "));
    let mut entry = sheet.add(
        source.whole_lines(1, 1),
        message,
        "keep that of the manager that builds, and delete the others",
    );
    if let Some(chosen) = chosen {
        entry.note("package.json", format!("asks for {chosen}"));
    }
}
