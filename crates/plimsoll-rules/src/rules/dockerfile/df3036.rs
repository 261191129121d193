//! The cache of zypper stays in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3036",
    name: "zypper-cache-kept",
    aliases: &["DL3036", "AVD-DS-0020", "DS020"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3036.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::scripts(subject, sheet, "end the same `RUN` with `zypper clean --all`", |run, script| {
        let installs =
            |command: &ShellCommand| command.name == "zypper" && command.has_any(&["install", "in"]);
        let cleans = |command: &ShellCommand| command.name == "zypper" && command.has_any(&["clean", "cc"]);
        let kept = script.commands.iter().any(installs)
            && !runs::then(script, installs, cleans)
            && !runs::removes(script, &["/var/cache/zypp"])
            && !run.keeps_out("/var/cache/zypp");
        kept.then(|| "the cache of zypper stays in the layer".to_owned())
    });
}
