//! A container can change its own program. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S008",
    name: "writable-root-file-system",
    aliases: &["no-read-only-root-fs", "notReadOnlyRootFilesystem", "KSV014"],
    severity: Severity::Info,
    on: true,
    page: include_str!("k8s008.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        for container in object.containers() {
            if container.at(&["securityContext", "readOnlyRootFilesystem"]).and_then(crate::tree::Node::truth)
                != Some(true)
            {
                let message =
                    format!("{} of {} can change its own program", name_of(container), object.called());
                sheet.add(
                    container.place,
                    message,
                    "set `securityContext.readOnlyRootFilesystem: true`, with an `emptyDir` where it writes",
                );
            }
        }
    }
}
