//! Where problems are collected while the file is read and resolved, so that one pass reports them all.

use std::ops::Range;

use crate::problem::{Problem, Problems, Severity};
use crate::source::Source;

/// Most problems that are listed; a file with more has one cause for many of them.
const MOST: usize = 50;

/// Collects problems and gives them their places.
pub(crate) struct Sink<'a> {
    pub(crate) source: &'a Source<'a>,
    problems: Vec<Problem>,
    left_out: usize,
    /// Takes the label and help of a problem that is left out.
    scratch: Problem,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(source: &'a Source<'a>) -> Self {
        let scratch = Problem {
            severity: Severity::Error,
            message: String::new(),
            file: String::new(),
            place: None,
            label: None,
            help: Vec::new(),
        };
        Self { source, problems: Vec::new(), left_out: 0, scratch }
    }

    /// Adds an error about some bytes of the file.
    pub(crate) fn error(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.push(Severity::Error, Some(span), message.into())
    }

    /// Adds a warning about some bytes of the file.
    pub(crate) fn warn(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.push(Severity::Warning, Some(span), message.into())
    }

    /// Adds an error about the file as a whole.
    pub(crate) fn error_in_file(&mut self, message: impl Into<String>) -> &mut Problem {
        self.push(Severity::Error, None, message.into())
    }

    /// Forgets what lies behind a byte, and what has no place: used where text behind it could not be read.
    pub(crate) fn keep_before(&mut self, offset: usize) {
        self.problems.retain(|p| p.place.as_ref().is_some_and(|place| place.span.start < offset));
    }

    fn push(&mut self, severity: Severity, span: Option<Range<usize>>, message: String) -> &mut Problem {
        let same = |p: &Problem| {
            p.message == message
                && p.place.as_ref().map(|place| place.span.start) == span.as_ref().map(|s| s.start)
        };
        // What `[run]` says is resolved once for each environment; it is wrong once.
        let known = self.problems.iter().any(same);
        let full = self.is_full();
        if known || full {
            self.left_out += usize::from(full && !known);
            self.scratch.help.clear();
            return &mut self.scratch;
        }
        self.problems.push(Problem {
            severity,
            message,
            file: self.source.file.to_owned(),
            place: span.map(|span| self.source.place(span)),
            label: None,
            help: Vec::new(),
        });
        self.problems.last_mut().expect("one was just added")
    }

    /// Whether further problems are only counted, so that working out help for them is a waste.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() == MOST
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }

    /// All problems in the order of the file; those about the whole file come first.
    pub(crate) fn into_problems(mut self) -> Problems {
        self.problems.sort_by_key(|p| (p.place.as_ref().map(|place| place.span.start), p.severity));
        Problems { problems: self.problems, left_out: self.left_out }
    }
}
