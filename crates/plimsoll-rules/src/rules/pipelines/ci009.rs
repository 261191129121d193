//! A job needs one that does not exist. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI009",
    name: "unknown-job",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("ci009.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(all) = subject.file.root().and_then(|root| root.get("jobs")) else { return };
    for job in jobs::all(subject.file) {
        let Some(needs) = job.get("needs") else { continue };
        let nodes: Vec<_> = if needs.is_list() { needs.items().collect() } else { vec![needs] };
        for node in nodes {
            if let Some(name) = node.text().filter(|name| all.get(name).is_none()) {
                sheet.add(node.place, format!("there is no job `{name}`"), "name a job of this workflow");
            }
        }
    }
}
