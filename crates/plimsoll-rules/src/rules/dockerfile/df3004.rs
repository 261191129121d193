//! RUN uses sudo. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3004",
    name: "sudo",
    aliases: &["DL3004", "AVD-DS-0010", "DS010"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3004.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "switch with `USER root` before it and back after it", |_, command| {
        (command.name == "sudo").then(|| "`sudo` behaves differently where there is no terminal".to_owned())
    });
}
