//! A secret is written into an object. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::rule::{Check, Rule, TreeSubject};
use crate::secrets::measure::is_filled_in;
use crate::secrets::names;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S015",
    name: "secret-in-object",
    aliases: &["env-var-secret", "sensitiveContainerEnvVar", "sensitiveConfigmapContent"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s015.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let is_value = |value: &str| {
        names::is_value(value)
            && !is_filled_in(value)
            && !value.starts_with('/')
            && !["true", "false"].contains(&value)
    };
    for object in objects::own(subject.file) {
        for container in object.all_containers() {
            for variable in container.get("env").into_iter().flat_map(crate::tree::Node::items) {
                let (Some(name), Some(value)) = (variable.text_at(&["name"]), variable.get("value")) else {
                    continue;
                };
                if names::is_secret(name) && value.text().is_some_and(is_value) {
                    let message = format!(
                        "the value of `{name}` of {} is in the file, and in the object",
                        name_of(container)
                    );
                    sheet
                        .add(value.place, message, "use `valueFrom.secretKeyRef`, or mount a Secret")
                        .hide_values();
                }
            }
        }
        if object.kind == "ConfigMap" {
            for (key, value) in object.node.get("data").map(crate::tree::Node::entries).unwrap_or_default() {
                let is_one_line = value.text().is_some_and(|text| !text.contains('\n') && is_value(text));
                if names::is_secret(&key.text) && is_one_line {
                    sheet
                        .add(
                            value.place,
                            format!("`{}` is in a ConfigMap, which is for everybody", key.text),
                            "put it into a Secret",
                        )
                        .hide_values();
                }
            }
        }
        if object.kind == "Secret"
            && object.node.text_at(&["type"]) != Some("kubernetes.io/service-account-token")
        {
            let is_set = |group: &str| {
                object
                    .node
                    .get(group)
                    .map(crate::tree::Node::entries)
                    .unwrap_or_default()
                    .into_iter()
                    .find(|(_, value)| value.text().is_some_and(is_value))
            };
            if let Some((key, _)) = is_set("stringData").or_else(|| is_set("data")) {
                let message =
                    format!("Secret {} has its values in the file: base 64 hides nothing", object.name);
                sheet
                    .add(
                        key.place,
                        message,
                        "seal it (Sealed Secrets, SOPS), or let an operator fetch it (External Secrets)",
                    )
                    .severity(Severity::Warning)
                    .hide_values();
            }
        }
    }
}
