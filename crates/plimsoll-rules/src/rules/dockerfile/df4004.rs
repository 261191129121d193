//! A stage has several ENTRYPOINTs. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4004",
    name: "several-entrypoints",
    aliases: &["DL4004", "MultipleInstructionsDisallowed", "AVD-DS-0007", "DS007"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df4004.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    images::only_the_last_counts(subject.file, sheet, |i| matches!(i.body, Body::Entrypoint(_)));
}
