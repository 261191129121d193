//! An environment file is not there. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::ignore::ignores;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP013",
    name: "environment-file-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp013.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(files) = service.node.get("env_file") else { continue };
        let listed: Vec<_> = if files.is_list() { files.items().collect() } else { vec![files] };
        for node in listed {
            let Some(path) =
                node.text().or_else(|| node.text_at(&["path"])).filter(|path| !path.contains('$'))
            else {
                continue;
            };
            let may_miss = node.get("required").and_then(crate::tree::Node::truth) == Some(false);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_there = subject.around.at(folder).and_then(|folder| folder.has(name));
            // What is not to be committed is put there on each machine.
            let is_ignored = || {
                subject
                    .around
                    .text(".gitignore")
                    .is_some_and(|text| ignores(&text, path.trim_start_matches("./")))
            };
            if is_there == Some(false) && !may_miss && !is_ignored() && !name.starts_with(".env") {
                let fix =
                    "add the file, or write `{path: ..., required: false}` where the service does without";
                sheet
                    .add(node.place, format!("there is no {path}"), fix)
                    .note("would be", format!("env file {path} not found"));
            }
        }
    }
}
