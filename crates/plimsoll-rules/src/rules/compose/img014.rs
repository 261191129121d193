//! An image is built under a name that moves. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG014",
    name: "image-name-that-moves",
    aliases: &["DKL-DI-0006"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("img014.md"),
    check: Check::Compose(look),
};

/// Names of branches and the like.
const MOVING: [&str; 8] = ["latest", "main", "master", "develop", "dev", "edge", "nightly", "stable"];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(node) = service.node.get("image").filter(|_| service.node.get("build").is_some()) else {
            continue;
        };
        // Without a registry it never leaves this machine.
        let Some(image) = services::image(node).filter(|image| image.registry.is_some()) else { continue };
        let tag = image.tag.as_deref().unwrap_or("latest");
        if image.digest.is_none() && MOVING.contains(&tag) {
            let fix = "tag it by commit: `image: ...:${COMMIT:?}`";
            sheet.add(
                node.place,
                format!("what is built here is pushed as `{tag}`, over what was there before"),
                fix,
            );
        }
    }
}
