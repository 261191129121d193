//! A pipe hides failures. The page beside this file says why.

use plimsoll_model::Severity;

use super::paths;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4006",
    name: "pipe-without-pipefail",
    aliases: &["DL4006", "IMG011"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df4006.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let other_shell = subject.file.comments.iter().any(|comment| {
        let shell = comment.text.trim().strip_prefix("hadolint shell=");
        shell.is_some_and(|shell| !is_posix(shell.trim()))
    });
    if other_shell {
        return;
    }
    // Of each stage whether failures of pipes are seen; a stage begins as the one that it is based on ended.
    let mut seen = vec![false; subject.file.stages.len()];
    for instruction in &subject.file.instructions {
        let Some(stage) = instruction.stage else { continue };
        match &instruction.body {
            Body::From { .. } => seen[stage] = subject.file.stages[stage].base.is_some_and(|base| seen[base]),
            Body::Shell(words) => seen[stage] = sees_failures(words),
            Body::Run(command)
                if command.script.has_pipe && !seen[stage] && !command.script.sets_pipefail() =>
            {
                let fix = "`SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before it, or `set -o pipefail` in it";
                sheet.add(
                    instruction.place,
                    "only the last command of the pipe decides whether this fails",
                    fix,
                );
            }
            _ => {}
        }
    }
}

/// Whether a shell fails where any part of a pipe fails, or is none that has this question.
fn sees_failures(words: &[String]) -> bool {
    let Some((program, rest)) = words.split_first() else { return false };
    let name = paths::file_name(program);
    if !is_posix(name) {
        return true;
    }
    let mut pairs = rest.windows(2);
    let sets = pairs.any(|pair| pair[0].starts_with('-') && pair[0].ends_with('o') && pair[1] == "pipefail");
    // Debian's `sh` refuses the option.
    ["bash", "zsh", "ash", "ksh"].contains(&name) && sets
}

fn is_posix(name: &str) -> bool {
    ["sh", "bash", "dash", "ash", "zsh", "ksh"].contains(&name)
}
