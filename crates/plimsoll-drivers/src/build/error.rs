//! Why there is no artifact.

use std::io;
use std::path::PathBuf;

use crate::command::Ending;

/// Why there is no artifact. [`BuildError::hint`] and [`BuildError::last_lines`] have the rest of the story.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A command failed, took too long or could not be started.
    #[error("`{command}` {ending}")]
    Failed {
        /// What was run, masked.
        command: String,
        /// How it ended.
        ending: Ending,
        /// The last lines that it wrote.
        last_lines: Vec<String>,
        /// What to do next, where that is known.
        hint: Option<String>,
    },
    /// Somebody cancelled.
    #[error("cancelled while `{command}` ran")]
    Cancelled {
        /// What was run, masked.
        command: String,
    },
    /// Dependencies are not locked, so that the same commit could become different programs.
    #[error("{why}")]
    Unlocked {
        /// What is missing.
        why: String,
        /// How to lock them.
        hint: String,
    },
    /// The declared build cannot work as it is.
    #[error("{why}")]
    Declared {
        /// What is wrong with it.
        why: String,
        /// What to write instead.
        hint: String,
    },
    /// All went well, but the declared output is not there.
    #[error("`{command}` did not make {}", .file.display())]
    NotMade {
        /// What was run, masked.
        command: String,
        /// What should have been there.
        file: PathBuf,
        /// What there is instead: programs, or the names that the tool gave.
        found: Vec<String>,
    },
    /// The result is a library.
    #[error("`{command}` made a library, not a program")]
    NoProgram {
        /// What was run, masked.
        command: String,
    },
    /// A tool answered something that is not understood.
    #[error("what `{command}` answered is not understood: {why}")]
    Answer {
        /// What was run, masked.
        command: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// The folder of the project is not there.
    #[error("the project's folder {} does not exist", .folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}", .path.display())]
    File {
        /// What was tried: `read`, `copy`, ...
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl BuildError {
    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { hint, .. } => hint.clone(),
            Self::Unlocked { hint, .. } | Self::Declared { hint, .. } => Some(hint.clone()),
            Self::NotMade { found, .. } if found.is_empty() => Some(
                "no program was found there: `output` in [build] is the file that `command` makes".to_owned(),
            ),
            Self::NotMade { found, .. } => Some(format!("there is {}", found.join(", "))),
            Self::NoProgram { .. } => Some("name a package with `package main` and `func main`".to_owned()),
            Self::NoFolder { .. } => Some("the folder is relative to the configuration file".to_owned()),
            Self::Cancelled { .. } | Self::Answer { .. } | Self::File { .. } => None,
        }
    }

    /// The last lines that the failed command wrote.
    pub fn last_lines(&self) -> &[String] {
        match self {
            Self::Failed { last_lines, .. } => last_lines,
            _ => &[],
        }
    }
}
