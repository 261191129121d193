//! The cache of yarn stays in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3060",
    name: "yarn-cache-kept",
    aliases: &["DL3060"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3060.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::scripts(subject, sheet, "end the same `RUN` with `yarn cache clean`", |run, script| {
        let first = |command: &ShellCommand, word: &str| command.words.first().is_some_and(|own| own == word);
        let installs = |command: &ShellCommand| command.name == "yarn" && first(command, "install");
        let cleans = |command: &ShellCommand| {
            command.name == "yarn" && first(command, "cache") && command.has("clean")
        };
        let kept = subject.file.is_shipped(run.stage)
            && script.commands.iter().any(installs)
            && !runs::then(script, installs, cleans)
            && !runs::removes(script, &["/usr/local/share/.cache"])
            && !run.keeps_out_of_home(".cache/yarn");
        kept.then(|| "the cache of yarn stays in the layer".to_owned())
    });
}
