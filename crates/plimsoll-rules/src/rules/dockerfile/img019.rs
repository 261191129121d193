//! The image does not say where it comes from. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG019",
    name: "image-without-origin",
    aliases: &[],
    severity: Severity::Info,
    on: false,
    page: include_str!("img019.md"),
    check: Check::Dockerfile(look),
};

/// Labels that tell where an image comes from.
const LABELS: [&str; 2] = ["org.opencontainers.image.revision", "org.opencontainers.image.source"];

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(last) = subject.file.last_stage() else { return };
    let labels = subject.file.lineage(last).flat_map(|stage| subject.file.in_stage(stage));
    let names: Vec<&str> = labels
        .filter_map(|instruction| if let Body::Label(pairs) = &instruction.body { Some(pairs) } else { None })
        .flatten()
        .map(|pair| pair.key.as_str())
        .collect();
    let missing: Vec<_> = LABELS.iter().filter(|label| !names.contains(*label)).copied().collect();
    if !missing.is_empty() {
        let from = &subject.file.instructions[subject.file.stages[last].from];
        sheet.add(
            from.place,
            format!("the image does not say where it comes from: {} is missing", missing.join(", ")),
            "add `LABEL`, or let the build add them",
        );
    }
}
