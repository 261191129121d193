//! zypper asks whether to go on. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3034",
    name: "zypper-asks",
    aliases: &["DL3034"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3034.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `-n` behind `zypper`", |_, command| {
        let changes = ["install", "in", "remove", "rm", "source-install", "si", "patch"];
        packages::asks(command, &["zypper"], &changes, &["n", "non-interactive", "no-confirm", "y"])
    });
}
