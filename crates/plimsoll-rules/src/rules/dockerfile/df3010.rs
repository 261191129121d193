//! An archive is copied and then extracted. The page beside this file says why.

use std::collections::HashMap;

use plimsoll_model::Severity;

use super::paths;
use crate::dockerfile::{Body, Instruction, Transfer};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;
use crate::shell::Command as ShellCommand;

pub(super) const RULE: Rule = Rule {
    id: "DF3010",
    name: "archive-copied-then-extracted",
    aliases: &["DL3010"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3010.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for stage in 0..subject.file.stages.len() {
        let mut copied: HashMap<String, &Instruction> = HashMap::new();
        for instruction in subject.file.in_stage(stage) {
            match &instruction.body {
                Body::Copy(transfer) if instruction.flag("from").is_none() => {
                    copied.extend(archives(transfer).into_iter().map(|name| (name, instruction)));
                }
                Body::Run(command) => {
                    for name in command.script.commands.iter().flat_map(extracted) {
                        if let Some(copy) = copied.remove(name) {
                            // One instruction is told once, however many archives it copies.
                            copied.retain(|_, other| other.place != copy.place);
                            let fix = format!("`ADD` extracts `{name}` by itself");
                            sheet.add(
                                copy.place,
                                format!("`{name}` is extracted later and stays in this layer"),
                                fix,
                            );
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// The names that copied archives have in the image.
fn archives(transfer: &Transfer) -> Vec<String> {
    let sources =
        transfer.sources.iter().map(|source| paths::file_name(source)).filter(|name| is_archive(name));
    if is_archive(&transfer.target) {
        return sources.take(1).map(|_| paths::file_name(&transfer.target).to_owned()).collect();
    }
    sources.map(ToOwned::to_owned).collect()
}

fn is_archive(name: &str) -> bool {
    let tars = [".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tlz", ".tar.gz", ".tar.bz2", ".tar.xz"];
    tars.iter().any(|end| name.ends_with(end))
}

/// The names of the archives that a command extracts.
fn extracted(command: &ShellCommand) -> Vec<&str> {
    let is_tar = command.name == "tar"
        && (command.has_flag(&["x", "extract", "get"])
            || command.words.first().is_some_and(|word| !word.starts_with('-') && word.contains('x')));
    let unpacks = ["gunzip", "bunzip2", "unxz", "unlzma"].contains(&command.name.as_str());
    if !is_tar && !unpacks {
        return Vec::new();
    }
    let words =
        command.words.iter().map(|word| word.split_once('=').map_or(word.as_str(), |(_, value)| value));
    words.map(paths::file_name).collect()
}
