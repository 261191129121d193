//! The image runs as root because nothing says otherwise. The page beside this file says why.

use plimsoll_model::Severity;

use super::bases;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG002",
    name: "root-by-default",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("img002.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let file = subject.file;
    let Some(last) = file.last_stage() else { return };
    let has_user = |stage: usize| file.in_stage(stage).any(|i| matches!(i.body, Body::User(_)));
    if file.lineage(last).any(has_user) {
        return;
    }
    let first = file.lineage(last).last().unwrap_or(last);
    let image = &file.stages[first].image;
    if bases::Base::of(image).is_root() {
        let from = &file.instructions[file.stages[last].from];
        let message = "the program runs as root, because nothing says otherwise";
        sheet
            .add(from.place, message, "end with a user without rights: `USER 65532`")
            .mark(format!("{} is root", image.text));
    }
}
