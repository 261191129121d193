//! A container may take any amount of memory. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S005",
    name: "memory-without-bounds",
    aliases: &["unset-memory-requirements", "memoryLimitsMissing", "memoryRequestsMissing"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s005.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let has_defaults = set.objects(subject.file).iter().any(|object| object.kind == "LimitRange");
    for object in objects::own(subject.file).into_iter().filter(|_| !has_defaults) {
        for container in object.containers() {
            let lacks = |key: &str| container.at(&["resources", key, "memory"]).is_none();
            let what = match (lacks("requests") && lacks("limits"), lacks("limits")) {
                (true, _) => "neither a request nor a limit",
                (_, true) => "no limit",
                // Without a request the limit is taken for it.
                _ => continue,
            };
            let message = format!("{} of {} has {what} of memory", name_of(container), object.called());
            sheet.add(
                container.place,
                message,
                "set `resources.requests.memory` and `resources.limits.memory`, to the same for what matters",
            );
        }
    }
}
