//! A service stays down after a crash. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP007",
    name: "no-restart-policy",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp007.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::whole(subject.file) {
        let has_policy = service
            .node
            .get("restart")
            .is_some_and(|restart| restart.text() != Some("no") || restart.is_quoted());
        let is_job =
            service.node.get("profiles").is_some() || services::is_waited_for(subject.file, service.key);
        if has_policy || is_job || service.node.at(&["deploy", "restart_policy"]).is_some() {
            continue;
        }
        let message = format!("`{}` stays down after a crash and after a reboot", service.key.text);
        sheet.add(
            service.key.place,
            message,
            "add `restart: unless-stopped`; `restart: \"no\"` where it is meant to end",
        );
    }
}
