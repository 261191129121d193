//! A probe asks a port that the container does not declare. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S004",
    name: "probe-of-undeclared-port",
    aliases: &["liveness-port", "readiness-port", "startup-port"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s004.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        for container in object.containers() {
            let ports: Vec<_> =
                container.get("ports").into_iter().flat_map(crate::tree::Node::items).collect();
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                for handler in ["httpGet", "tcpSocket", "grpc"] {
                    let Some(port) = container.at(&[probe, handler, "port"]) else { continue };
                    let Some(text) = port.text().filter(|text| !text.contains('$')) else { continue };
                    let is_number = port.number().is_some();
                    let is_declared = ports.iter().any(|declared| {
                        ["containerPort", "name"].iter().any(|key| declared.text_at(&[key]) == Some(text))
                    });
                    // A number works without being declared; it is odd only where others are.
                    if is_declared || (is_number && ports.is_empty()) {
                        continue;
                    }
                    let message = format!(
                        "the {probe} of {} asks port {text}, which the container does not declare",
                        name_of(container)
                    );
                    let mut entry = sheet.add(port.place, message, "declare the port, or correct it");
                    if is_number {
                        entry.severity(Severity::Warning);
                    }
                }
            }
        }
    }
}
