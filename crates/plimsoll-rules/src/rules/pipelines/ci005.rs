//! The token may write everything. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI005",
    name: "token-that-may-write-everything",
    aliases: &["excessive-permissions"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci005.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let root = subject.file.root();
    let holders = root.into_iter().chain(jobs::all(subject.file));
    for permissions in
        holders.filter_map(|holder| holder.get("permissions")).filter(|node| node.text() == Some("write-all"))
    {
        sheet.add(
            permissions.place,
            "the token may write everything in the repository",
            "name what is needed: `permissions: {contents: read}`",
        );
    }
}
