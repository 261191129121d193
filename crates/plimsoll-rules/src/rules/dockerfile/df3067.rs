//! COPY takes the whole file system of a stage. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3067",
    name: "whole-filesystem-copied",
    aliases: &["DL3067"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3067.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Copy(transfer) = &instruction.body else { continue };
        let whole = transfer.sources.iter().any(|source| source == "/") && transfer.target == "/";
        if whole && instruction.flag("from").is_some() {
            sheet.add(
                instruction.place,
                "all that the stage needed to build is copied",
                "copy what is needed",
            );
        }
    }
}
