//! COPY --from names neither a stage nor an image. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3022",
    name: "copy-from-unknown-stage",
    aliases: &["DL3022"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3022.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let (Body::Copy(_), Some(from), Some(own)) =
            (&instruction.body, instruction.flag("from"), instruction.stage)
        else {
            continue;
        };
        let before = &subject.file.stages[..=own];
        let names_stage =
            before.iter().any(|s| s.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(from)));
        let known = match from.parse::<usize>() {
            Ok(number) => number <= own,
            Err(_) => names_stage || from.contains([':', '@']),
        };
        if !known {
            let message = format!("no stage before this one is called `{from}`");
            sheet.add(instruction.place, message, "correct the name, or name an image with its tag");
        }
    }
}
