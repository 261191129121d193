//! gem installs gems without a version. The page beside this file says why.

use plimsoll_model::Severity;

use super::packages;
use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3028",
    name: "unpinned-gem",
    aliases: &["DL3028"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3028.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "write `GEM:VERSION`", |_, command| {
        let one_version = command.values(&["-v", "--version"]).next().is_some();
        let before_options = command.words.iter().take_while(|word| *word != "--").cloned().collect();
        let command = ShellCommand { words: before_options, ..command.clone() };
        let valued =
            ["-v", "--version", "-s", "--source", "-i", "--install-dir", "-n", "--bindir", "-P", "-p"];
        let fixed = |gem: &str| one_version || gem.contains(':') || packages::is_file(gem, &[".gem"]);
        packages::unpinned(&command, &["gem"], &["install", "i"], &valued, fixed)
    });
}
