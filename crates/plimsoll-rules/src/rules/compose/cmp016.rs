//! A volume or network is not declared. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP016",
    name: "undeclared-volume",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp016.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    if !services::stands_alone(subject.file) {
        return;
    }
    let Some(root) = subject.file.root() else { return };
    let declared = |group: &str, name: &str| root.get(group).is_some_and(|group| group.get(name).is_some());
    for service in services::all(subject.file) {
        for volume in service.node.get("volumes").into_iter().flat_map(crate::tree::Node::items) {
            let source = match volume.text() {
                Some(text) => text.split_once(':').map(|(source, _)| source),
                None if volume.text_at(&["type"]) == Some("volume") => volume.text_at(&["source"]),
                None => None,
            };
            let Some(name) = source.filter(|name| {
                !name.is_empty() && !name.starts_with(['/', '.', '~', '$', '\\']) && !name.contains('$')
            }) else {
                continue;
            };
            // A letter of a drive.
            if name.len() > 1 && !declared("volumes", name) {
                sheet.add(
                    volume.place,
                    format!("the volume `{name}` is not declared"),
                    format!("add `{name}:` below the `volumes:` of the file"),
                );
            }
        }
        let networks = service.node.get("networks");
        let names = networks.into_iter().flat_map(|networks| {
            let keyed = networks.entries().into_iter().map(|(key, _)| (key.text.as_str(), key.place));
            networks
                .items()
                .filter_map(|item| Some((item.text()?, item.place)))
                .chain(keyed.collect::<Vec<_>>())
        });
        for (name, place) in names {
            if name != "default" && !name.contains('$') && !declared("networks", name) {
                sheet.add(
                    place,
                    format!("the network `{name}` is not declared"),
                    format!("add `{name}:` below the `networks:` of the file"),
                );
            }
        }
    }
}
