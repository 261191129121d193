//! yum install asks whether to go on. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3030",
    name: "yum-asks",
    aliases: &["DL3030"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3030.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `-y`", |_, command| {
        packages::asks(
            command,
            &["yum"],
            &["install", "groupinstall", "localinstall"],
            &["y", "yes", "assumeyes"],
        )
    });
}
