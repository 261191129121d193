//! RUN changes the folder with cd. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3003",
    name: "cd-in-run",
    aliases: &["DL3003", "AVD-DS-0013", "DS013"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3003.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "use `WORKDIR` before it", |_, command| {
        (command.name == "cd").then(|| "the folder is changed for this instruction only".to_owned())
    });
}
