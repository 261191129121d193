//! A selector matches nothing. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S001",
    name: "selector-that-matches-nothing",
    aliases: &["mismatching-selector", "dangling-service", "service-targets-pod"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s001.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    for object in objects::own(subject.file) {
        if object.is_workload()
            && let Some(labels) = object.node.at(&["spec", "selector", "matchLabels"])
            && object.pod_labels().is_some()
            && !object.is_selected_by(labels)
        {
            let message =
                format!("the selector of {} does not match the labels of its own pods", object.called());
            sheet
                .add(
                    labels.place,
                    message,
                    "give the pods in `template.metadata.labels` every label of the selector",
                )
                .note("would be", "`selector` does not match template `labels`");
        }
        let Some(selector) = object.node.at(&["spec", "selector"]).filter(|_| object.kind == "Service")
        else {
            continue;
        };
        let mut pods = objects
            .iter()
            .filter(|other| other.namespace == object.namespace && other.pod_labels().is_some())
            .peekable();
        let is_known = set.complete && !selector.entries().is_empty() && pods.peek().is_some();
        if is_known && !pods.any(|pod| pod.is_selected_by(selector)) {
            let message =
                format!("{} leads to no pods: none of those beside it has these labels", object.called());
            sheet
                .add(selector.place, message, "align the selector with the labels of the pods")
                .note("would be", "a service without endpoints");
        }
    }
}
