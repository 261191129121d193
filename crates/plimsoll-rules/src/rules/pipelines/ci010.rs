//! A workflow uses a command that is switched off. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI010",
    name: "command-that-is-switched-off",
    aliases: &["deprecated-commands"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci010.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for script in jobs::steps(subject.file).into_iter().filter_map(|step| step.get("run")) {
        let text = script.text().unwrap_or_default();
        for (command, file) in [
            ("::set-output ", "$GITHUB_OUTPUT"),
            ("::save-state ", "$GITHUB_STATE"),
            ("::set-env ", "$GITHUB_ENV"),
            ("::add-path::", "$GITHUB_PATH"),
        ] {
            if text.contains(command) {
                let name = command.trim().trim_matches(':');
                let mut entry = sheet.add(
                    script.place,
                    format!("`{name}` is a command that GitHub has given up"),
                    format!("write into the file instead: echo \"name=value\" >> \"{file}\""),
                );
                if ["::set-env ", "::add-path::"].contains(&command) {
                    entry.severity(Severity::Error);
                }
            }
        }
    }
}
