//! A pod has its node in its hands. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S009",
    name: "pod-that-owns-the-node",
    aliases: &[
        "privileged-container",
        "privilege-escalation-container",
        "host-network",
        "host-pid",
        "host-ipc",
        "docker-sock",
        "sensitive-host-mounts",
        "dangerousCapabilities",
    ],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s009.md"),
    check: Check::Kubernetes(look),
};

/// Capabilities that are as good as root.
const CAPABILITIES: [&str; 10] = [
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "NET_ADMIN",
    "DAC_READ_SEARCH",
    "BPF",
    "MAC_ADMIN",
];

/// Folders of the node from which one comes everywhere.
const FOLDERS: [&str; 10] =
    ["/", "/boot", "/dev", "/etc", "/proc", "/root", "/usr", "/var", "/var/lib/kubelet", "/var/run"];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        let Some(pod) = object.pod() else { continue };
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            if let Some(value) = pod.get(key).filter(|value| value.truth() == Some(true)) {
                sheet.add(
                    value.place,
                    format!("`{key}` gives up the wall between pod and node"),
                    format!("remove `{key}`"),
                );
            }
        }
        for path in pod
            .get("volumes")
            .into_iter()
            .flat_map(crate::tree::Node::items)
            .filter_map(|volume| volume.at(&["hostPath", "path"]))
        {
            let text = path.text().unwrap_or_default();
            let text = if text == "/" { text } else { text.trim_end_matches('/') };
            if FOLDERS.contains(&text) || text.rsplit('.').next() == Some("sock") {
                sheet.add(
                    path.place,
                    format!("{text} of the node is open to the pod"),
                    "take a volume, or only the folder that is needed, `readOnly`",
                );
            }
        }
        for container in object.all_containers() {
            let set = |key: &str| container.at(&["securityContext", key]);
            for key in ["privileged", "allowPrivilegeEscalation"] {
                if let Some(value) = set(key).filter(|value| value.truth() == Some(true)) {
                    let mut entry = sheet.add(
                        value.place,
                        format!(
                            "`{key}: true` makes {} the node's root, or lets it become that",
                            name_of(container)
                        ),
                        format!("set `{key}: false`"),
                    );
                    if key != "privileged" {
                        entry.severity(Severity::Warning);
                    }
                }
            }
            for capability in container
                .at(&["securityContext", "capabilities", "add"])
                .into_iter()
                .flat_map(crate::tree::Node::items)
            {
                let text = capability.text().unwrap_or_default();
                if CAPABILITIES.contains(&text.trim_start_matches("CAP_")) {
                    sheet.add(
                        capability.place,
                        format!("the capability {text} is as good as root on the node"),
                        "drop ALL, and add what is needed",
                    );
                }
            }
        }
    }
}
