//! Looking at the commands of `RUN`.

use crate::dockerfile::Instruction;
use crate::rule::DockerfileSubject;
use crate::sheet::Sheet;
use crate::shell::{Command as ShellCommand, Script};

/// Looks at the commands of every `RUN`. Of one `RUN` the first command that something is said about is written down.
pub(super) fn commands(
    subject: &DockerfileSubject<'_>,
    sheet: &mut Sheet<'_>,
    fix: &str,
    look: impl Fn(&Instruction, &ShellCommand) -> Option<String>,
) {
    for (run, command) in subject.file.runs() {
        let mut commands = command.script.commands.iter().zip(&command.lines);
        if let Some((message, line)) = commands.find_map(|(command, line)| Some((look(run, command)?, *line)))
        {
            sheet.add(subject.file.source.whole_lines(line, line), message, fix);
        }
    }
}

/// Looks at every `RUN` as a whole.
pub(super) fn scripts(
    subject: &DockerfileSubject<'_>,
    sheet: &mut Sheet<'_>,
    fix: &str,
    look: impl Fn(&Instruction, &Script) -> Option<String>,
) {
    for (run, command) in subject.file.runs() {
        if let Some(message) = look(run, &command.script) {
            sheet.add(run.place, message, fix);
        }
    }
}

/// Whether it removes one of these folders, or what is in it, recursively.
pub(super) fn removes(script: &Script, folders: &[&str]) -> bool {
    let is_below = |word: &str| folders.iter().any(|folder| word.starts_with(folder));
    script
        .named(&["rm"])
        .any(|rm| rm.has_flag(&["r", "R", "recursive"]) && rm.words.iter().any(|word| is_below(word)))
}

/// Whether something is done after the last command that `begins`.
pub(super) fn then(
    script: &Script,
    begins: impl Fn(&ShellCommand) -> bool,
    ends: impl Fn(&ShellCommand) -> bool,
) -> bool {
    let last = script.commands.iter().rposition(begins).unwrap_or_default();
    script.commands[last.min(script.commands.len())..].iter().any(ends)
}

/// How many programs it runs; what only sets variables is none.
pub(super) fn programs(script: &Script) -> usize {
    script.commands.iter().filter(|command| !command.name.is_empty()).count()
}
