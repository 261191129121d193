//! A script keeps signals from the program. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG021",
    name: "script-that-keeps-signals",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("img021.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(last) = subject.file.last_stage() else { return };
    for instruction in subject.file.in_stage(last) {
        let Body::Entrypoint(command) = &instruction.body else { continue };
        let Some(words) = &command.exec else { continue };
        let script = words.iter().find(|word| word.rsplit_once('.').is_some_and(|(_, end)| end == "sh"));
        let Some(name) = script.and_then(|script| script.rsplit('/').next()) else { continue };
        // Something before it may pass signals on.
        if words.first().is_some_and(|first| {
            ["tini", "dumb-init", "s6-svscan", "init"].iter().any(|init| first.ends_with(init))
        }) {
            continue;
        }
        let Some((path, text)) = source_of(subject, name) else { continue };
        let code: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        // A script that ends by itself, or that handles signals, is another thing.
        let is_other = code.iter().any(|line| {
            line.starts_with("trap ")
                || line.split(['&', ';', '|']).any(|part| part.trim_start().starts_with("exec "))
        });
        let starts = code.last().is_some_and(|line| {
            line.starts_with("\"$@\"")
                || line.starts_with("$@")
                || line.starts_with('/')
                || line.starts_with("./")
        });
        if starts && !is_other {
            sheet
                .add(
                    instruction.place,
                    format!("{path} stays in front of the program: SIGTERM ends at the shell"),
                    "write `exec` before the last command of the script: `exec \"$@\"`",
                )
                .note("would be", "no clean end; SIGKILL after 10 s, on each rollout");
        }
    }
}

/// The script beside the Dockerfile that is copied into the image under this name.
fn source_of(subject: &DockerfileSubject<'_>, name: &str) -> Option<(String, std::rc::Rc<str>)> {
    let copies = subject.file.instructions.iter().filter(|instruction| instruction.flag("from").is_none());
    let sources = copies.filter_map(|instruction| match &instruction.body {
        Body::Copy(transfer) | Body::Add(transfer) => Some(&transfer.sources),
        _ => None,
    });
    let named = sources.flatten().find(|source| source.rsplit('/').next() == Some(name));
    let path = named.map_or(name, |source| source.trim_start_matches('/'));
    Some((path.to_owned(), subject.around.text(path)?))
}
