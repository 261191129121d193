//! A pipeline includes what may change. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI023",
    name: "include-that-moves",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci023.md"),
    check: Check::GitlabCi(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(include) = subject.file.root().and_then(|root| root.get("include")) else { return };
    let entries: Vec<_> = if include.is_list() { include.items().collect() } else { vec![include] };
    for entry in entries {
        if let Some(project) = entry.get("project").filter(|_| entry.get("ref").is_none()) {
            sheet.add(
                project.place,
                "what is included is whatever the other project has on that day",
                "add `ref:` with a tag or commit",
            );
        }
        let remote = entry.get("remote").or(Some(entry).filter(|entry| entry.text().is_some()));
        let remote = remote.filter(|node| node.text().is_some_and(|text| text.starts_with("http")));
        if let Some(remote) = remote.filter(|_| entry.get("integrity").is_none()) {
            sheet.add(
                remote.place,
                "what is included is whatever that address answers on that day",
                "add `integrity: sha256-...`, or copy the file",
            );
        }
    }
}
