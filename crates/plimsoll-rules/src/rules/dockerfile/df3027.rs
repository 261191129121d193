//! RUN uses apt instead of apt-get. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3027",
    name: "apt-for-people",
    aliases: &["DL3027"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3027.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "use `apt-get` or `apt-cache`", |_, command| {
        (command.name == "apt").then(|| "`apt` is made for terminals".to_owned())
    });
}
