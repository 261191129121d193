//! zypper installs packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3037",
    name: "unpinned-zypper-package",
    aliases: &["DL3037"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3037.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "write `PACKAGE=VERSION`", |_, command| {
        let valued = ["-t", "--type", "-r", "--repo", "--from", "-R", "--root", "-c", "--config"];
        let fixed =
            |package: &str| package.contains(['=', '<', '>']) || packages::is_file(package, &[".rpm"]);
        packages::unpinned(command, &["zypper"], &["install", "in"], &valued, fixed)
    });
}
