//! A label is not a semantic version. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3056",
    name: "label-no-version",
    aliases: &["DL3056"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3056.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    labels::wrong(subject, sheet, LabelFormat::Version, "not a semantic version", is_valid);
}

fn is_valid(value: &str) -> bool {
    let (version, build) =
        value.split_once('+').map_or((value, None), |(version, build)| (version, Some(build)));
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let are_words = |text: Option<&str>| {
        text.is_none_or(|text| {
            text.split('.')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        })
    };
    core.split('.').count() == 3 && core.split('.').all(is_number) && are_words(pre) && are_words(build)
}
