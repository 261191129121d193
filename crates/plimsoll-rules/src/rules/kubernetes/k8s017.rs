//! A variable is set twice. The page beside this file says why.

use std::collections::BTreeSet;

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S017",
    name: "variable-set-twice",
    aliases: &["duplicate-env-var"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s017.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        for container in object.all_containers() {
            let mut seen = BTreeSet::new();
            for name in container
                .get("env")
                .into_iter()
                .flat_map(crate::tree::Node::items)
                .filter_map(|variable| variable.get("name"))
            {
                if !seen.insert(name.text().unwrap_or_default()) {
                    let message = format!(
                        "`{}` of {} is set twice, and the last one wins",
                        name.text().unwrap_or_default(),
                        name_of(container)
                    );
                    sheet.add(name.place, message, "delete one of them");
                }
            }
        }
    }
}
