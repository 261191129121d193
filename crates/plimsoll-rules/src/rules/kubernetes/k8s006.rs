//! A container asks for no processor time. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S006",
    name: "no-cpu-request",
    aliases: &["unset-cpu-requirements", "cpuRequestsMissing"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s006.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let set = objects::set(subject);
    let has_defaults = set.objects(subject.file).iter().any(|object| object.kind == "LimitRange");
    for object in objects::own(subject.file).into_iter().filter(|_| !has_defaults) {
        for container in object.containers() {
            // Without a request a limit is taken for it.
            if ["requests", "limits"].iter().all(|key| container.at(&["resources", key, "cpu"]).is_none()) {
                let message =
                    format!("{} of {} asks for no processor time", name_of(container), object.called());
                sheet.add(container.place, message, "set `resources.requests.cpu`; a limit is not needed");
            }
        }
    }
}
