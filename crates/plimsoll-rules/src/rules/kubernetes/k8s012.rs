//! Each rollout is an outage. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S012",
    name: "rollout-with-an-outage",
    aliases: &["no-rolling-update-strategy"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s012.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file).into_iter().filter(|object| object.kind == "Deployment") {
        let volumes = object.pod().and_then(|pod| pod.get("volumes"));
        // Two pods cannot share most volumes; then there is no other way.
        let is_bound = volumes
            .into_iter()
            .flat_map(crate::tree::Node::items)
            .any(|volume| volume.get("persistentVolumeClaim").is_some());
        let kind = object
            .node
            .at(&["spec", "strategy", "type"])
            .filter(|kind| kind.text() == Some("Recreate") && !is_bound);
        let most = object.node.at(&["spec", "strategy", "rollingUpdate", "maxUnavailable"]);
        let most = most.filter(|most| {
            most.text() == Some("100%")
                || most.number().is_some_and(|n| object.replicas().is_some_and(|all| n >= all))
        });
        if let Some(node) = kind.or(most) {
            sheet.add(
                node.place,
                format!("each rollout of {} stops all pods before new ones answer", object.called()),
                "use `RollingUpdate` with `maxUnavailable: 0`",
            );
        }
    }
}
