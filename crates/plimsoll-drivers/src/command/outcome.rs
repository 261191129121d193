//! How a command ended, in words that a person can act on.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::Span;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// How long it took.
    pub took: Duration,
    /// The last lines of both streams, as they were passed on.
    pub last_lines: Vec<String>,
}

impl Outcome {
    /// Whether it ran and exited with 0.
    pub fn success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, which we did not send; 0 where somebody else (SIGCHLD ignored) took its status.
    Signalled(i32),
    /// It was ended because it took longer than this.
    TimedOut(Duration),
    /// It was ended because somebody cancelled.
    Cancelled,
    /// It never ran.
    NotStarted(StartError),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Signalled(0) => write!(f, "ended, and how is not known: somebody else waited for it"),
            Self::Signalled(9) => {
                write!(f, "was killed by signal 9 (often the kernel, when memory runs out)")
            }
            Self::Signalled(signal) => write!(f, "was ended by signal {signal}"),
            Self::TimedOut(limit) => {
                write!(f, "took longer than {} and was ended", Span::from(*limit))
            }
            Self::Cancelled => write!(f, "was cancelled"),
            Self::NotStarted(why) => write!(f, "did not start: {why}"),
        }
    }
}

/// Why a command could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No folder of `PATH` has it.
    #[error("`{program}` is not in PATH")]
    NotInPath {
        /// As it was written.
        program: String,
    },
    /// It was given as a path, and nothing is there.
    #[error("{} does not exist", .path.display())]
    Missing {
        /// The whole path.
        path: PathBuf,
    },
    /// It is there and may not be run.
    #[error("{} may not be run: it is not executable for this user", .path.display())]
    Denied {
        /// The whole path.
        path: PathBuf,
    },
    /// It is neither a program for this machine nor a script that names its interpreter.
    #[error("{} cannot be run: it has no `#!` line, or is for another processor", .path.display())]
    Format {
        /// The whole path.
        path: PathBuf,
    },
    /// It is there, but the interpreter or loader that it names is not.
    #[error("{} cannot be run: the interpreter or loader that it names is not there", .path.display())]
    Interpreter {
        /// The whole path.
        path: PathBuf,
    },
    /// The folder that it should run in is not there, or is no folder.
    #[error("the folder {} does not exist", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
    },
    /// The operating system refused for another reason.
    #[error("{} cannot be run: {why}", .path.display())]
    Other {
        /// The whole path.
        path: PathBuf,
        /// What the operating system said.
        why: String,
    },
}

impl StartError {
    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotInPath { program } => Some(match where_to_get(program) {
                Some(place) => format!("install it: {place}"),
                None => "install it, or name it by its path (`./tools/NAME`)".to_owned(),
            }),
            Self::Denied { path } => Some(format!("chmod +x {}", path.display())),
            Self::Format { .. } => Some("begin a script with `#!/bin/sh` or its like".to_owned()),
            Self::Missing { .. } | Self::Interpreter { .. } | Self::Folder { .. } | Self::Other { .. } => {
                None
            }
        }
    }
}

/// Where the tools that plimsoll itself asks for come from.
fn where_to_get(program: &str) -> Option<&'static str> {
    Some(match program {
        "go" => "https://go.dev/dl or your distribution's golang package",
        "cargo" | "rustc" => "https://rustup.rs or your distribution's cargo package",
        "cmake" => "https://cmake.org/download or your distribution's cmake package",
        "git" => "https://git-scm.com/downloads or your distribution's git package",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_read_as_sentences() {
        let timed_out = Ending::TimedOut(Duration::from_secs(600));
        assert_eq!(format!("`make` {timed_out}"), "`make` took longer than 10m and was ended");
        let missing = StartError::NotInPath { program: "go".to_owned() };
        assert_eq!(Ending::NotStarted(missing.clone()).to_string(), "did not start: `go` is not in PATH");
        let hint = missing.hint().unwrap();
        assert_eq!(hint, "install it: https://go.dev/dl or your distribution's golang package");
    }
}
