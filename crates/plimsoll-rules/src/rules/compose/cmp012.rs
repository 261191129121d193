//! A log grows without end. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP012",
    name: "logs-that-grow-without-end",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp012.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(logging) = service.node.get("logging") else { continue };
        let Some(driver) = logging.get("driver").filter(|driver| driver.text() == Some("json-file")) else {
            continue;
        };
        if logging.at(&["options", "max-size"]).is_none() {
            let fix = "add `options: {max-size: \"10m\", max-file: \"3\"}`, or take the driver `local`, which rotates by itself";
            sheet.add(
                driver.place,
                format!("the log of `{}` grows until the disk is full", service.key.text),
                fix,
            );
        }
    }
}
