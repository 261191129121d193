//! CMD or ENTRYPOINT is started by a shell. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3025",
    name: "shell-form",
    aliases: &["DL3025", "JSONArgsRecommended"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3025.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let (word, command) = match &instruction.body {
            Body::Cmd(command) => ("CMD", command),
            Body::Entrypoint(command) => ("ENTRYPOINT", command),
            Body::Healthcheck(Some(command)) => ("HEALTHCHECK CMD", command),
            _ => continue,
        };
        if command.exec.is_none() {
            let fix = format!("write a JSON array: `{word} [\"/program\", \"argument\"]`");
            sheet.add(
                instruction.place,
                "a shell starts the program and does not pass SIGTERM on to it",
                fix,
            );
        }
    }
}
