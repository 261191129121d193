//! wget fills the log with its progress. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3047",
    name: "wget-progress",
    aliases: &["DL3047"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3047.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `--progress=dot:giga`, or `-nv`", |_, command| {
        let quiet = ["q", "quiet", "o", "output-file", "a", "append-output", "no-verbose", "progress"];
        let silent = command.has_flag(&quiet) || command.words.iter().any(|word| word.starts_with("-nv"));
        (command.name == "wget" && !silent).then(|| "its progress fills the log".to_owned())
    });
}
