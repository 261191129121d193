//! apt-get installs packages without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3008",
    name: "unpinned-apt-package",
    aliases: &["DL3008"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3008.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(
        subject,
        sheet,
        "write `PACKAGE=VERSION`; `apt-cache policy PACKAGE` shows what there is",
        |_, command| {
            let fixed = |package: &str| package.contains(['=', '/']) || packages::is_file(package, &[".deb"]);
            packages::unpinned(command, &["apt-get"], &["install"], packages::APT_VALUES, fixed)
        },
    );
}
