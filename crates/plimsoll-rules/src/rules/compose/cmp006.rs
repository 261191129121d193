//! A service waits for health that nothing checks. The page beside this file says why.

use plimsoll_model::Severity;

use super::services::{self, Health};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP006",
    name: "health-that-is-never-checked",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp006.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let services = services::all(subject.file);
    for service in &services {
        for (key, how) in service.node.get("depends_on").map(crate::tree::Node::entries).unwrap_or_default() {
            if how.text_at(&["condition"]) != Some("service_healthy") {
                continue;
            }
            let Some(target) = services.iter().find(|other| other.key.text == key.text) else { continue };
            if services::health(target, subject.around) == Health::Never {
                let message = format!(
                    "`{}` waits for `{}` to be healthy, and nothing checks that",
                    service.key.text, key.text
                );
                sheet.add(key.place, message, format!("give `{}` a `healthcheck`", key.text)).note(
                    "would be",
                    format!(
                        "dependency failed to start: container {} has no healthcheck configured",
                        key.text
                    ),
                );
            }
        }
    }
}
