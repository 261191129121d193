//! zypper upgrades the whole distribution. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3035",
    name: "zypper-dist-upgrade",
    aliases: &["DL3035", "AVD-DS-0024", "DS024"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3035.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "take a newer base image", |_, command| {
        let upgrades = command.name == "zypper" && command.has_any(&["dist-upgrade", "dup"]);
        upgrades.then(|| "the whole distribution is upgraded".to_owned())
    });
}
