//! The key of a label is not valid. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3048",
    name: "invalid-label-key",
    aliases: &["DL3048"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3048.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Label(pairs) = &instruction.body else { continue };
        if let Some(pair) = pairs.iter().find(|pair| !is_valid(&pair.key)) {
            let fix = "write it in small letters, as `org.example.name`";
            sheet.add(instruction.place, format!("`{}` is no key for a label", pair.key), fix);
        }
    }
}

fn is_valid(key: &str) -> bool {
    let reserved = ["com.docker.", "io.docker.", "org.dockerproject."];
    let may_be_inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_/".contains(c);
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key.chars().all(may_be_inside)
        && !key.contains("..")
        && !key.contains("--")
        && !reserved.iter().any(|begin| key.starts_with(begin))
}
