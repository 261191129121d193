//! The project's own regression test, run against a deployed release.
//!
//! Its exit code alone decides. Counts are read from the output where it is of a known kind, and are unknown
//! otherwise; they never turn a failure into a success.

mod counts;

use std::path::Path;
use std::time::Duration;

use plimsoll_model::service::TestSpec;
use plimsoll_model::{EnvironmentName, ReleaseId};

use crate::command::{CommandOrder, Commands, Ending, Output, StartError, Stream, shown};
use counts::Counter;
pub use counts::Counts;

/// What the test runs against.
#[derive(Debug, Clone, Copy)]
pub struct TestOrder<'a> {
    /// The declared test.
    pub spec: &'a TestSpec,
    /// The folder it runs in: the one with the configuration file.
    pub folder: &'a Path,
    /// Where the service answers, `http://127.0.0.1:8080`.
    pub url: &'a str,
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The release that is tested.
    pub release: &'a ReleaseId,
}

/// What came of a test that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRun {
    /// How it ended. Only an exit with 0 is a success.
    pub ending: Ending,
    /// How many tests there were, as far as the output says.
    pub counts: Counts,
    /// What was run, as it could be typed, with secrets masked.
    pub command: String,
    /// How long it took.
    pub took: Duration,
    /// The last lines that it wrote.
    pub last_lines: Vec<String>,
}

impl TestRun {
    /// Whether the test passed.
    pub fn passed(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// What a person should know about a test that passed: that it tested nothing.
    pub fn remark(&self) -> Option<&'static str> {
        let nothing = self.counts.passed == Some(0) && self.counts.failed.unwrap_or(0) == 0;
        (self.passed() && nothing).then_some("the command passed, but no test ran")
    }
}

/// Why it is not known whether the test passes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TestError {
    /// The command is empty.
    #[error("the test's command is empty")]
    Empty,
    /// Somebody cancelled.
    #[error("cancelled while `{command}` ran")]
    Cancelled {
        /// What was run, masked.
        command: String,
    },
    /// It could not be started.
    #[error("`{command}` did not start: {why}")]
    NotStarted {
        /// What was run, masked.
        command: String,
        /// Why.
        why: StartError,
    },
}

impl TestError {
    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Empty => Some("write it as a list: [\"go\", \"test\", \"./e2e\"]".to_owned()),
            Self::NotStarted { why, .. } => why.hint(),
            Self::Cancelled { .. } => None,
        }
    }
}

/// Runs the test. It learns what to test from `PLIMSOLL_URL`, `PLIMSOLL_ENVIRONMENT` and `PLIMSOLL_RELEASE`.
pub fn run(
    commands: &dyn Commands,
    order: &TestOrder<'_>,
    on_line: &mut dyn FnMut(Stream, &str),
) -> Result<TestRun, TestError> {
    let (program, args) = order.spec.command.split_first().ok_or(TestError::Empty)?;
    let test = CommandOrder::new(program, order.folder)
        .args(args)
        .variable("PLIMSOLL_URL", order.url)
        .variable("PLIMSOLL_ENVIRONMENT", order.environment.to_string())
        .variable("PLIMSOLL_RELEASE", order.release.to_string())
        .timeout(order.spec.timeout.duration());
    let command = shown(&test);
    let mut counter = Counter::default();
    let outcome = commands.run(&test, &mut |output| {
        if let Output::Line { stream, text } = output {
            counter.line(text);
            on_line(stream, text);
        }
    });
    match outcome.ending {
        Ending::Cancelled => Err(TestError::Cancelled { command }),
        Ending::NotStarted(why) => Err(TestError::NotStarted { command, why }),
        ending => Ok(TestRun {
            ending,
            counts: counter.counts(),
            command,
            took: outcome.took,
            last_lines: outcome.last_lines,
        }),
    }
}

#[cfg(test)]
mod tests;
