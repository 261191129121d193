//! A service publishes another port than its image exposes. The page beside this file says why.

use plimsoll_model::Severity;

use super::services::{self, ports};
use crate::dockerfile::Body;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG013",
    name: "port-that-is-not-exposed",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("img013.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(file) =
            service.node.get("build").and_then(|build| services::built_from(build, subject.around))
        else {
            continue;
        };
        let Some(last) = file.last_stage() else { continue };
        let stages: Vec<usize> = file.lineage(last).collect();
        let exposes: Vec<String> =
            file.instructions
                .iter()
                .filter(|instruction| instruction.stage.is_some_and(|stage| stages.contains(&stage)))
                .filter_map(|instruction| {
                    if let Body::Expose(ports) = &instruction.body { Some(ports.clone()) } else { None }
                })
                .flatten()
                .collect();
        // Who exposes nothing, or what a variable says, has not said what it listens on.
        if exposes.is_empty() || exposes.iter().any(|port| port.contains('$')) {
            continue;
        }
        let covers = |port: u16| {
            exposes.iter().any(|text| {
                services::range(text.split('/').next().unwrap_or_default())
                    .is_some_and(|range| range.contains(&port))
            })
        };
        for port in ports(service.node) {
            let Some(inside) = port.container.filter(|inside| !covers(*inside)) else { continue };
            let message = format!("port {inside} is published, and the image exposes {}", exposes.join(", "));
            sheet
                .add(port.place, message, "publish the port that the program listens on, or correct `EXPOSE`")
                .note("image", file.source.path.clone());
        }
    }
}
