//! A service depends on one that does not exist. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP015",
    name: "unknown-service",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp015.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    if !services::stands_alone(subject.file) {
        return;
    }
    let services = services::all(subject.file);
    for service in &services {
        let Some(depends) = service.node.get("depends_on") else { continue };
        let listed = depends.items().filter_map(|item| Some((item.text()?, item.place)));
        let keyed = depends
            .entries()
            .into_iter()
            .filter(|(_, how)| how.get("required").and_then(crate::tree::Node::truth) != Some(false));
        for (name, place) in listed.chain(keyed.map(|(key, _)| (key.text.as_str(), key.place))) {
            if !services.iter().any(|other| other.key.text == name) {
                sheet.add(
                    place,
                    format!("there is no service `{name}`"),
                    "name one that is in this file, or remove it",
                );
            }
        }
    }
}
