//! A service does not wait until the other one is healthy. The page beside this file says why.

use plimsoll_model::Severity;

use super::services::{self, Health};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP005",
    name: "start-without-waiting-for-health",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp005.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let services = services::all(subject.file);
    for service in &services {
        let Some(depends) = service.node.get("depends_on") else { continue };
        let listed = depends.items().filter_map(|item| Some((item.text()?, item.place)));
        let started = depends.entries().into_iter().filter_map(|(key, how)| {
            let condition = how.text_at(&["condition"]).unwrap_or("service_started");
            (condition == "service_started").then_some((key.text.as_str(), key.place))
        });
        for (name, place) in listed.chain(started) {
            let Some(target) = services.iter().find(|other| other.key.text == name) else { continue };
            if services::health(target, subject.around) == Health::Checked {
                let message = format!(
                    "`{}` starts when `{name}` has been started, not when it is healthy",
                    service.key.text
                );
                sheet.add(place, message, "write the long form, with `condition: service_healthy`");
            }
        }
    }
}
