//! A command makes no sense in a container. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3001",
    name: "command-without-sense",
    aliases: &["DL3001"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3001.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(
        subject,
        sheet,
        "remove it; what shall run in the container belongs into `CMD`",
        |_, command| {
            let useless = ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];
            let name = command.name.as_str();
            useless.contains(&name).then(|| format!("`{name}` makes no sense while an image is built"))
        },
    );
}
