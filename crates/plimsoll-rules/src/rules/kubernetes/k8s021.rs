//! A service leads to a port that its pods do not have. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S021",
    name: "target-port-that-no-pod-has",
    aliases: &["service-invalid-target-ports"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s021.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    for object in objects::own(subject.file).into_iter().filter(|object| object.kind == "Service") {
        let Some(selector) = object.node.at(&["spec", "selector"]) else { continue };
        let pods: Vec<_> = objects
            .iter()
            .filter(|other| {
                other.namespace == object.namespace
                    && other.is_selected_by(selector)
                    && !other.containers().is_empty()
            })
            .collect();
        for target in object
            .node
            .at(&["spec", "ports"])
            .into_iter()
            .flat_map(crate::tree::Node::items)
            .filter_map(|port| port.get("targetPort"))
        {
            // A number needs no declaration.
            let Some(name) = target.text().filter(|_| target.number().is_none()) else { continue };
            let has_port = |pod: &&&objects::Object<'_>| {
                let ports = pod
                    .all_containers()
                    .into_iter()
                    .filter_map(|container| container.get("ports"))
                    .flat_map(crate::tree::Node::items);
                ports.into_iter().any(|port| port.text_at(&["name"]) == Some(name))
            };
            if !pods.is_empty() && !pods.iter().any(|pod| has_port(&pod)) {
                let message =
                    format!("{} leads to the port `{name}`, which none of its pods has", object.called());
                sheet.add(target.place, message, "name a port that a container declares");
            }
        }
    }
}
