//! Liveness asks the same as readiness. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S003",
    name: "liveness-same-as-readiness",
    aliases: &["pod-probes-identical"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s003.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        for container in object.containers() {
            let (Some(live), Some(ready)) = (container.get("livenessProbe"), container.get("readinessProbe"))
            else {
                continue;
            };
            let flat = |node: &crate::tree::Node, keys: &[&str]| -> Vec<Option<String>> {
                keys.iter()
                    .map(|key| node.get("httpGet").and_then(|get| get.text_at(&[key])).map(ToOwned::to_owned))
                    .collect()
            };
            let keys = ["path", "port", "host", "scheme"];
            // A port that opens says the same to both; only what a program answers can tell.
            if live.get("httpGet").is_some() && flat(live, &keys) == flat(ready, &keys) {
                let message = format!(
                    "{} is restarted for the same answer that only should keep requests away",
                    name_of(container)
                );
                sheet.add(
                    live.place,
                    message,
                    "ask liveness of a page that depends on nothing but the process, or leave it out",
                );
            }
        }
    }
}
