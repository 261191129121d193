//! Nobody answers while a node is drained. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S010",
    name: "outage-when-a-node-is-drained",
    aliases: &["minimum-three-replicas", "deployment-replicas", "deployment-has-poddisruptionbudget"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s010.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    let deployments = objects::own(subject.file)
        .into_iter()
        .filter(|object| object.kind == "Deployment" && object.is_workload());
    // What nobody asks may stop for a moment.
    for object in deployments.filter(|object| set.complete && object.is_served(&objects)) {
        let Some(spec) = object.node.get("spec") else { continue };
        let place = object.node.at(&["spec", "replicas"]).map_or(spec.place, |node| node.place);
        let is_scaled = object.scaler(&objects).is_some();
        if object.replicas().unwrap_or(1) == 1 && !is_scaled {
            sheet.add(
                place,
                format!("{} has one pod: when its node is drained, nobody answers", object.called()),
                "set `replicas: 2` or more, with a PodDisruptionBudget",
            );
            continue;
        }
        let is_guarded = objects.iter().any(|other| {
            other.kind == "PodDisruptionBudget"
                && other.namespace == object.namespace
                && other
                    .node
                    .at(&["spec", "selector", "matchLabels"])
                    .is_none_or(|labels| object.is_selected_by(labels))
        });
        let is_spread = object.pod().is_some_and(|pod| {
            pod.get("topologySpreadConstraints").is_some()
                || pod.at(&["affinity", "podAntiAffinity"]).is_some()
        });
        if object.replicas().is_some_and(|replicas| replicas > 1) && !is_guarded && !is_spread {
            sheet.add(
                place,
                format!("all pods of {} may be on one node, and be drained at once", object.called()),
                "add a PodDisruptionBudget with `maxUnavailable: 1`, or spread the pods",
            );
        }
    }
}
