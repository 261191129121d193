//! apk adds packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3018",
    name: "unpinned-apk-package",
    aliases: &["DL3018"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3018.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(
        subject,
        sheet,
        "write `PACKAGE=VERSION`, or `PACKAGE~MAJOR` where fixes shall come in",
        |_, command| {
            let fixed = |package: &str| {
                package.contains(['=', '<', '>', '~']) || packages::is_file(package, &[".apk"])
            };
            packages::unpinned(command, &["apk"], &["add"], packages::APK_VALUES, fixed)
        },
    );
}
