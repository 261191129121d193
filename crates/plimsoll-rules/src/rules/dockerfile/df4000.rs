//! MAINTAINER is deprecated. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4000",
    name: "maintainer",
    aliases: &["DL4000", "MaintainerDeprecated", "AVD-DS-0022", "DS022", "CKV_DOCKER_6"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df4000.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in subject.file.instructions.iter().filter(|i| matches!(i.body, Body::Maintainer)) {
        let fix = "write `LABEL org.opencontainers.image.authors=\"...\"`";
        sheet.add(instruction.place, "`MAINTAINER` is deprecated", fix);
    }
}
