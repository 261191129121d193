//! USER is not a number. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3066",
    name: "user-by-name",
    aliases: &["DL3066", "IMG003"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3066.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::User(user) = &instruction.body else { continue };
        let name = user.split(':').next().unwrap_or_default();
        if !name.contains('$') && !name.chars().all(|c| c.is_ascii_digit()) {
            sheet.add(
                instruction.place,
                format!("the host may not know who `{name}` is"),
                "write the number: `USER 65532`",
            );
        }
    }
}
