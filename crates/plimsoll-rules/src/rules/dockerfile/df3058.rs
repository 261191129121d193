//! A label is not an address. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3058",
    name: "label-no-email",
    aliases: &["DL3058"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3058.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Email, "not an address of electronic mail", is_valid);
}

fn is_valid(value: &str) -> bool {
    let Some((name, host)) = value.rsplit_once('@') else { return false };
    let has_blanks = value.contains(|c: char| c.is_whitespace() || c.is_control());
    !name.is_empty() && !host.is_empty() && !has_blanks && !host.starts_with('.') && !host.ends_with('.')
}
