//! pip installs packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::pip;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3013",
    name: "unpinned-pip-package",
    aliases: &["DL3013"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3013.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(
        subject,
        sheet,
        "write `PACKAGE==VERSION`, or use a requirements file with hashes",
        |_, command| {
            let package =
                pip::packages(command)?.into_iter().find(|package| !pip::is_pinned(package))?.to_owned();
            Some(format!("`{package}` has no version"))
        },
    );
}
