//! A label is not a licence of SPDX. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3054",
    name: "label-no-licence",
    aliases: &["DL3054"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3054.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Licence, "not a licence of SPDX", is_valid);
}

/// The form of an expression; the list of licences grows every few months and is not looked at.
fn is_valid(value: &str) -> bool {
    let words: Vec<&str> = value.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
    let is_name = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
    };
    let fits = |(at, word): (usize, &&str)| match at % 2 {
        0 => is_name(word) && !["AND", "OR", "WITH"].contains(word),
        _ => ["AND", "OR", "WITH"].contains(word),
    };
    words.len() % 2 == 1 && words.iter().enumerate().all(fits)
}
