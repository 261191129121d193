//! The commands of one build: same folder, same variables, one time limit for all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::service::BuildSpec;

use super::{BuildError, hints};
use crate::command::{self, CommandOrder, Commands, Ending, Outcome, Output, Stream, shown};

/// The longest answer to a question like `go env`.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// A build at work.
pub(super) struct Running<'a> {
    commands: &'a dyn Commands,
    folder: PathBuf,
    declared: &'a BTreeMap<String, String>,
    timeout: Duration,
    took: Duration,
    on_line: &'a mut dyn FnMut(Stream, &str),
}

impl<'a> Running<'a> {
    pub(super) fn new(
        commands: &'a dyn Commands,
        spec: &'a BuildSpec,
        folder: PathBuf,
        on_line: &'a mut dyn FnMut(Stream, &str),
    ) -> Self {
        let timeout = spec.timeout.duration();
        Self { commands, folder, declared: &spec.variables, timeout, took: Duration::ZERO, on_line }
    }

    /// The project's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn took(&self) -> Duration {
        self.took
    }

    /// A variable as the build's commands see it.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.declared.get(name).cloned().or_else(|| self.commands.variable(name))
    }

    /// A command in the project's folder. Declared variables win over `ours`.
    pub(super) fn order(&self, program: &str, ours: &[(&str, &str)]) -> CommandOrder {
        let mut order = CommandOrder::new(program, &self.folder);
        order.variables = ours.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        order.variables.extend(self.declared.iter().map(|(k, v)| (k.clone(), v.clone())));
        order
    }

    /// Runs a command whose output is for people.
    pub(super) fn run(&mut self, order: CommandOrder) -> Result<(), BuildError> {
        self.perform(order, &mut |_| {})
    }

    /// Runs a command whose standard output answers a question.
    pub(super) fn ask(&mut self, order: CommandOrder) -> Result<String, BuildError> {
        let order = order.timeout(self.timeout.saturating_sub(self.took));
        let mut said = Vec::new();
        let (outcome, answer, _) = command::read(self.commands, order.clone(), LONGEST_ANSWER, &mut |line| {
            said.push(line.to_owned());
            said.truncate(50);
        });
        self.took += outcome.took;
        if !outcome.success() {
            // Nobody has seen these lines yet.
            for line in &said {
                (self.on_line)(Stream::Err, line);
            }
        }
        self.judge(&order, outcome)?;
        String::from_utf8(answer)
            .map_err(|_| BuildError::Answer { command: shown(&order), why: "it is not UTF-8".to_owned() })
    }

    /// Runs a command. Its standard output goes to `on_bytes` if the order asks for bytes, its lines to people.
    pub(super) fn perform(
        &mut self,
        order: CommandOrder,
        on_bytes: &mut dyn FnMut(&[u8]),
    ) -> Result<(), BuildError> {
        let order = order.timeout(self.timeout.saturating_sub(self.took));
        let on_line = &mut self.on_line;
        let outcome = self.commands.run(&order, &mut |output| match output {
            Output::Line { stream, text } => on_line(stream, text),
            Output::Bytes(bytes) => on_bytes(bytes),
        });
        self.took += outcome.took;
        self.judge(&order, outcome)
    }

    fn judge(&self, order: &CommandOrder, outcome: Outcome) -> Result<(), BuildError> {
        let command = shown(order);
        let hint = match outcome.ending {
            Ending::Exited(0) => return Ok(()),
            Ending::Cancelled => return Err(BuildError::Cancelled { command }),
            Ending::NotStarted(ref why) => why.hint(),
            Ending::TimedOut(_) => {
                Some("give the build a longer `timeout`, or see what it waits for".to_owned())
            }
            Ending::Exited(_) | Ending::Signalled(_) => hints::hint(&outcome.last_lines),
        };
        // The limit that counts for people is the declared one, not what was left of it.
        let ending = match outcome.ending {
            Ending::TimedOut(_) => Ending::TimedOut(self.timeout),
            other => other,
        };
        Err(BuildError::Failed { command, ending, last_lines: outcome.last_lines, hint })
    }
}
