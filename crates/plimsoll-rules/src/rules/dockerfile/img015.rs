//! Everything is copied, also what does not belong there. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::ignore::dockerignores;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG015",
    name: "everything-is-copied",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("img015.md"),
    check: Check::Dockerfile(look),
};

/// What never belongs into an image.
const UNWANTED: [(&str, &str); 5] = [
    (".git", "the whole history"),
    (".env", "the secrets of this machine"),
    (".aws", "keys"),
    ("node_modules", "what was installed for this machine"),
    (".venv", "what was installed for this machine"),
];

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(names) = subject.around.names() else { return };
    let own = subject.file.source.path.rsplit('/').next().unwrap_or_default();
    let ignore =
        subject.around.text(&format!("{own}.dockerignore")).or_else(|| subject.around.text(".dockerignore"));
    let ignore = ignore.as_deref().unwrap_or_default();
    for instruction in &subject.file.instructions {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { continue };
        let is_all = transfer.sources.iter().any(|source| [".", "./", "/"].contains(&source.as_str()));
        // Only what is shipped matters; what a stage before has is thrown away.
        if !is_all || instruction.flag("from").is_some() || !subject.file.is_shipped(instruction.stage) {
            continue;
        }
        let found: Vec<_> = UNWANTED
            .iter()
            .filter(|(name, _)| names.contains(*name) && !dockerignores(ignore, name))
            .collect();
        if let Some((first, what)) = found.first() {
            let listed: Vec<_> = found.iter().map(|(name, _)| *name).collect();
            let message = format!("{} is copied into the image: {what}", listed.join(", "));
            sheet.add(instruction.place, message, format!("name it in .dockerignore: `{first}`"));
        }
    }
}
