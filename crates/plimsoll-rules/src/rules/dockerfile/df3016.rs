//! npm installs packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3016",
    name: "unpinned-npm-package",
    aliases: &["DL3016"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3016.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(
        subject,
        sheet,
        "write `PACKAGE@VERSION`, or use `npm ci` with the lock file",
        |_, command| {
            let valued = [
                "--prefix",
                "--registry",
                "--loglevel",
                "--cache",
                "--omit",
                "--include",
                "-w",
                "--workspace",
            ];
            packages::unpinned(command, &["npm"], &["install", "i", "add"], &valued, is_pinned)
        },
    );
}

fn is_pinned(package: &str) -> bool {
    if package.starts_with("git") && package.contains("://") {
        return package.contains('#');
    }
    let is_local = package.starts_with(['/', '.', '~']) || package.starts_with("file:");
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| package.ends_with(end));
    // The `@` of a scope stands first.
    is_local || is_archive || package.get(1..).is_some_and(|rest| rest.contains('@'))
}
