//! A comment allows findings of one instruction. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF1001",
    name: "inline-ignore",
    aliases: &["DL1001"],
    severity: Severity::Warning,
    on: false,
    page: include_str!("df1001.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for comment in &subject.file.comments {
        let text = comment.text.trim().strip_prefix("hadolint").map(str::trim_start).unwrap_or_default();
        if text.starts_with("ignore") && !comment.inside {
            let place = subject.file.source.whole_lines(comment.line, comment.line);
            let fix = "move the exception to where all exceptions are";
            sheet.add(place, "this comment allows findings of one instruction", fix);
        }
    }
}
