//! COPY goes to a relative path without WORKDIR. The page beside this file says why.

use plimsoll_model::Severity;

use super::paths;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3045",
    name: "relative-copy-target",
    aliases: &["DL3045", "IMG010"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3045.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut begun = paths::stages_with_workdir(subject.file);
    for instruction in &subject.file.instructions {
        begun.pass(&instruction.body, instruction.stage);
        let Body::Copy(transfer) = &instruction.body else { continue };
        let target = &transfer.target;
        if !paths::is_absolute(target) && !begun.began(instruction.stage) {
            let message = format!("`{target}` is relative to whatever folder the base image left");
            sheet.add(instruction.place, message, "set `WORKDIR` before it, or write an absolute path");
        }
    }
}
