//! ADD where COPY is meant. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3020",
    name: "add-instead-of-copy",
    aliases: &["DL3020", "AVD-DS-0005", "DS005", "CKV_DOCKER_4", "CIS-DI-0009"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3020.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Add(transfer) = &instruction.body else { continue };
        let plain = transfer.sources.iter().find(|source| !is_for_add(source));
        if let Some(source) = plain {
            sheet.add(instruction.place, format!("`{source}` is only copied"), "use `COPY`");
        }
    }
}

/// Whether `ADD` does something with it that `COPY` does not.
fn is_for_add(source: &str) -> bool {
    let ends = [
        ".tar", ".gz", ".bz2", ".xz", ".Z", ".lz", ".tgz", ".tbz", ".tbz2", ".tb2", ".txz", ".tlz", ".tZ",
        ".tpz",
    ];
    let is_remote =
        ["http://", "https://", "git@", "git://", "<<"].iter().any(|begin| source.starts_with(begin));
    is_remote || ends.iter().any(|end| source.ends_with(end))
}
