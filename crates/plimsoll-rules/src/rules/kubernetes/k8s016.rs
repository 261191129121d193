//! An object refers to one that is not there. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S016",
    name: "reference-to-nothing",
    aliases: &["env-value-from", "non-existent-service-account", "invalid-target-ports"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s016.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    if !set.complete {
        return;
    }
    let objects = set.objects(subject.file);
    let has = |kind: &str, name: &str, namespace: &str| {
        objects
            .iter()
            .any(|object| object.kind == kind && object.name == name && object.namespace == namespace)
    };
    // Where no object of a kind is in the folder, they are made elsewhere.
    let is_made_here = |kind: &str| objects.iter().any(|object| object.kind == kind);
    for object in objects::own(subject.file) {
        let Some(pod) = object.pod() else { continue };
        let mut references = vec![("ServiceAccount", pod.get("serviceAccountName"), pod)];
        for volume in pod.get("volumes").into_iter().flat_map(crate::tree::Node::items) {
            references.push((
                "ConfigMap",
                volume.at(&["configMap", "name"]),
                volume.get("configMap").unwrap_or(volume),
            ));
            references.push((
                "Secret",
                volume.at(&["secret", "secretName"]),
                volume.get("secret").unwrap_or(volume),
            ));
            references.push((
                "PersistentVolumeClaim",
                volume.at(&["persistentVolumeClaim", "claimName"]),
                volume,
            ));
        }
        for container in object.all_containers() {
            let sources = container.get("envFrom").into_iter().flat_map(crate::tree::Node::items).chain(
                container
                    .get("env")
                    .into_iter()
                    .flat_map(crate::tree::Node::items)
                    .filter_map(|variable| variable.get("valueFrom")),
            );
            for source in sources {
                for (key, kind) in [
                    ("configMapRef", "ConfigMap"),
                    ("configMapKeyRef", "ConfigMap"),
                    ("secretRef", "Secret"),
                    ("secretKeyRef", "Secret"),
                ] {
                    references
                        .extend(source.get(key).map(|reference| (kind, reference.get("name"), reference)));
                }
            }
        }
        for (kind, name, holder) in references {
            let Some(node) = name.filter(|_| !holder.is_true("optional")) else { continue };
            let Some(name) = node
                .text()
                .filter(|name| !name.contains('$') && *name != "default" && *name != "kube-root-ca.crt")
            else {
                continue;
            };
            if !has(kind, name, object.namespace) && is_made_here(kind) {
                let message =
                    format!("there is no {kind} {name} among the objects beside {}", object.called());
                let mut entry = sheet.add(
                    node.place,
                    message,
                    "create it, correct the name, or mark the reference `optional: true`",
                );
                if kind == "Secret" {
                    entry.severity(Severity::Info);
                }
            }
        }
    }
}
