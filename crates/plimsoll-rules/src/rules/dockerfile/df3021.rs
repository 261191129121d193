//! COPY of several files does not end in a folder. The page beside this file says why.

use plimsoll_model::Severity;

use super::paths;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3021",
    name: "copy-of-several-to-a-file",
    aliases: &["DL3021", "AVD-DS-0011", "DS011"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3021.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Copy(transfer) = &instruction.body else { continue };
        let target = &transfer.target;
        let is_folder = target.ends_with(['/', '\\']) || paths::is_this_folder(target);
        if transfer.sources.len() > 1 && !is_folder {
            let message =
                format!("{} files are copied to `{target}`, which is no folder", transfer.sources.len());
            sheet.add(instruction.place, message, format!("end the target with `/`: `{target}/`"));
        }
    }
}
