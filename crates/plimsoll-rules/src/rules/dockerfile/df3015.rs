//! apt-get install brings recommended packages. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3015",
    name: "apt-recommends",
    aliases: &["DL3015", "AVD-DS-0029", "DS029"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3015.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `--no-install-recommends`", |_, command| {
        let off = |word: &String| {
            let value = word.strip_prefix("APT::Install-Recommends=");
            value.is_some_and(|value| ["false", "0", "no", "off"].contains(&value))
        };
        let installs = command.name == "apt-get" && command.has("install");
        let declines = command.has_flag(&["no-install-recommends"]) || command.words.iter().any(off);
        (installs && !declines).then(|| "packages that are only recommended are installed too".to_owned())
    });
}
