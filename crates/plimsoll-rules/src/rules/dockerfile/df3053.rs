//! A label is not a time. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3053",
    name: "label-no-time",
    aliases: &["DL3053"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3053.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Time, "not a time of RFC 3339", is_valid);
}

fn is_valid(value: &str) -> bool {
    value.parse::<jiff::Timestamp>().is_ok()
}
