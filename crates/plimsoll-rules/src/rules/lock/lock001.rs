//! A program has no lock file. The page beside this file says why.

use plimsoll_model::Severity;

use super::manifests;
use crate::ignore::ignores;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK001",
    name: "manifest-without-lock",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("lock001.md"),
    check: Check::Manifest(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let around = subject.around;
    let Some(locks) = manifests::locks_of(subject) else { return };
    // Of a workspace the lock lies further up, where it may be out of sight.
    let mut folder = Some(around.clone());
    let mut is_project = false;
    while let Some(here) = folder {
        let Some(names) = here.names() else { return };
        if locks.iter().any(|lock| names.contains(*lock)) {
            return;
        }
        is_project |= [".git", ".gitignore", "Dockerfile"].iter().any(|name| names.contains(*name));
        folder = here.at("..").filter(|above| above.folder() != here.folder());
    }
    if !is_project {
        return;
    }
    let place = subject.file.source.whole_lines(1, 1);
    let is_ignored = around.text(".gitignore").is_some_and(|text| ignores(&text, locks[0]));
    let message = if is_ignored {
        "what it needs is locked by a file that `.gitignore` leaves out"
    } else {
        "nothing says which versions of what it needs are built"
    };
    let mut entry = sheet.add(place, message, format!("commit {}", locks[0]));
    if around.has("Dockerfile") == Some(true) {
        entry.severity(Severity::Error).note("beside", "a Dockerfile builds from it");
    }
}
