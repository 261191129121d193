//! The image of a container has no version. The page beside this file says why.

use plimsoll_model::Severity;

use super::objects::{self, name_of};
use crate::dockerfile::Image;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "K8S020",
    name: "image-without-version",
    aliases: &["latest-tag", "tagNotSpecified", "KSV013"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("k8s020.md"),
    check: Check::Kubernetes(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    // What Kustomize does with `images:` is not seen here.
    let is_replaced =
        ["kustomization.yaml", "kustomization.yml"].iter().any(|name| subject.around.has(name) == Some(true));
    for object in objects::own(subject.file).into_iter().filter(|_| !is_replaced) {
        for container in object.all_containers() {
            let Some(node) = container.get("image") else { continue };
            let image = Image::new(node.text().unwrap_or_default());
            let moves = image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest");
            if moves && !image.text.is_empty() && !image.text.contains(['$', '{', '<']) {
                let message =
                    format!("`{}` of {} may be another image on each node", image.text, name_of(container));
                sheet.add(
                    node.place,
                    message,
                    format!("name a version, better a digest: `{}:VERSION@sha256:...`", image.path),
                );
            }
        }
    }
}
