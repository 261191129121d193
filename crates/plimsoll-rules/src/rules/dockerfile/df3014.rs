//! apt-get install asks whether to go on. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3014",
    name: "apt-asks",
    aliases: &["DL3014", "AVD-DS-0021", "DS021"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3014.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `-y`", |_, command| {
        let asks = command.name == "apt-get" && command.has("install");
        let quiet = command.flags().filter(|flag| ["q", "quiet"].contains(flag)).count();
        let agrees = command.has_flag(&["y", "yes", "assume-yes"]) || quiet > 1;
        let very_quiet = command.has_any(&["-q=2", "--quiet=2"]);
        (asks && !agrees && !very_quiet).then(|| "`apt-get install` asks, and nobody answers".to_owned())
    });
}
