//! go installs a program without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3062",
    name: "unpinned-go-package",
    aliases: &["DL3062"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3062.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "write `PACKAGE@VERSION`", |_, command| {
        let valued = [
            "-tags",
            "-ldflags",
            "-gcflags",
            "-asmflags",
            "-mod",
            "-modfile",
            "-o",
            "-p",
            "-C",
            "-exec",
            "-overlay",
            "-pkgdir",
        ];
        packages::unpinned(command, &["go"], &["install", "get", "run"], &valued, is_fixed)
    });
}

fn is_fixed(package: &str) -> bool {
    match package.split_once('@') {
        Some((_, version)) => !["latest", "none"].contains(&version),
        // Of this module, or of Go itself.
        None => {
            package.starts_with('.') || packages::is_file(package, &[".go"]) || !package.contains(['.', '$'])
        }
    }
}
