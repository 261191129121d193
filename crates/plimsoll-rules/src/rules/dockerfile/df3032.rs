//! The cache of yum stays in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3032",
    name: "yum-cache-kept",
    aliases: &["DL3032", "AVD-DS-0015", "DS015"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3032.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::scripts(subject, sheet, "end the same `RUN` with `yum clean all`", |run, script| {
        let installs = |command: &ShellCommand| command.name == "yum" && command.has("install");
        let cleans =
            |command: &ShellCommand| command.name == "yum" && command.has("clean") && command.has("all");
        let kept = script.commands.iter().any(installs)
            && !runs::then(script, installs, cleans)
            && !runs::removes(script, &["/var/cache/yum"])
            && !run.keeps_out("/var/cache/yum");
        kept.then(|| "the cache of yum stays in the layer".to_owned())
    });
}
