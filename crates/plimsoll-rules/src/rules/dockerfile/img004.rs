//! A shell is needed to start the program, and none is in the image. The page beside this file says why.

use plimsoll_model::Severity;

use super::bases;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG004",
    name: "shell-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("img004.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let file = subject.file;
    for instruction in &file.instructions {
        let (word, command) = match &instruction.body {
            Body::Cmd(command) => ("CMD", command),
            Body::Entrypoint(command) => ("ENTRYPOINT", command),
            Body::Run(command) => ("RUN", command),
            _ => continue,
        };
        let Some(stage) = instruction.stage.filter(|_| command.exec.is_none()) else { continue };
        let first = file.lineage(stage).last().unwrap_or(stage);
        let image = &file.stages[first].image;
        if bases::Base::of(image).has_shell() || bases::brings_shell(file, stage) {
            continue;
        }
        let fix = format!("write a JSON array: `{word} [\"/program\"]`");
        sheet
            .add(instruction.place, "a shell is needed to start this, and none is in the image", fix)
            .mark(format!("/bin/sh is not in {}", image.text))
            .note("would be", "exec: \"/bin/sh\": stat /bin/sh: no such file or directory");
    }
}
