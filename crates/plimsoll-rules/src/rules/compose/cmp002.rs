//! The image of a service has no version. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP002",
    name: "untagged-service-image",
    aliases: &["dclint:service-image-require-explicit-tag"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp002.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        // What is built here gets its name here; that is another rule's.
        let Some(node) = service.node.get("image").filter(|_| service.node.get("build").is_none()) else {
            continue;
        };
        let Some(image) = services::image(node) else { continue };
        if image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest") {
            let fix = format!("name a version, better a digest: `{}:VERSION@sha256:...`", image.path);
            sheet.add(
                node.place,
                format!("`{}` is another image from one week to the next", image.text),
                fix,
            );
        }
    }
}
