//! What is copied is left out of the context. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::ignore::dockerignores;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG023",
    name: "copied-file-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("img023.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let own = subject.file.source.path.rsplit('/').next().unwrap_or_default();
    // Elsewhere than in the context's own folder it is not known what paths begin at.
    let is_context = own == "Dockerfile" && subject.around.has(".dockerignore") == Some(true);
    if !is_context {
        return;
    }
    let ignore = subject.around.text(".dockerignore").unwrap_or_default();
    for instruction in &subject.file.instructions {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { continue };
        if instruction.flag("from").is_some() || instruction.onbuild {
            continue;
        }
        for source in &transfer.sources {
            let path = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            let is_plain = !path.is_empty()
                && path != "."
                && !path.contains(['*', '?', '[', '$', '<', ':', '\\'])
                && !path.contains("..");
            if is_plain && dockerignores(&ignore, path) {
                sheet
                    .add(
                        instruction.place,
                        format!("{path} is left out by .dockerignore"),
                        format!("add `!{path}` to .dockerignore, or do not copy it"),
                    )
                    .note("would be", format!("\"/{path}\": not found"));
            }
        }
    }
}
