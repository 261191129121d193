//! A container may run as root. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, context, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S007",
    name: "may-run-as-root",
    aliases: &["run-as-non-root", "runAsRootAllowed", "KSV012"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s007.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        let Some(pod) = object.pod() else { continue };
        for container in object.containers() {
            let user = context(pod, container, "runAsUser").and_then(crate::tree::Node::number);
            let is_sure =
                context(pod, container, "runAsNonRoot").and_then(crate::tree::Node::truth) == Some(true);
            if !is_sure && user.is_none_or(|user| user == 0) {
                let message = format!("{} of {} may run as root", name_of(container), object.called());
                sheet.add(
                    container.place,
                    message,
                    "set `securityContext: {runAsNonRoot: true, runAsUser: 65532}`",
                );
            }
        }
    }
}
