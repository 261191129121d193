//! A container that listens has no readiness probe. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S002",
    name: "no-readiness-probe",
    aliases: &["readinessProbeMissing", "pod-probes"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s002.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let objects = set.objects(subject.file);
    for object in objects::own(subject.file).into_iter().filter(objects::Object::is_workload) {
        for container in object.containers() {
            if container.get("readinessProbe").is_some()
                || container.get("ports").is_none_or(|ports| ports.items().next().is_none())
            {
                continue;
            }
            let message = format!(
                "{} of {} gets requests before it can answer them",
                name_of(container),
                object.called()
            );
            let mut entry = sheet.add(container.place, message, "add a `readinessProbe`");
            if object.is_served(&objects) {
                entry.severity(Severity::Error).note("service", "one leads to its pods");
            }
        }
    }
}
