//! A label is not a commit. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3055",
    name: "label-no-commit",
    aliases: &["DL3055"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3055.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Commit, "not a commit of 7 or 40 digits", is_valid);
}

fn is_valid(value: &str) -> bool {
    [7, 40].contains(&value.len()) && value.chars().all(|c| c.is_ascii_hexdigit())
}
