//! useradd with a high number makes a huge layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3046",
    name: "useradd-with-high-uid",
    aliases: &["DL3046"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3046.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `-l`, or take a number below 100000", |_, command| {
        let high = |value: &str| value.len() > 5 && value.chars().all(|c| c.is_ascii_digit());
        let huge = command.name == "useradd"
            && command.values(&["-u", "--uid"]).any(high)
            && !command.has_flag(&["l", "no-log-init"]);
        huge.then(|| "the file `lastlog` becomes as long as this number".to_owned())
    });
}
