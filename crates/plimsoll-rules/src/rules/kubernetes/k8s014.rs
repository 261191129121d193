//! A version of the API is served no more. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S014",
    name: "removed-api-version",
    aliases: &["no-extensions-v1beta", "stable-version"],
    severity: Severity::Error,
    on: true,
    page: include_str!("k8s014.md"),
    check: Check::Kubernetes(look),
};

/// Versions that are served no more: group and version, kinds (all where none is named), since when, and what to write.
const REMOVED: [(&str, &[&str], &str, &str); 20] = [
    ("extensions/v1beta1", &["Ingress"], "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["PodSecurityPolicy"], "1.16", "Pod Security Admission"),
    ("extensions/v1beta1", &[], "1.16", "apps/v1"),
    ("apps/v1beta1", &[], "1.16", "apps/v1"),
    ("apps/v1beta2", &[], "1.16", "apps/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "1.22", "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", &[], "1.22", "rbac.authorization.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", &[], "1.22", "apiextensions.k8s.io/v1"),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", &["Lease"], "1.22", "coordination.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", &[], "1.22", "scheduling.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        "1.22",
        "storage.k8s.io/v1",
    ),
    ("batch/v1beta1", &["CronJob"], "1.25", "batch/v1"),
    ("discovery.k8s.io/v1beta1", &[], "1.25", "discovery.k8s.io/v1"),
    ("policy/v1beta1", &["PodDisruptionBudget"], "1.25", "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], "1.25", "Pod Security Admission"),
    ("autoscaling/v2beta1", &[], "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", &[], "1.26", "autoscaling/v2"),
];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for object in objects::own(subject.file) {
        let fits = |kinds: &&[&str]| kinds.is_empty() || kinds.contains(&object.kind);
        let Some((_, _, since, instead)) =
            REMOVED.iter().find(|(api, kinds, ..)| *api == object.api && fits(kinds))
        else {
            continue;
        };
        let Some(place) = object.node.get("apiVersion").map(|node| node.place) else { continue };
        sheet.add(
            place,
            format!("Kubernetes {since} and newer do not know {} of {}", object.kind, object.api),
            format!("write it for {instead}"),
        );
    }
}
