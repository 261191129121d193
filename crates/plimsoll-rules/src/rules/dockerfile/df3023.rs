//! COPY --from names its own stage. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3023",
    name: "copy-from-itself",
    aliases: &["DL3023", "AVD-DS-0006", "DS006"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3023.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let (Body::Copy(_), Some(from), Some(own)) =
            (&instruction.body, instruction.flag("from"), instruction.stage)
        else {
            continue;
        };
        let name = subject.file.stages[own].name.as_deref();
        if name.is_some_and(|name| name.eq_ignore_ascii_case(from)) || from.parse() == Ok(own) {
            sheet.add(
                instruction.place,
                format!("`{from}` is the stage that this stands in"),
                "name another stage, or use `RUN cp`",
            );
        }
    }
}
