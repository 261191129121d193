//! An autoscaler fights with its target. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S018",
    name: "autoscaler-that-fights",
    aliases: &[
        "dangling-horizontalpodautoscaler",
        "deployment-targeted-by-hpa-does-not-have-replicas-configured",
    ],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s018.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    for object in objects::own(subject.file) {
        if object.is_workload()
            && object.scaler(&objects).is_some_and(|scaler| scaler.kind == "HorizontalPodAutoscaler")
            && let Some(replicas) = object.node.at(&["spec", "replicas"])
        {
            let message = format!(
                "each apply sets {} back to {} pods, against its autoscaler",
                object.called(),
                replicas.text().unwrap_or_default()
            );
            sheet.add(replicas.place, message, "remove `replicas`");
        }
        if object.kind != "HorizontalPodAutoscaler" {
            continue;
        }
        let at = |key: &str| object.node.at(&["spec", key]);
        if let (Some(least), Some(most)) = (at("minReplicas"), at("maxReplicas"))
            && least.number().zip(most.number()).is_some_and(|(least, most)| least > most)
        {
            sheet
                .add(
                    least.place,
                    "the least number of pods is above the greatest",
                    "make `minReplicas` smaller",
                )
                .severity(Severity::Error);
        }
        let Some(target) = at("scaleTargetRef") else { continue };
        let is_workload =
            target.text_at(&["kind"]).is_some_and(|kind| ["Deployment", "StatefulSet"].contains(&kind));
        let is_there = objects.iter().any(|other| {
            other.namespace == object.namespace
                && Some(other.name) == target.text_at(&["name"])
                && Some(other.kind) == target.text_at(&["kind"])
        });
        if set.complete && is_workload && !is_there && objects.iter().any(objects::Object::is_workload) {
            let message = format!(
                "{} scales {}, which is not among the objects beside it",
                object.called(),
                target.text_at(&["name"]).unwrap_or_default()
            );
            sheet.add(target.place, message, "correct `scaleTargetRef`");
        }
    }
}
