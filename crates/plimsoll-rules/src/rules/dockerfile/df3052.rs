//! A label is not a URL. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3052",
    name: "label-no-url",
    aliases: &["DL3052"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3052.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Url, "not a URL", is_valid);
}

/// A scheme and something behind it.
fn is_valid(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme && !rest.is_empty() && !rest.contains(char::is_whitespace)
}
