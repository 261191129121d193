//! The base image is not pinned by its digest. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG001",
    name: "base-without-digest",
    aliases: &[],
    severity: Severity::Info,
    on: false,
    page: include_str!("img001.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for (instruction, image) in images::from_outside(subject.file) {
        // What has no tag at all is another rule's.
        if image.digest.is_none()
            && !image.has_variables()
            && image.tag.as_deref().is_some_and(|tag| tag != "latest")
        {
            let message = format!("`{}` can become another image: its tag moves", image.text);
            sheet.add(instruction.place, message, format!("add the digest: `{}@sha256:...`", image.text));
        }
    }
}
