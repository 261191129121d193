//! The image of a job has no version. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::dockerfile::Image;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI020",
    name: "untagged-job-image",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci020.md"),
    check: Check::GitlabCi(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for holder in jobs::gitlab(subject.file) {
        let images = holder
            .get("image")
            .into_iter()
            .chain(holder.get("services").into_iter().flat_map(crate::tree::Node::items));
        for node in images.map(|image| image.get("name").unwrap_or(image)) {
            let Some(text) = node.text().filter(|text| !text.contains('$') && !text.is_empty()) else {
                continue;
            };
            let image = Image::new(text);
            if image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest") {
                sheet.add(
                    node.place,
                    format!("`{text}` is another image from one week to the next"),
                    format!("name a version, better a digest: `{}:VERSION@sha256:...`", image.path),
                );
            }
        }
    }
}
