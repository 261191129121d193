//! dnf install asks whether to go on. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3038",
    name: "dnf-asks",
    aliases: &["DL3038"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3038.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `-y`", |_, command| {
        packages::asks(
            command,
            &packages::DNF,
            &["install", "groupinstall", "localinstall"],
            &["y", "yes", "assumeyes"],
        )
    });
}
