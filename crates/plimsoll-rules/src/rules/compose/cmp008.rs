//! A service has the host in its hands. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP008",
    name: "service-that-owns-the-host",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp008.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let node = service.node;
        for volume in node.get("volumes").into_iter().flat_map(crate::tree::Node::items) {
            let source =
                volume.text_at(&["source"]).or_else(|| volume.text()?.split(':').next()).unwrap_or_default();
            if [
                "/var/run/docker.sock",
                "/run/docker.sock",
                "/run/containerd/containerd.sock",
                "/run/podman/podman.sock",
            ]
            .contains(&source)
            {
                let fix = "take a proxy of the socket that allows only what is needed, or do without";
                sheet.add(
                    volume.place,
                    "whoever breaks into this service rules the host through the socket",
                    fix,
                );
            }
        }
        if let Some(privileged) = node.get("privileged").filter(|value| value.truth() == Some(true)) {
            let fix = "remove it, and give the capabilities or devices that are needed: `cap_add`, `devices`";
            sheet.add(privileged.place, "a privileged container is root on the host", fix);
        }
        for key in ["network_mode", "pid", "ipc", "userns_mode", "uts"] {
            let Some(value) = node.get(key).filter(|value| value.text() == Some("host")) else { continue };
            let mut entry = sheet.add(
                value.place,
                format!("`{key}: host` gives up the wall between container and host"),
                format!("remove `{key}`"),
            );
            if ["network_mode", "uts"].contains(&key) {
                entry.severity(Severity::Warning);
            }
        }
    }
}
