//! dnf installs packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3041",
    name: "unpinned-dnf-package",
    aliases: &["DL3041"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3041.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "write `PACKAGE-VERSION`", |_, command| {
        packages::unpinned_rpm(command, &packages::DNF)
    });
}
