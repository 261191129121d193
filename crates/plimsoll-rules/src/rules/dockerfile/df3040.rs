//! The cache of dnf stays in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3040",
    name: "dnf-cache-kept",
    aliases: &["DL3040", "AVD-DS-0019", "DS019"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3040.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let caches = ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"];
    runs::scripts(subject, sheet, "end the same `RUN` with `dnf clean all`", |run, script| {
        let keeps = |program: &str| {
            let is_it = |command: &ShellCommand| command.name == program;
            let installs =
                |command: &ShellCommand| is_it(command) && command.has_any(&["install", "reinstall"]);
            let cleans =
                |command: &ShellCommand| is_it(command) && command.has("clean") && command.has("all");
            script.commands.iter().any(installs) && !runs::then(script, installs, cleans)
        };
        let kept = packages::DNF.iter().any(|program| keeps(program))
            && !runs::removes(script, &caches)
            && !caches.iter().any(|cache| run.keeps_out(cache));
        kept.then(|| "the cache of dnf stays in the layer".to_owned())
    });
}
