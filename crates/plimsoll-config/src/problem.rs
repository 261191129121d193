//! A problem in the file, as data: what is wrong, where, what was found and what would help.
//!
//! Colour and layout for a terminal are the reader's matter; [`Problem::render`] gives plain text.

use std::fmt;
use std::ops::Range;

/// Whether the file can be used all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it probably does not say what was meant.
    Warning,
}

/// A place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the text that are meant.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line as it may be shown: control characters replaced, values of secrets masked, long lines cut.
    pub source_line: String,
    /// Characters of `source_line` to be marked, from 0.
    pub marker: Range<usize>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what was expected, one line.
    pub message: String,
    /// The file's name as the caller gave it.
    pub file: String,
    /// Where; absent where the problem is that something is not there at all.
    pub place: Option<Place>,
    /// What was found, to be shown beside the marker.
    pub label: Option<String>,
    /// What to do about it, each one line.
    pub help: Vec<String>,
}

impl Problem {
    pub(crate) fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.label = Some(text.into());
        self
    }

    pub(crate) fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help.push(text.into());
        self
    }

    /// Whether the file cannot be used because of this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

/// All problems of a file that cannot be used, in the order of the file; warnings are among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The problems; at least one is an error.
    pub problems: Vec<Problem>,
    /// How many more there are that are not listed.
    pub left_out: usize,
}

impl Problems {
    /// Number of errors listed.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.is_error()).count()
    }

    /// Number of warnings listed.
    pub fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl std::error::Error for Problems {}
