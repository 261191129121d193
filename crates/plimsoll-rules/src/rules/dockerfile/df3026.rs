//! The base image comes from a registry that is not trusted. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3026",
    name: "untrusted-registry",
    aliases: &["DL3026"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3026.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let trusted = &subject.settings.trusted_registries;
    if trusted.is_empty() {
        return;
    }
    for (instruction, image) in images::from_outside(subject.file) {
        let registry = image.registry.as_deref().unwrap_or("docker.io");
        let fits = |pattern: &String| match pattern.strip_prefix('*') {
            Some(end) => registry.ends_with(end),
            None => registry == pattern,
        };
        if !trusted.iter().any(fits) {
            let message = format!("`{registry}` is none of the trusted registries");
            sheet.add(instruction.place, message, format!("mirror it to one of: {}", trusted.join(", ")));
        }
    }
}
