//! The Dockerfile of a service is not there. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP014",
    name: "dockerfile-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp014.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(build) = service.node.get("build") else { continue };
        let Some((folder, file)) = services::dockerfile_of(build) else { continue };
        let (below, name) = file.rsplit_once('/').unwrap_or(("", &file));
        let Some(around) = subject.around.at(&folder).and_then(|around| around.at(below)) else { continue };
        // A folder that is not there at all may come from elsewhere.
        let is_known = around.names().is_some_and(|names| !names.is_empty());
        if is_known && around.has(name) == Some(false) {
            let mut place = build.place;
            if let Some(node) = build.get("dockerfile") {
                place = node.place;
            }
            sheet.add(
                place,
                format!("there is no {name} in {}", around.folder().display()),
                "name the file with `build.dockerfile`, or add it",
            );
        }
    }
}
