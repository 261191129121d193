//! A port without quotes can be read as a number of base 60. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP004",
    name: "port-that-is-a-number-of-base-60",
    aliases: &["dclint:require-quotes-in-ports"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp004.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        for node in service.node.get("ports").into_iter().flat_map(crate::tree::Node::items) {
            let Some(text) = node.text().filter(|_| !node.is_quoted()) else { continue };
            let is_small = |part: &str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| number < 60);
            if text.split_once(':').is_some_and(|(host, inside)| {
                inside.len() == 2 && !host.is_empty() && [host, inside].iter().all(|part| is_small(part))
            }) {
                sheet.add(
                    node.place,
                    format!("readers of YAML 1.1 take {text} for a number of base 60"),
                    format!("write \"{text}\""),
                );
            }
        }
    }
}
