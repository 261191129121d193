//! A disruption budget blocks every eviction. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S011",
    name: "budget-that-blocks-every-eviction",
    aliases: &["pdb-min-available", "pdb-max-unavailable", "pdbDisruptionsIsZero"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s011.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    for object in objects::own(subject.file).into_iter().filter(|object| object.kind == "PodDisruptionBudget")
    {
        let fix = "set `maxUnavailable: 1`";
        if let Some(most) = object
            .node
            .at(&["spec", "maxUnavailable"])
            .filter(|most| ["0", "0%"].contains(&most.text().unwrap_or_default()))
        {
            sheet.add(
                most.place,
                format!("{} allows no eviction at all: no node can be drained", object.called()),
                fix,
            );
        }
        let Some(least) = object.node.at(&["spec", "minAvailable"]) else { continue };
        if least.text() == Some("100%") {
            sheet.add(
                least.place,
                format!("{} allows no eviction at all: no node can be drained", object.called()),
                fix,
            );
        }
        let Some((wanted, labels)) = least.number().zip(object.node.at(&["spec", "selector", "matchLabels"]))
        else {
            continue;
        };
        let guarded = objects.iter().filter(|other| {
            other.is_workload() && other.namespace == object.namespace && other.is_selected_by(labels)
        });
        let guarded: Vec<_> = guarded.collect();
        if let [workload] = guarded.as_slice()
            && let Some(replicas) = workload.replicas()
            && workload.scaler(&objects).is_none()
            && replicas > 0
            && wanted >= replicas
        {
            sheet.add(
                least.place,
                format!(
                    "{wanted} of {replicas} pods of {} must be there: no node can be drained",
                    workload.called()
                ),
                fix,
            );
        }
    }
}
