//! ONBUILD triggers what it may not. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3043",
    name: "forbidden-in-onbuild",
    aliases: &["DL3043"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3043.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Onbuild(inner) = &instruction.body else { continue };
        let word = match inner.body {
            Body::Onbuild(_) => "ONBUILD",
            Body::From { .. } => "FROM",
            Body::Maintainer => "MAINTAINER",
            _ => continue,
        };
        sheet.add(instruction.place, format!("`ONBUILD` may not trigger `{word}`"), "remove it");
    }
}
