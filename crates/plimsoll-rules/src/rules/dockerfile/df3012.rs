//! A stage has several HEALTHCHECKs. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3012",
    name: "several-healthchecks",
    aliases: &["DL3012", "MultipleInstructionsDisallowed", "AVD-DS-0023", "DS023"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3012.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    images::only_the_last_counts(subject.file, sheet, |i| matches!(i.body, Body::Healthcheck(_)));
}
