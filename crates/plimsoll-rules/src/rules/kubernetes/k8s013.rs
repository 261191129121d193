//! A pod is killed before it has stopped. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S013",
    name: "grace-period-too-short",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s013.md"),
    check: Check::Kubernetes(look),
};

/// Seconds from SIGTERM to SIGKILL where nothing is said.
const GRACE: i64 = 30;

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        let Some(pod) = object.pod() else { continue };
        let grace = pod.get("terminationGracePeriodSeconds").map_or(Some(GRACE), crate::tree::Node::number);
        let Some(grace) = grace else { continue };
        for container in object.containers() {
            let Some(hook) = container.at(&["lifecycle", "preStop"]) else { continue };
            let Some(sleep) = sleep_of(hook).filter(|sleep| *sleep >= grace) else { continue };
            let message = format!(
                "{} sleeps {sleep} s before it stops, and is killed after {grace} s",
                name_of(container)
            );
            let fix = format!(
                "set `terminationGracePeriodSeconds` to {} or more: the sleep and the time to drain",
                sleep + GRACE
            );
            sheet.add(hook.place, message, fix);
        }
    }
}

/// Seconds that a hook sleeps: `sleep: {seconds: 5}`, or a command that is `sleep 5`.
fn sleep_of(hook: &crate::tree::Node) -> Option<i64> {
    if let Some(seconds) = hook.at(&["sleep", "seconds"]) {
        return seconds.number();
    }
    let words = hook.at(&["exec", "command"])?.texts().join(" ");
    let (_, after) = words.split_once("sleep ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
