//! A stage has several CMDs. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4003",
    name: "several-cmds",
    aliases: &["DL4003", "MultipleInstructionsDisallowed", "AVD-DS-0016", "DS016"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df4003.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    images::only_the_last_counts(subject.file, sheet, |i| matches!(i.body, Body::Cmd(_)));
}
