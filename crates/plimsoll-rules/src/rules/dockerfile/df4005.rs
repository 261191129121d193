//! The shell is changed with a link. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4005",
    name: "shell-by-link",
    aliases: &["DL4005"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df4005.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "use `SHELL [\"/bin/bash\", \"-c\"]`", |_, command| {
        let links = command.name == "ln" && command.has("/bin/sh");
        links.then(|| "the shell of the base image is replaced".to_owned())
    });
}
